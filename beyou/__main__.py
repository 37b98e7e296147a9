"""The command line: `beyou COMMAND`, which is Django's command runner with our commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beyou.config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import ManagementUtility

    try:
        ManagementUtility(["beyou", *sys.argv[1:]]).execute()
    except ImproperlyConfigured as error:
        sys.exit(f"beyou: {error}")


if __name__ == "__main__":
    main()
