from django.urls import path

from beyou.messaging import views

app_name = "messaging"

urlpatterns = [
    path("chats", views.chats, name="chats"),
    path("chats/recent", views.recent, name="recent"),
    path("chats/<uuid:conversation_id>", views.thread, name="thread"),
    path("chats/<uuid:conversation_id>/send", views.send, name="send"),
    path("chats/<uuid:conversation_id>/read", views.read, name="read"),
    path("chats/with/<slug:handle>", views.start, name="start"),
]
