"""Each operation of the API says who may use it; those of staff and of account security never a token."""

from typing import Any

import orjson

from beyou.config.api import ROUTERS, operation_name, operations, schema
from beyou.config.authentication import AppAuthentication, SessionAuthentication, TokenAuthentication
from beyou.config.scopes import PUBLIC, SCOPE_OF, SESSION_ONLY
from beyou.users.scopes import Scope
from tests.architecture.routes import ROUTES, Access

_OPERATIONS = {operation_name(each): each for router in ROUTERS for each in operations(router)}


def test_every_operation_declares_its_scope() -> None:
    declared = [*SCOPE_OF, *SESSION_ONLY, *PUBLIC]
    assert len(declared) == len(set(declared)), "an operation stands in two places"
    assert sorted(set(_OPERATIONS) - set(declared)) == [], "declare these in beyou/config/scopes.py"
    assert sorted(set(declared) - set(_OPERATIONS)) == [], "these are declared and gone"


def test_every_scope_but_that_of_the_socket_opens_something() -> None:
    assert set(SCOPE_OF.values()) == set(Scope) - {Scope.CHAT}


def test_what_is_not_public_asks_for_a_token_or_a_session() -> None:
    for name, operation in _OPERATIONS.items():
        kinds = [type(callback) for callback in operation.auth_callbacks]
        assert kinds == (
            [] if name in PUBLIC else [TokenAuthentication, AppAuthentication, SessionAuthentication]
        ), name


def test_a_scope_that_only_reads_opens_no_operation_that_writes() -> None:
    for name, scope in SCOPE_OF.items():
        methods = set(_OPERATIONS[name].methods)
        assert (methods == {"GET"}) == scope.startswith("read:"), name


def test_no_token_reaches_staff_or_account_security() -> None:
    staff = {pattern for pattern, route in ROUTES.items() if route.access is Access.STAFF}
    for router in ROUTERS:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                name = operation_name(operation)
                is_staff = (
                    "api/v1" + path.replace("{uuid:", "{uuidstr:").replace("{", "<").replace("}", ">")
                    in staff
                )
                if SCOPE_OF.get(name) in (Scope.READ_PROFILE, Scope.WRITE_PROFILE):
                    assert path.startswith("/me"), name
                elif is_staff or name.startswith(("users.", "keys.", "console.", "verification.", "audit.")):
                    assert name not in SCOPE_OF


def _described() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(schema())
    return found


def test_openapi_names_the_scheme_and_the_scope_of_each_operation() -> None:
    described = _described()
    assert set(described["components"]["securitySchemes"]) == {"sessionCookie", "appSession", "bearerToken"}
    by_id = {
        operation["operationId"]: operation.get("security", [])
        for path in described["paths"].values()
        for operation in path.values()
    }
    assert {"sessionCookie": []} in by_id["beyou_users_api_get_me"]
    assert {"bearerToken": ["read:profile"]} in by_id["beyou_users_api_get_me"]
    assert not any("bearerToken" in each for each in by_id["beyou_users_api_list_tokens"])
    assert by_id["beyou_ledger_api_get_block"] == []


def test_no_two_bodies_of_the_api_share_a_name() -> None:
    """The description would show one of them in the place of both."""
    found: dict[str, set[type]] = {}
    for operation in _OPERATIONS.values():
        for model in operation.models:
            for field in model.model_fields.values():
                if isinstance(field.annotation, type):
                    found.setdefault(field.annotation.__name__, set()).add(field.annotation)
    assert {"ItemIn", "ReasonIn"} <= set(found)
    assert {name for name, types in found.items() if len(types) > 1 and name.endswith("In")} == set()
