"""What allauth's second factors ask us. Secrets of theirs are stored encrypted."""

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser

from beyou.core import keyring

_PLACE = {"table": "mfa_authenticator", "column": "data"}


class MfaAdapter(DefaultMFAAdapter):
    """allauth knows no row when it encrypts, so a secret is bound to its column alone."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(keyring.seal_field(text, row_id="", **_PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises `Undecryptable` when the stored secret was altered."""
        return keyring.open_field(base64.b64decode(encrypted_text), row_id="", **_PLACE)

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()
