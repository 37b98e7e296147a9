from django.apps import AppConfig


class BackroomConfig(AppConfig):
    name = "beyou.backroom"
