"""The smallest page that a signed-in member can get: session, member, a template with twenty rows.

`python -m bench.minimal serve --port PORT` is `beyou serve` with this one page instead of ours, under
Django's seven usual middleware classes: what the framework and the server cost without us.
"""

import os
import sys

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.urls import path

_TEMPLATE = Engine().from_string(
    "<!doctype html><title>{{ name }}</title><ul>"
    "{% for row in rows %}<li><a href='/{{ row }}'>{{ name }} {{ row }}</a></li>{% endfor %}</ul>"
)


def page(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    return HttpResponse(_TEMPLATE.render(Context({"name": request.user.name, "rows": range(20)})))


def healthy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("minimal", page), path("healthz/live", healthy)]


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "beyou.config.settings"
    # After the apps are set up: allauth refuses to start without its middleware.
    django.setup()
    settings.ROOT_URLCONF = "bench.minimal"
    settings.MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
    from django.core.management import ManagementUtility

    ManagementUtility(["beyou", *sys.argv[1:]]).execute()


if __name__ == "__main__":
    main()
