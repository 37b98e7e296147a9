"""Files arrive in memory and bounded; forms and JSON keep their own, smaller limit."""

import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import RequestFactory

MIB = 1024 * 1024


def post(**fields: object) -> HttpRequest:
    return RequestFactory().post("/x", fields)


def test_a_file_of_eight_mebibytes_arrives_whole() -> None:
    data = bytes(range(256)) * (8 * MIB // 256)
    file = post(picture=SimpleUploadedFile("a.jpg", data)).FILES["picture"]
    assert file.size == 8 * MIB
    assert file.read() == data


def test_of_a_larger_file_one_byte_more_is_kept_and_its_size_is_told() -> None:
    file = post(picture=SimpleUploadedFile("a.jpg", bytes(12 * MIB))).FILES["picture"]
    assert file.size == 12 * MIB
    assert len(file.read()) == 8 * MIB + 1


def test_no_upload_touches_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    request = post(picture=SimpleUploadedFile("a.jpg", bytes(7 * MIB)))
    assert request.FILES["picture"].read()
    assert list(tmp_path.iterdir()) == []


def test_form_fields_and_json_keep_their_limit() -> None:
    with pytest.raises(RequestDataTooBig):
        _ = post(text="x" * (2 * MIB + 1)).POST
    request = RequestFactory().generic("POST", "/x", b"x" * (2 * MIB + 1), content_type="application/json")
    with pytest.raises(RequestDataTooBig):
        _ = request.body


def test_fields_beside_a_file_still_count() -> None:
    with pytest.raises(RequestDataTooBig):
        _ = post(text="x" * (2 * MIB + 1), picture=BytesIO(b"x")).POST
