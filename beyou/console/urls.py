"""The staff pages, mounted below the secret prefix (BEYOU_STAFF_PREFIX)."""

from django.urls import include, path

from beyou.console import queue_views, recovery_views, views

app_name = "console"
urlpatterns = [
    path("", views.start, name="start"),
    path("queue", queue_views.queue, name="queue"),
    path("queue/decided", queue_views.decided, name="decided"),
    path("queue/renames/<uuid:rename_id>", queue_views.rename, name="rename"),
    path("queue/<uuid:request_id>", queue_views.review, name="review"),
    path("queue/<uuid:request_id>/document", queue_views.document, name="document"),
    path("queue/<uuid:request_id>/revoke", queue_views.revoke, name="revoke"),
    *(
        path(f"queue/<uuid:request_id>/{step}", queue_views.step, {"step": step}, name=step)
        for step in queue_views.STEPS
    ),
    path("staff", views.staff, name="staff"),
    path("staff/withdraw", views.withdraw, name="withdraw"),
    path("", include(recovery_views)),
    path("audit", views.audit, name="audit"),
    path("alerts", views.alerts, name="alerts"),
]
