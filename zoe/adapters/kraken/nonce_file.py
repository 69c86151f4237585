"""Nonces that strictly grow for a key across processes, threads and restarts.

One file a key, named by the key's fingerprint, holds the highest nonce that was ever given. It is
locked from taking a nonce until the request is answered, since the exchange compares nonces in the
order in which they arrive.
"""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zoe.domain.errors import ExchangeUnavailable

POLL_SECONDS: Final = 0.002
_LARGEST: Final = (1 << 64) - 1
_DIGITS: Final = 20


class NonceBusy(ExchangeUnavailable):
    """Another program holds the key's lock; nothing was sent."""


class NonceFile:
    """The nonces of one key.

    Args:
        directory: Made if it is missing; nobody else may read it.
    """

    def __init__(self, directory: Path, key: str) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fingerprint = hashlib.sha256(key.encode()).hexdigest()[:16]
        self.path = directory / f"nonce-{fingerprint}"

    @contextlib.contextmanager
    def taken(self, timeout_seconds: float) -> Iterator[int]:
        """A new nonce, higher than all before; the key is locked as long as this is open.

        Raises:
            NonceBusy: The lock did not come free in time.
        """
        # Opened each time: a lock belongs to an open file, so threads exclude each other too.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(descriptor, timeout_seconds)
            nonce = max(time.time_ns(), self._highest(descriptor) + 1)
            # Written before it is used, in one write of one length: never torn, never too low.
            os.pwrite(descriptor, f"{nonce:0{_DIGITS}d}\n".encode(), 0)
            yield nonce
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int, timeout_seconds: float) -> None:
        until = time.monotonic() + timeout_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() >= until:
                    raise NonceBusy("another program is using this key") from None
                time.sleep(POLL_SECONDS)
            else:
                return

    @staticmethod
    def _highest(descriptor: int) -> int:
        text = os.pread(descriptor, _DIGITS, 0)
        # A file that somebody damaged says nothing; time alone is nearly always enough.
        return min(int(text), _LARGEST - 1) if text.isdigit() else 0
