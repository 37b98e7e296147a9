"""The staff pages, mounted below the secret prefix (BEYOU_STAFF_PREFIX)."""

from django.urls import include, path

from beyou.console import (
    announcement_views,
    claim_views,
    figure_views,
    health_views,
    market_views,
    member_views,
    place_views,
    queue_views,
    recovery_views,
    sanction_views,
    views,
)

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
    path("claims", claim_views.claims, name="claims"),
    path("claims/settled", claim_views.settled, name="settled"),
    path("claims/<uuid:claim_id>", claim_views.case, name="claim-case"),
    path("claims/<uuid:claim_id>/hold", claim_views.hold, name="claim-hold"),
    path("claims/<uuid:claim_id>/release", claim_views.let_go, name="claim-release"),
    path("claims/<uuid:claim_id>/decide", claim_views.decide, name="claim-decide"),
    path("claims/<uuid:claim_id>/pictures/<uuid:evidence_id>", claim_views.picture, name="claim-picture"),
    path("members", member_views.members, name="members"),
    path("members/<uuid:member_id>", member_views.member, name="member"),
    path("members/<uuid:member_id>/show", member_views.show, name="show-member"),
    path("members/<uuid:member_id>/end-sessions", member_views.end_sessions, name="end-sessions"),
    path("members/<uuid:member_id>/sanction", sanction_views.sanction, name="sanction"),
    path("decisions", sanction_views.waiting, name="decisions"),
    path("decisions/<uuid:sanction_id>/lift", sanction_views.lift, name="lift"),
    path("decisions/<uuid:sanction_id>/second", sanction_views.second, name="second-sanction"),
    path("decisions/<uuid:sanction_id>/answer", sanction_views.answer, name="answer-appeal"),
    path("staff", views.staff, name="staff"),
    path("staff/withdraw", views.withdraw, name="withdraw"),
    path("", include(recovery_views)),
    path("items", market_views.items, name="items"),
    path("items/<uuid:item_id>", market_views.item, name="item"),
    path("items/<uuid:item_id>/suspend", market_views.suspend, name="suspend_item"),
    path("items/<uuid:item_id>/restore", market_views.restore, name="restore_item"),
    path("categories", market_views.categories, name="categories"),
    path("categories/<int:category_id>", market_views.category, name="category"),
    path("categories/<int:category_id>/place", market_views.place, name="place_category"),
    path("categories/<int:category_id>/retire", market_views.retire, name="retire_category"),
    path("figures", figure_views.figures, name="figures-start"),
    path("figures/<slug:slug>", figure_views.figures, name="figures"),
    path("figures/<slug:slug>.csv", figure_views.figures_file, name="figures-file"),
    path("", include(health_views)),
    path("", include(place_views)),
    path("", include(announcement_views)),
    path("audit", views.audit, name="audit"),
    path("alerts", views.alerts, name="alerts"),
]
