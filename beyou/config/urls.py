"""The map of the site. Each app keeps its own urls; this page only mounts them."""

from importlib.util import find_spec

from django.apps import apps
from django.conf import settings
from django.urls import include, path

from beyou.config.api import api, openapi

urlpatterns = [
    path("api/v1/openapi.json", openapi),
    path("api/v1/", api.urls),
    path("", include("beyou.config.pages")),
    # Nobody finds the staff pages by guessing; what stands at /admin/ is a decoy.
    path(f"{settings.STAFF_PREFIX}/", include("beyou.console.urls")),
]

for _app in (
    "core",
    "instance",
    "users",
    "keys",
    "verification",
    "blocks",
    "privacy",
    "notifications",
    "payments",
    "friends",
    "sandbox",
    "messaging",
    "marketplace",
    "offers",
    "orders",
    "disputes",
    "reviews",
    "analytics",
    "moderation",
    "reports",
    "health",
):
    if apps.is_installed(f"beyou.{_app}") and find_spec(f"beyou.{_app}.urls"):
        urlpatterns.append(path("", include(f"beyou.{_app}.urls")))

# Last, so that it can take no address from a page.
if settings.ADMIN_PATH:
    urlpatterns.append(path(f"{settings.ADMIN_PATH}/", include("beyou.backroom.urls")))

handler400 = "beyou.core.views.bad_request"
handler403 = "beyou.core.views.forbidden"
handler404 = "beyou.core.views.not_found"
handler500 = "beyou.core.views.server_error"
