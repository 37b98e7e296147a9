"""The primitives under our formats, against Wycheproof: what is valid opens, what is invalid is refused.

A change of library or of the system's OpenSSL is held to these as well. The browser runs the same files
(``frontend/test/wycheproof.test.ts``).
"""

import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from beyou.ledger.note import VerifierKey

FOLDER = Path(__file__).parent / "wycheproof"

Case = dict[str, Any]


def cases(name: str) -> Iterator[tuple[Case, Case]]:
    """Every group with each of its test cases."""
    for group in json.loads((FOLDER / f"{name}.json").read_text())["testGroups"]:
        for case in group["tests"]:
            yield group, case


def decide(name: str, accepts: Any) -> None:
    """Fails with every case decided otherwise than its result says; acceptable ones may go either way."""
    wrong, seen = [], {"valid": 0, "invalid": 0, "acceptable": 0}
    for group, case in cases(name):
        seen[case["result"]] += 1
        if case["result"] != "acceptable" and accepts(group, case) != (case["result"] == "valid"):
            wrong.append(f"{case['tcId']} {case['comment']} ({case['result']})")
    assert wrong == []
    assert seen["valid"] > 0


def raw(value: str) -> bytes:
    return bytes.fromhex(value)


def test_aes_gcm() -> None:
    def opens(_group: Case, case: Case) -> bool:
        try:
            sealed = raw(case["ct"]) + raw(case["tag"])
            return AESGCM(raw(case["key"])).decrypt(raw(case["iv"]), sealed, raw(case["aad"])) == raw(
                case["msg"]
            )
        except (InvalidTag, ValueError):
            return False

    decide("aes_gcm", opens)


def test_hkdf() -> None:
    def derives(_group: Case, case: Case) -> bool:
        try:
            kdf = HKDF(SHA256(), case["size"], raw(case["salt"]), raw(case["info"]))
            return kdf.derive(raw(case["ikm"])) == raw(case["okm"])
        except ValueError:
            return False

    decide("hkdf_sha256", derives)


def test_hmac() -> None:
    def matches(group: Case, case: Case) -> bool:
        tag = hmac.digest(raw(case["key"]), raw(case["msg"]), "sha256")
        return hmac.compare_digest(tag[: group["tagSize"] // 8], raw(case["tag"]))

    decide("hmac_sha256", matches)


def test_rsa_oaep() -> None:
    keys: dict[str, RSAPrivateKey] = {}

    def opens(group: Case, case: Case) -> bool:
        encoded = group["privateKeyPkcs8"]
        if encoded not in keys:
            loaded = load_der_private_key(raw(encoded), None)
            assert isinstance(loaded, RSAPrivateKey)
            keys[encoded] = loaded
        try:
            padding = OAEP(MGF1(SHA256()), SHA256(), raw(case["label"]))
            return keys[encoded].decrypt(raw(case["ct"]), padding) == raw(case["msg"])
        except ValueError:
            return False

    decide("rsa_oaep_3072_sha256_mgf1sha256", opens)


def test_rsa_pss() -> None:
    def holds(group: Case, case: Case) -> bool:
        key = load_der_public_key(raw(group["publicKeyDer"]))
        assert isinstance(key, RSAPublicKey)
        try:
            key.verify(raw(case["sig"]), raw(case["msg"]), PSS(MGF1(SHA256()), group["sLen"]), SHA256())
        except InvalidSignature:
            return False
        return True

    decide("rsa_pss_3072_sha256_mgf1_32", holds)


def test_ed25519_as_the_ledger_verifies_it() -> None:
    def holds(group: Case, case: Case) -> bool:
        return VerifierKey("example.org", raw(group["publicKey"])).accepts(raw(case["msg"]), raw(case["sig"]))

    decide("ed25519", holds)


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_every_file_has_cases(name: str) -> None:
    assert sum(1 for _ in cases(name)) >= 20
