"""Writes the reference pages that come from the code (`make docs`); a test keeps them true."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beyou.config.environment import Variable

HERE = Path(__file__).resolve().parent

_SETTINGS_HEAD = """# Settings

BeYou reads these variables from its environment. A name that begins with `BEYOU_` and is
not in this list stops the start, and so does a value that does not parse. Each may be given as `NAME_FILE`
instead: the path of a file whose contents are the value, for secrets.

A development instance (the default) makes its own secrets on first start, in `secrets.json` of the data
folder. Production refuses to start without real ones.

This page is written from `beyou/config/environment.py` and `beyou/instance/options.py` by `make docs`.

| Variable | Meaning | Default |
|---|---|---|
"""


_OPTIONS_HEAD = """
## What owners decide on the pages of the staff

The value on the page counts; the default holds until there is one. `BEYOU_FIXED_SETTINGS` takes the names
of those that owners cannot change. Percentages are in hundredths of a percent, amounts in the smallest unit
of the currency.

| Name | Page | Meaning | From | To | Default |
|---|---|---|---|---|---|
"""


def _settings() -> str:
    from beyou.config.environment import VARIABLES

    variables = "".join(
        f"| `{variable.name}` | {variable.meaning}{_range(variable)} | {_default(variable)} |\n"
        for variable in VARIABLES.values()
    )
    return _SETTINGS_HEAD + variables + _OPTIONS_HEAD + _options()


def _options() -> str:
    from beyou.config.environment import VARIABLES
    from beyou.instance.options import OPTIONS

    rows = []
    for option in OPTIONS.values():
        default = f"`{option.variable}`" if option.variable in VARIABLES else f"`{option.default}`"
        words = [f"`{key}`" for key, _ in option.words] or [f"{option.low}", f"{option.high}"]
        meaning = f"{option.label}. {option.meaning}"
        rows.append(
            f"| `{option.name}` | {option.section} | {meaning} | {words[0]} | {words[1]} | {default} |\n"
        )
    return "".join(rows)


def _range(variable: "Variable") -> str:
    if variable.choices:
        return f" One of {', '.join(f'`{choice}`' for choice in variable.choices)}."
    return f" From {variable.low} to {variable.high}." if variable.high else ""


def _default(variable: "Variable") -> str:
    if variable.is_secret and not variable.is_optional:
        return "required in production"
    return f"`{variable.default}`" if variable.default else ""


_ERRORS_HEAD = """# Error codes

Whatever cannot be done is answered with a code that never changes its meaning: in the `code` of a problem
document (RFC 9457, `application/problem+json`) from the API, in the `problem` of a refused frame on the
socket, and on an error page for people. Some add fields of their own, such as `retry_after` in seconds.

This page is written from the subclasses of `ApplicationError` by `make docs`.

| Code | Status | Title |
|---|---:|---|
"""


def _errors() -> str:
    import beyou
    from beyou.core.errors import ApplicationError

    # A class exists only once its module is imported; what others imported before must not matter.
    for module in walk_packages(beyou.__path__, "beyou."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    found, waiting = set(), [ApplicationError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not ApplicationError and kind.__module__.startswith("beyou."):
            found.add((kind.code, kind.status, kind.title))
    return _ERRORS_HEAD + "".join(
        f"| `{code}` | {status} | {title} |\n" for code, status, title in sorted(found)
    )


def _openapi() -> str:
    from beyou.config.api import schema

    return schema().decode() + "\n"


#: Path → what writes it.
PAGES: dict[Path, Callable[[], str]] = {
    HERE / "reference" / "settings.md": _settings,
    HERE / "reference" / "errors.md": _errors,
    HERE / "reference" / "openapi.json": _openapi,
}


def main() -> None:
    os.environ["BEYOU_MODE"] = "test"
    os.environ["DJANGO_SETTINGS_MODULE"] = "beyou.config.settings"
    import django

    django.setup()
    for path, write in PAGES.items():
        path.write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
