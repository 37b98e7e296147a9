"""Addresses of claims."""

from django.urls import path

from beyou.disputes import views

app_name = "disputes"
urlpatterns = [
    path("orders/parts/<slug:number>/claim", views.new, name="new"),
    path("claims", views.claims, name="claims"),
    path("claims/<uuid:claim_id>", views.claim, name="claim"),
    path("claims/<uuid:claim_id>/messages", views.messages, name="messages"),
    path("claims/<uuid:claim_id>/pictures/<uuid:evidence_id>", views.picture, name="picture"),
    *(path(f"claims/<uuid:claim_id>/{step}", views.step, {"step": step}, name=step) for step in views.STEPS),
]
