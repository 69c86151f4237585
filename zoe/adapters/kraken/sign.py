"""The key pair and the signature of private REST requests (facts sheet, section 1.2)."""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final

import attrs

from zoe.domain.errors import ConfigError

#: What a header may hold; the exchange writes 56 letters, digits and signs.
_KEY: Final = re.compile(r"[!-~]{0,1000}")


@attrs.frozen
class KeyPair:
    """An API key; the secret is in no repr.

    Raises:
        ConfigError: The key can be in no header, or the secret is not base64; neither is repeated in
            the error.
    """

    key: str
    secret: str = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ConfigError(
                "the API key is none: it has letters that no key has, or far too many"
            )
        try:
            base64.b64decode(self.secret, validate=True)
        except (binascii.Error, ValueError):
            # The original error would carry the secret in its traceback's locals.
            raise ConfigError("the API secret is not base64") from None

    def sign(self, path: str, nonce: str, body: str) -> str:
        """The API-Sign header: base64 of HMAC-SHA512 over path and SHA-256 of nonce and body.

        Args:
            path: Beginning at ``/0/private/``.
            body: Exactly the text that is sent.
        """
        digest = hashlib.sha256((nonce + body).encode()).digest()
        secret = base64.b64decode(self.secret)
        mac = hmac.digest(secret, path.encode() + digest, "sha512")
        return base64.b64encode(mac).decode()
