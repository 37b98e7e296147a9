from django.apps import AppConfig


class FriendsConfig(AppConfig):
    name = "beyou.friends"
