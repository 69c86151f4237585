"""TurnLog: the turns of a simulation in their order, for its digest and for whoever asks for causes.

A turn costs little here: it adds its values to one flat list, and some thousand turns at a time are
made into columns.
"""

import hashlib
from array import array
from collections.abc import Callable
from typing import Any, Final, TypeAlias

#: Of so many turns the columns are made in one go: cheaper than one by one, and what the list
#: keeps alive until then is memory that is used again.
TURNS_AT_ONCE: Final = 2_000
#: When it began, the message's id, that of its root, that of its cause; whose turn, and of what.
VALUES: Final = 6
NO_CAUSE: Final = -1

Column: TypeAlias = "array[int]"
#: Is told the ids of messages, of their roots, and of their causes (``NO_CAUSE`` at a root).
Listener = Callable[[Column, Column, Column], None]


class TurnLog:
    """What has been handled by whom.

    Attributes:
        fresh: ``VALUES`` of each turn that the digest lacks yet; whoever adds to it sees that it
            is sealed when it is ``full`` long. Not envelopes: they could not be used again.
        listener: Is told the ids of all turns, many at a time.
    """

    full: Final = VALUES * TURNS_AT_ONCE

    def __init__(self) -> None:
        self.fresh: list[Any] = []
        self.listener: Listener | None = None
        self._sealed = 0
        self._hash = hashlib.sha256()

    def __len__(self) -> int:
        """How many turns there have been."""
        return self._sealed + len(self.fresh) // VALUES

    def seal(self) -> None:
        """Takes the turns that have come together into the digest, and tells the listener."""
        self._sealed = len(self)
        times, numbers, roots, causes, names, kinds = (
            self.fresh[place::VALUES] for place in range(VALUES)
        )
        self.fresh.clear()
        when, ids, origins = array("q", times), array("q", numbers), array("q", roots)
        parents = array("q", [NO_CAUSE if cause is None else cause for cause in causes])
        for column in (when, ids, origins, parents):
            self._hash.update(column)
        self._hash.update(" ".join(names).encode())
        self._hash.update(" ".join(kinds).encode())
        if self.listener is not None:
            self.listener(ids, origins, parents)

    def digest(self) -> str:
        """SHA-256 of the turns: when, whose, of what type, and the message's ids.

        Contents are left out, since printing them would cost half of a simulation: what actors
        make of them shows in what they send, and in the store's rows and the wire's bytes.
        """
        self.seal()
        return self._hash.hexdigest()
