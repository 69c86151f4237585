"""Ids in Kraken's form that never repeat, also not after a restart."""

from collections import Counter
from hashlib import blake2b
from typing import Final

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#: Of each byte, the letter of its lower five bits.
_LETTER_OF_BYTE: Final = _LETTERS * (256 // len(_LETTERS))


class Ids:
    """The n-th id of a kind is a digest of the seed, the kind and n.

    Every id handed out stands in the journal, so a restart knows n by counting (``used``).
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._begun = blake2b(f"{seed} ".encode(), digest_size=16)
        self._used: Counter[str] = Counter()

    def new(self, kind: str) -> str:
        """An id such as ``OABCDE-FGHIJ-KLMNOP``; kind is ``O`` order, ``T`` trade, ``L`` ledger."""
        number = self._used[kind] = self._used[kind] + 1
        digest = self._begun.copy()
        digest.update(f"{kind}{number}".encode())
        letters = digest.digest().translate(_LETTER_OF_BYTE).decode()
        return f"{kind}{letters[:5]}-{letters[5:10]}-{letters[10:]}"

    def used(self, kind: str) -> None:
        """One of the kind was handed out before the restart."""
        self._used[kind] += 1

    def digest(self, *of: object, size: int = 16) -> bytes:
        """Bytes that depend on the seed and what is given, and look random."""
        return blake2b(repr((self._seed, *of)).encode(), digest_size=size).digest()
