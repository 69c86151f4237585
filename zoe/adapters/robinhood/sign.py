"""The credentials and the signature of each request (facts sheet, sections 1.2 and 1.3)."""

import base64
import binascii
import re
from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zoe.domain.errors import ConfigError

#: What a header may hold.
_KEY: Final = re.compile(r"[!-~]{1,1000}")
_SEED_BYTES: Final = 32
#: As other libraries write a private key: the seed, then the public key.
_PAIR_BYTES: Final = 64


@attrs.frozen(init=False)
class Credentials:
    """An API key and the private key whose public half was uploaded for it; no repr has either.

    Args:
        seed: Base64 of the 32 bytes of an Ed25519 seed, or of the 64 of seed and public key.

    Raises:
        ConfigError: The key can be in no header, or the seed is none; neither is repeated in the error.
    """

    api_key: str = attrs.field(repr=False)
    _private: Ed25519PrivateKey = attrs.field(repr=False, eq=False)

    def __init__(self, api_key: str, seed: str) -> None:
        if not _KEY.fullmatch(api_key):
            raise ConfigError(
                "the Robinhood API key is none: it is empty, or has letters that no key has"
            )
        self.__attrs_init__(api_key, _private_key(seed))

    def headers(
        self, timestamp: int, method: str, target: str, body: str
    ) -> tuple[tuple[str, str], ...]:
        """The three headers of a request.

        Args:
            timestamp: Unix seconds; the exchange takes it for 30 s.
            target: Path and query exactly as they are sent.
            body: Exactly the text that is sent, empty where there is none.
        """
        text = f"{self.api_key}{timestamp}{target}{method}{body}"
        signature = base64.b64encode(self._private.sign(text.encode())).decode()
        return (
            ("x-api-key", self.api_key),
            ("x-timestamp", str(timestamp)),
            ("x-signature", signature),
        )


def _private_key(seed: str) -> Ed25519PrivateKey:
    try:
        raw = base64.b64decode(seed, validate=True)
    except (binascii.Error, ValueError):
        # The original error would carry the seed in its traceback's locals.
        raise ConfigError("the Robinhood private key is not base64") from None
    if len(raw) not in (_SEED_BYTES, _PAIR_BYTES):
        raise ConfigError(f"the Robinhood private key has {len(raw)} bytes, not 32 (a seed) or 64")
    found = Ed25519PrivateKey.from_private_bytes(raw[:_SEED_BYTES])
    if len(raw) == _PAIR_BYTES and found.public_key().public_bytes_raw() != raw[_SEED_BYTES:]:
        raise ConfigError("the Robinhood private key's two halves do not belong together")
    return found
