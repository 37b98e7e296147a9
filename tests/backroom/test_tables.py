"""Every table can be asked by every engine, whatever its key is."""

from uuid import uuid4

import pytest

from beyou.audit.models import AuditRecord
from beyou.backroom.site import row_address, site, table_address
from tests.factories.members import client_of, staff

pytestmark = pytest.mark.django_db


def test_every_table_opens_and_misses_rows_that_it_does_not_have() -> None:
    owner = staff()
    client = client_of(owner)
    assert client.get(row_address(type(owner), owner.pk)).status_code == 200
    for model in site._registry:
        assert client.get(table_address(model)).status_code == 200, model
    for model in {type(model._meta.pk): model for model in site._registry}.values():
        for key in (uuid4(), "9" * 400, "-1", "🦆", "x'); --"):
            assert client.get(row_address(model, key)).status_code == 404, f"{model} {key}"
    looked = AuditRecord.objects.filter(act__startswith="backroom.")
    assert looked.count() == len(site._registry) + 1
