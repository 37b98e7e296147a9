"""Down is a call, up is an event, sideways is nothing. Ranks and pure rules are checked by `lint-imports`."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import grimp
import pytest
from django.apps import apps
from django.db import models

from tests.architecture.table import ALSO_PUBLIC, MAY_CALL, MAY_HEAR, PACKAGE, PUBLIC


@lru_cache(maxsize=1)
def _imports_between_apps() -> list[tuple[str, str]]:
    """Every (importer, imported) pair of modules of different apps, imports inside functions included."""
    graph = grimp.build_graph("beyou", exclude_type_checking_imports=True, cache_dir=None)
    pairs = [
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    ]
    return sorted(pair for pair in pairs if len({_app(name) for name in pair} - {None}) == 2)


def _app(module: str) -> str | None:
    """The app of a module; `beyou` itself and the command line belong to none."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "__main__" else None


def _sources(pattern: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.glob(pattern)):
        yield path.relative_to(PACKAGE), ast.parse(path.read_text(encoding="utf-8"))


def test_every_app_stands_in_the_table() -> None:
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found == set(MAY_CALL)


def test_the_table_has_no_cycle() -> None:
    ranks = list(MAY_CALL)
    for app, callees in MAY_CALL.items():
        assert all(ranks.index(callee) < ranks.index(app) for callee in callees)


def test_apps_import_only_whom_the_table_allows() -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in _imports_between_apps()
        if not _may_import(str(_app(importer)), imported)
    ]
    assert wrong == []


def _may_import(app: str, module: str) -> bool:
    target = str(_app(module))
    hears = target in MAY_HEAR.get(app, ()) and module == f"beyou.{target}.events"
    return hears or target in MAY_CALL[app] | {"core"}


def test_apps_import_only_public_modules_of_others() -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in _imports_between_apps()
        if _app(importer) != "config" and _app(imported) != "core"
        and imported.split(".")[2:3] and imported.split(".")[2] not in _public(str(_app(imported)))
    ]  # fmt: skip
    assert wrong == []


def _public(app: str) -> frozenset[str]:
    return PUBLIC | ALSO_PUBLIC.get(app, frozenset())


@pytest.mark.parametrize("banned", ["django.db.models.signals", "django.dispatch", "django.core.signals"])
def test_no_app_uses_django_signals(banned: str) -> None:
    package, _, name = banned.rpartition(".")
    wrong = []
    for path, tree in _sources("**/*.py"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)] + [
                    name for alias in node.names if node.module == package and alias.name == name
                ]
                names = [banned if found == name else found for found in names]
            else:
                continue
            if any(found == banned or found.startswith(banned + ".") for found in names):
                wrong.append(f"{path}:{node.lineno}")
    assert wrong == []


def _relations() -> Iterator[tuple[type[models.Model], models.Field, str]]:
    for model in apps.get_models():
        if not model.__module__.startswith("beyou."):
            continue
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            if field.is_relation and field.related_model is not None:
                target = field.related_model
                assert not isinstance(target, str)
                yield model, field, target._meta.app_label


def test_foreign_keys_point_down_the_table() -> None:
    ours = {model._meta.app_label for model in apps.get_models() if model.__module__.startswith("beyou.")}
    wrong = [
        f"{model.__name__}.{field.name} points at {target}"
        for model, field, target in _relations()
        if target in ours and target not in MAY_CALL[model._meta.app_label] | {model._meta.app_label, "core"}
    ]
    assert wrong == []


def test_foreign_keys_are_named_by_strings() -> None:
    """A string needs no import, so a model file can never pull in the app that it points at."""
    wrong = []
    for path, tree in _sources("*/models.py"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in ("ForeignKey", "OneToOneField", "ManyToManyField"):
                target = node.args[0] if node.args else next(k.value for k in node.keywords if k.arg == "to")
                if not (isinstance(target, ast.Constant) and isinstance(target.value, str)):
                    wrong.append(f"{path}:{node.lineno}")
    assert wrong == []


def test_models_are_inert() -> None:
    """A model that acts when it is saved hides a write from the service that should own it."""
    wrong = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in _sources("*/models.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in ("save", "delete", "full_clean", "clean")
    ]
    assert wrong == []


def test_faces_leave_rows_to_queries_and_services() -> None:
    """Views, API, frames, forms and commands never ask the ORM themselves."""
    faces = ("views", "api", "frames", "forms", "reactions", "context", "middleware")
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in _sources("*/*.py")
        if path.stem in faces
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "objects"
    ]
    assert wrong == []
