from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "beyou.users"
