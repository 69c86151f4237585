"""The life of one amend: at most one at a time, and never repeated while its fate is unknown.

Part of a working order (orders.md, section 6). ``Change.quantity`` is the order's total, not its
rest. What the exchange reports of an order's terms settles an amend, whoever made it.
"""

import enum
from typing import Final

import attrs

from zoe.domain.errors import IllegalCommand, UnexpectedFact
from zoe.domain.quantity import Price, Quantity
from zoe.domain.quick import quick


class Progress(enum.Enum):
    """How far an amend has come."""

    NONE = "none"
    IN_FLIGHT = "in_flight"
    IN_DOUBT = "in_doubt"


class Turn(enum.Enum):
    """What can happen to an amend; the first is a command, the rest are facts."""

    WANTED = "wanted"
    APPLIED = "applied"
    MADE_ELSEWHERE = "made_elsewhere"
    REFUSED = "refused"
    LOST = "lost"
    ABSENT = "absent"


_P, _T = Progress, Turn
NEXT: Final[dict[tuple[Progress, Turn], Progress]] = {
    (_P.NONE, _T.WANTED): _P.IN_FLIGHT,
    (_P.NONE, _T.MADE_ELSEWHERE): _P.NONE,
    (_P.IN_FLIGHT, _T.APPLIED): _P.NONE,  # by its answer or by the stream, whichever is first
    (_P.IN_FLIGHT, _T.MADE_ELSEWHERE): _P.IN_FLIGHT,  # somebody else's: ours is still under way
    (_P.IN_FLIGHT, _T.REFUSED): _P.NONE,
    (_P.IN_FLIGHT, _T.LOST): _P.IN_DOUBT,
    (_P.IN_DOUBT, _T.APPLIED): _P.NONE,
    (_P.IN_DOUBT, _T.MADE_ELSEWHERE): _P.IN_DOUBT,
    (_P.IN_DOUBT, _T.REFUSED): _P.NONE,  # the answer came late
    (_P.IN_DOUBT, _T.ABSENT): _P.NONE,  # two looks agree that it was never applied
}
#: Late news about an amend that is settled, or that is in doubt already.
STALE: Final = frozenset(
    {
        (_P.NONE, _T.REFUSED),
        (_P.NONE, _T.LOST),
        (_P.NONE, _T.ABSENT),
        (_P.IN_FLIGHT, _T.ABSENT),  # the one before it
        (_P.IN_DOUBT, _T.LOST),
    }
)


@attrs.frozen(weakref_slot=False)
class Terms:
    """What an amend may change of an order: its total quantity, and its limit price if it has one."""

    quantity: Quantity
    limit_price: Price | None

    def __str__(self) -> str:
        return f"{self.quantity} @ {'market' if self.limit_price is None else self.limit_price}"


#: Its constructor for where an order is on its way.
quick_terms: Final = quick(Terms)


@attrs.frozen
class Amend:
    """An amend whose fate is not known.

    Attributes:
        number: Counts the order's amends, so that a late answer is not taken for another's.
        not_after_ns: Our deadline (wall time): the exchange does not apply it later.
    """

    terms: Terms
    number: int
    not_after_ns: int
    progress: Progress = Progress.IN_FLIGHT

    def __attrs_post_init__(self) -> None:
        if self.progress is Progress.NONE:
            raise ValueError("an amend that is settled is none")


def progress_of(amend: Amend | None) -> Progress:
    """How far an order's amend has come."""
    return Progress.NONE if amend is None else amend.progress


def wanted(pending: Amend | None, amend: Amend) -> Amend:
    """The amend as it leaves.

    Raises:
        IllegalCommand: Another one's fate is not known yet.
    """
    where = (progress_of(pending), Turn.WANTED)
    if where not in NEXT:
        raise IllegalCommand(f"an amend while another is {where[0].value}")
    return attrs.evolve(amend, progress=NEXT[where])


def seen(pending: Amend | None, terms: Terms) -> Turn:
    """What a report of these new terms says about the amend."""
    ours = pending is not None and pending.terms == terms
    return Turn.APPLIED if ours else Turn.MADE_ELSEWHERE


def after(pending: Amend | None, turn: Turn) -> Amend | None:
    """The amend after a fact; None once it is settled.

    Raises:
        UnexpectedFact: The fact contradicts what is known.
    """
    where = (progress_of(pending), turn)
    if where in STALE:
        return pending
    following = NEXT.get(where)
    if following is None or turn is Turn.WANTED:
        raise UnexpectedFact(f"amend {turn.value} while {where[0].value}")
    if following is Progress.NONE or pending is None:
        return None
    return attrs.evolve(pending, progress=following)
