"""How long the fate of orders and amends was unknown, read from the journal's rows."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import attrs
import msgspec

#: Kinds that begin a doubt, and the kinds that end it; None: whatever leaves the state.
_ORDER: Final = frozenset({"order.in_doubt", "order.in_doubt_after_restart"})
_AMEND: Final = "order.amend_in_doubt"
_AMEND_ENDS: Final = frozenset({"order.amended", "order.amend_refused", "order.amend_absent"})
_MS: Final = 1_000_000
#: A call is given up after ten seconds, and then it may be five until the next.
_FAULT_NS: Final = 15_000_000_000
#: From when until when, in nanoseconds.
Spans = Sequence[tuple[int, int]]


@attrs.frozen
class Doubt:
    """A fate that was unknown for a while.

    Attributes:
        held: Whether the counter of REST calls kept the desk from looking meanwhile.
        away_ms: For how much of it the exchange was in maintenance and answered no look.
        faulted: Whether a look met a planted fault meanwhile.
        clock_set: Whether the machine's clock was set meanwhile, so that a desk that starts then does
            not know how old the doubt is.
    """

    milliseconds: int
    held: bool
    away_ms: int = 0
    faulted: bool = False
    clock_set: bool = False

    @property
    def name(self) -> str:
        """What kept it from being settled, if not the desk; empty where nothing did."""
        return ", ".join(
            (
                *("exchange away",) * bool(self.away_ms),
                *("rest counter full",) * self.held,
                *("looks faulted",) * self.faulted,
                *("clock set",) * self.clock_set,
            )
        )


def doubts(
    rows: Iterable[tuple[Any, ...]],
    held: Spans,
    away: Spans,
    faulted: Iterable[int] = (),
    clock_set: Collection[int] = (),
) -> list[Doubt]:
    """The doubts that were settled.

    Args:
        held: When calls were held back (wall time), which may overlap.
        away: When the exchange was in maintenance, which may not.
        faulted: When looks were sent that met a fault.
        clock_set: When the machine's clock was set.
    """
    spoiled = [(at_ns, at_ns + _FAULT_NS) for at_ns in faulted]
    return [
        Doubt(
            (end - begin) // _MS,
            _shared(held, begin, end) > 0,
            _shared(away, begin, end) // _MS,
            _shared(spoiled, begin, end) > 0,
            any(begin <= at_ns <= end for at_ns in clock_set),
        )
        for begin, end in _spans(rows)
    ]


def _shared(spans: Spans, begin: int, end: int) -> int:
    """How long the spans are within another one."""
    return sum(max(min(end, last) - max(begin, first), 0) for first, last in spans)


def _spans(rows: Iterable[tuple[Any, ...]]) -> list[tuple[int, int]]:
    """When each doubt began and ended, in the order of their ends.

    Args:
        rows: (seq, stream, version, kind, at_ns, message_id, body as JSON text), oldest first.
    """
    orders: dict[str, int] = {}
    amends: dict[str, int] = {}
    found: list[tuple[int, int]] = []
    for _, stream, _, kind, at_ns, _, body in rows:
        if not stream.startswith("order/"):
            continue
        if kind in _ORDER:
            orders.setdefault(stream, at_ns)
        elif kind == _AMEND:
            amends.setdefault(stream, at_ns)
        if stream not in orders and stream not in amends:
            continue
        state = msgspec.json.decode(body)["state"]
        if stream in orders and state != "IN_DOUBT":
            found.append((orders.pop(stream), at_ns))
        if stream in amends and (kind in _AMEND_ENDS or state != "WORKING"):
            found.append((amends.pop(stream), at_ns))
    return found


def percentile(values: list[int], percent: int) -> int:
    """The smallest value that so many of a hundred are not above; 0 of none."""
    ranked = sorted(values)
    return ranked[max(-(-len(ranked) * percent // 100) - 1, 0)] if ranked else 0
