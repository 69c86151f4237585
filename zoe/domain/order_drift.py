"""Our orders and fills against the exchange's lists and its stream: what the stream did not tell in
time, what others did with the account, and what the lists show otherwise than we know it.

A part of the Reconciler, which owns it. Every fact is taken as soon as it is known, from wherever it
came: what is found here is why it was not known before.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Final

import attrs

from zoe.domain.difference import (
    EXTERNAL,
    LAG,
    MISSED,
    OPEN,
    SETTLED,
    UNKNOWN,
    WAITING,
    Difference,
    seconds,
)
from zoe.domain.late_news import LateNews
from zoe.domain.order import (
    CONCLUDED,
    TERMINAL,
    CancelProgress,
    Fact,
    Fill,
    Input,
    Intent,
    Order,
    State,
    TimeInForce,
)
from zoe.domain.quantity import plain
from zoe.domain.sighting import Sighting

#: Answers about orders may be older than what we know by so many lags.
_MOMENT_LAGS: Final = 4
MOST_ENDED: Final = 2_000
_ENDS: Final = frozenset({Input.COMPLETED, Input.CANCELED, Input.EXPIRED})
_OPEN_STATES: Final = frozenset({State.PENDING, State.WORKING})
#: Facts that our own requests' answers tell.
_ANSWERS: Final = frozenset({Input.ACKNOWLEDGED, Input.REFUSED, Input.NOT_SENT})
_FROM_LISTS: Final = "taken from the exchange's lists"


@attrs.frozen
class Listed:
    """What a whole look has shown.

    Attributes:
        began_ns: Our wall time.
        open: The exchange's ids of orders that it lists as open.
        missing: Our live orders that are in none of its lists.
        unfilled: Our orders of which it reported more than the fills it told.
    """

    began_ns: int
    open: frozenset[str]
    missing: tuple[Order, ...]
    unfilled: tuple[Order, ...]


@attrs.define
class _Known:
    """An order, and since when it is open, in doubt, and short of fills."""

    order: Order
    since_ns: int
    doubtful_ns: int | None = None
    short_ns: int | None = None


@attrs.define
class _Stand:
    since_ns: int
    difference: Difference


class OrderDrift:
    """What is known of every live order, and the differences that stand."""

    def __init__(self, lag_ns: int) -> None:
        self._patience_ns = 2 * lag_ns
        self._moment_ns = _MOMENT_LAGS * lag_ns
        self._late = LateNews(self._patience_ns)
        self._known: dict[str, _Known] = {}
        #: When orders ended, by the exchange's ids.
        self._ended: OrderedDict[str, tuple[int, State]] = OrderedDict()
        self._standing: dict[str, _Stand] = {}
        #: Subjects of what the newest look shows too soon after we began to know it: our own
        #: predecessor may have told of them.
        self._young: frozenset[str] = frozenset()

    @property
    def waits(self) -> bool:
        """Whether something waits for the stream."""
        return bool(self._late)

    @property
    def standing(self) -> frozenset[str]:
        """The subjects of differences that people may have been told of, and that are not settled."""
        return self._young.union(self._standing)

    def told(self, sighting: Sighting, now_ns: int) -> list[Difference]:
        """The stream tells of an order, as it happens."""
        found = []
        for fact in sighting.facts:
            for key in _keys(sighting.order_id, fact):
                late = self._late.told(key, now_ns)
                found += [] if late is None else [late]
        return found

    def due(self, now_ns: int) -> list[Difference]:
        """What the stream has not told in its time."""
        return self._late.due(now_ns)

    def changed(self, order: Order, fact: Fact | None, now_ns: int) -> list[Difference]:
        """An order has changed, or is told of as it is (without a fact)."""
        name = order.intent.intent_id
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = _Known(order, now_ns)
            found = self._new(order)
        else:
            found = self._step(known, order, fact, now_ns)
        if order.state is State.IN_DOUBT and known.doubtful_ns is None:
            known.doubtful_ns = now_ns
        if order.state in _OPEN_STATES and known.order.state not in _OPEN_STATES:
            known.since_ns = now_ns
        short_ns = now_ns if known.short_ns is None else known.short_ns
        known.short_ns = short_ns if order.fills_missing else None
        known.order = order
        if order.state in TERMINAL and order.order_id is not None:
            self._end(order.order_id, order.state, now_ns)
        if order.settled:
            del self._known[name]
        return found

    def _end(self, order_id: str, state: State, now_ns: int) -> None:
        self._ended.setdefault(order_id, (now_ns, state))
        if len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def _new(self, order: Order) -> list[Difference]:
        """What others did, as far as it is known; what was listed before is not listed again."""
        if order.is_ours:
            return []
        adopted = _happened(_order(order), EXTERNAL, "-", _words(order.intent), "adopted")
        return [adopted, *(_trade(fill) for fill in order.fills)]

    def _step(
        self, known: _Known, order: Order, fact: Fact | None, now_ns: int
    ) -> list[Difference]:
        before = known.order
        if fact is not None and fact.input is Input.VANISHED:
            self._standing.pop(_order(order), None)
            how = "taken as gone, with what was left of it"
            return [_happened(_order(order), UNKNOWN, before.state.value, "an unknown order", how)]
        fills = [fill for fill in order.fills if fill not in before.fills]
        if not order.is_ours:
            return [_trade(fill) for fill in fills]
        for fill in fills:
            news = _happened(_fill(fill), MISSED, "-", _fill_words(fill), _FROM_LISTS)
            self._late.learned(("fill", fill.exec_id), news, now_ns)
        if fact is None:
            return []
        if order.state in TERMINAL and before.state not in TERMINAL and order.order_id is not None:
            ours, theirs = before.state.value, order.state.value
            news = _happened(_order(order), MISSED, ours, theirs, _FROM_LISTS)
            self._late.learned(("end", order.order_id), news, now_ns)
        found = _by_others(before, order)
        if known.doubtful_ns is not None and order.state is not State.IN_DOUBT:
            spent = seconds(now_ns - known.doubtful_ns)
            known.doubtful_ns = None
            found += self._doubt_settled(order, fact, spent, now_ns)
        return found

    def _doubt_settled(self, order: Order, fact: Fact, spent: str, now_ns: int) -> list[Difference]:
        ours, theirs = State.IN_DOUBT.value, order.state.value
        if fact.input in _ANSWERS:
            how = f"the answer came after {spent}"
            return [_happened(_order(order), LAG, ours, theirs, how)]
        if order.state in CONCLUDED - TERMINAL or order.order_id is None:
            how = f"two looks agree after {spent}: never placed"
            return [_happened(_order(order), MISSED, ours, "in no list", how)]
        if any(self._late.knows(key) for key in _keys(order.order_id, fact)):
            how = f"the stream told it after {spent}"
            return [_happened(_order(order), LAG, ours, theirs, how)]
        news = _happened(_order(order), MISSED, ours, theirs, f"found by a look after {spent}")
        self._late.learned(("live", order.order_id), news, now_ns)
        return []

    def looked(self, shown: Listed, now_ns: int) -> list[Difference]:
        """What the lists of a whole look show otherwise than we know it."""
        seen = (*self._unlisted(shown), *self._still_open(shown), *self._unfilled(shown))
        now = {difference.subject: difference for difference, is_old in seen if is_old}
        self._young = frozenset(d.subject for d, is_old in seen if not is_old)
        found = []
        for subject in self._standing.keys() - now.keys():
            stand = self._standing.pop(subject)
            spent = f"settled by itself after {seconds(now_ns - stand.since_ns)}"
            found.append(attrs.evolve(stand.difference, status=SETTLED, cause=LAG, repair=spent))
        for subject, difference in now.items():
            known = self._standing.get(subject)
            if known is None:
                self._standing[subject] = _Stand(now_ns, difference)
                found.append(difference)
            elif known.difference.status == WAITING and self._is_over(known, shown):
                repair = "the exchange's lists stay so"
                known.difference = attrs.evolve(
                    difference, status=OPEN, cause=UNKNOWN, repair=repair
                )
                found.append(known.difference)
        return found

    def _is_over(self, known: _Stand, shown: Listed) -> bool:
        return shown.began_ns - known.since_ns >= self._patience_ns

    def _unlisted(self, shown: Listed) -> Iterable[tuple[Difference, bool]]:
        """What differs so, and whether that is more than a moment's."""
        for order in shown.missing:
            known = self._known.get(order.intent.intent_id)
            since_ns = shown.began_ns if known is None else known.since_ns
            if order.state in _OPEN_STATES:
                found = _waits(_order(order), order.state.value, "in no list")
                yield found, self._is_old(since_ns, shown)

    def _still_open(self, shown: Listed) -> Iterable[tuple[Difference, bool]]:
        for order_id in sorted(shown.open & self._ended.keys()):
            ended_ns, state = self._ended[order_id]
            found = _waits(f"order {order_id}", state.value, "open")
            yield found, self._is_old(ended_ns, shown)

    def _unfilled(self, shown: Listed) -> Iterable[tuple[Difference, bool]]:
        for order in shown.unfilled:
            known = self._known.get(order.intent.intent_id)
            since_ns = None if known is None else known.short_ns
            ours = plain(sum((f.quantity.value for f in order.fills), order.filled.value * 0))
            found = _waits(f"fills of {_order(order)}", ours, str(order.filled))
            is_old = since_ns is not None and shown.began_ns - since_ns >= self._patience_ns
            yield found, is_old

    def _is_old(self, since_ns: int, shown: Listed) -> bool:
        return since_ns + self._moment_ns <= shown.began_ns


def _keys(order_id: str, fact: Fact) -> list[Hashable]:
    keys: list[Hashable] = [("live", order_id)]
    if fact.fill is not None:
        keys.append(("fill", fact.fill.exec_id))
    if fact.input in _ENDS:
        keys.append(("end", order_id))
    return keys


def _by_others(before: Order, order: Order) -> list[Difference]:
    """What somebody else did with an order of ours, or the exchange by itself."""
    is_ours = before.amend is not None and order.amend is None
    if order.amended != before.amended and order.amended is not None and not is_ours:
        values = str(before.terms), str(order.terms)
        return [_happened(_order(order), EXTERNAL, *values, "amended elsewhere: taken over")]
    rests = order.intent.limit_price is not None and order.intent.time_in_force in (
        TimeInForce.GTC,
        TimeInForce.GTD,
    )
    # An amend of ours that leaves nothing to fill ends the order, too.
    ends = before.amend is not None and before.amend.terms.quantity <= before.filled
    unasked = before.cancel is CancelProgress.NONE and not ends
    if order.state is State.CANCELED and before.state is State.WORKING and rests and unasked:
        how = f"canceled elsewhere ({order.reason or 'no reason told'}): taken over"
        return [_happened(_order(order), EXTERNAL, before.state.value, order.state.value, how)]
    return []


def _happened(subject: str, cause: str, ours: str, theirs: str, repair: str) -> Difference:
    return Difference(subject, SETTLED, cause, ours, theirs, repair)


def _waits(subject: str, ours: str, theirs: str) -> Difference:
    return Difference(subject, WAITING, LAG, ours, theirs, "the exchange's lists may lag")


def _order(order: Order) -> str:
    return f"order {order.order_id or order.intent.intent_id}"


def _words(intent: Intent) -> str:
    price = "" if intent.limit_price is None else f" {intent.limit_price}"
    what = f"{intent.side.value} {intent.quantity} {intent.pair}"
    return f"{what} {intent.order_type.value}{price}"


def _fill(fill: Fill) -> str:
    return f"fill {fill.exec_id}"


def _fill_words(fill: Fill) -> str:
    return f"{fill.side.value} {fill.quantity} {fill.pair} at {fill.price}"


def _trade(fill: Fill) -> Difference:
    return _happened(_fill(fill), EXTERNAL, "-", _fill_words(fill), "of an order that was adopted")
