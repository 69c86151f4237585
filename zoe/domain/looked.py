"""How far the exchange's lists were read, as a journal row and back."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from zoe.domain.order_record import canonical

#: Nothing was read yet: whatever comes from here on will be.
BEGAN: Final = "reconciler.began"
LOOKED: Final = "reconciler.looked"


@attrs.frozen
class Looked:
    """What the Reconciler goes on from after a restart.

    Attributes:
        from_ns: From when on trades must be read again; None where nobody knows (wall time).
        until_ns: Until when all that happened is known; None where nobody knows (wall time).
        doubts: Orders whose fate was unknown.
        missed: By intent: when the look began that has missed an order in doubt once.
        offset_ns: Of the exchange's clock from the wall time of this row, and ``bound_ns`` how wrong
            that may be; None where it was not measured. A clock that is set is known by it.
        epoch_ns: Wall time when the machine's monotonic clock stood at 0, by its wall clock as it was at
            this row: the same as long as the machine goes on and nobody sets its clock. None in rows
            of before.
    """

    from_ns: int | None
    until_ns: int | None
    doubts: int = 0
    missed: Mapping[str, int] = attrs.field(factory=dict)
    offset_ns: int | None = None
    bound_ns: int | None = None
    epoch_ns: int | None = None

    def body(self) -> str:
        """The body of its journal row."""
        return canonical(
            {
                "from_ns": _text(self.from_ns),
                "until_ns": _text(self.until_ns),
                "doubts": self.doubts,
                "missed": {name: str(at_ns) for name, at_ns in self.missed.items()},
                "offset_ns": _text(self.offset_ns),
                "bound_ns": _text(self.bound_ns),
                "epoch_ns": _text(self.epoch_ns),
            }
        )


def looked_of(body: Mapping[str, Any]) -> Looked:
    """The Looked that a journal row holds."""
    missed = {name: int(at_ns) for name, at_ns in body.get("missed", {}).items()}
    from_ns, until_ns = _number(body.get("from_ns")), _number(body["until_ns"])
    clock = [_number(body.get(name)) for name in ("offset_ns", "bound_ns", "epoch_ns")]
    return Looked(from_ns, until_ns, body.get("doubts", 0), missed, *clock)


def _text(at_ns: int | None) -> str | None:
    return None if at_ns is None else str(at_ns)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
