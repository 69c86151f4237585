"""All that is in doubt, orders and amends, and for how long: a part of the Reconciler, which owns it."""

from collections.abc import Mapping

from zoe.actors.amend_doubts import AmendDoubts
from zoe.actors.lists_read import ListsRead
from zoe.actors.look import Look
from zoe.actors.order_doubts import OrderDoubts
from zoe.domain.amend import Progress, progress_of
from zoe.domain.doubt_times import DoubtClock
from zoe.domain.order import Fact, Input, Order, State
from zoe.domain.sighting import Sighting
from zoe.messages.orders import OrderFact
from zoe.messages.system import DoubtSettled
from zoe.runtime.actor import Actor
from zoe.runtime.log import log


class Doubts:
    """Follows every doubt about an order or an amend, and tells the orders what looks have proved.

    Args:
        read: Whose time it is told by, and what may be proved.
        lag_ns: How far the exchange's lists may lag behind its engine.
    """

    def __init__(self, owner: Actor, read: ListsRead, lag_ns: int) -> None:
        self._owner = owner
        self._orders = OrderDoubts(read.time, read.provable_ns, lag_ns)
        self._amends = AmendDoubts(read.time, read.provable_ns, lag_ns)
        self._clock = DoubtClock()

    def __len__(self) -> int:
        return len(self._orders) + len(self._amends)

    @property
    def missed(self) -> dict[str, int]:
        """What one look has missed, and when it began."""
        return {**self._orders.missed, **self._amends.missed}

    def recall(self, missed: Mapping[str, int]) -> None:
        """Takes over what an earlier desk's looks missed."""
        self._orders.recall(missed)
        self._amends.recall(missed)

    def dues_ns(self) -> tuple[int, ...]:
        """The times from which looks can prove something, one a doubt."""
        return (*self._orders.due_ns(), *self._amends.due_ns())

    def deadlines_ns(self) -> list[int]:
        """The deadlines of the orders in doubt, each the earliest that it can be."""
        return self._orders.deadlines_ns()

    def follow(self, order: Order) -> None:
        """Takes up a doubt, or drops one that is settled."""
        self._time(order)
        self._orders.follow(order)
        self._amends.follow(order)

    def _time(self, order: Order) -> None:
        """Takes the time of a doubt, and tells it once it is settled."""
        in_doubt = progress_of(order.amend) is Progress.IN_DOUBT or order.state is State.IN_DOUBT
        name, now_ns = order.intent.intent_id, self._owner.clock.monotonic_ns()
        took_ns = self._clock.follow(name, doubtful=in_doubt, now_ns=now_ns)
        if took_ns is not None:
            log.info("reconciler.doubt_settled", intent_id=name, took_ms=took_ns // 1_000_000)
            self._owner.tell(self._owner.find("heartbeat"), DoubtSettled(took_ns))

    def clock_set(self, by_ns: int) -> None:
        """The clock was set between an earlier desk's rows and the start of this one."""
        self._orders.clock_set(by_ns)
        self._amends.clock_set(by_ns)

    def began(self) -> None:
        """A look begins: what the one before has shown is forgotten."""
        self._amends.began()

    def saw(self, sighting: Sighting) -> None:
        """Takes note of an open order that the look has shown."""
        self._amends.saw(sighting)

    def judge(self, look: Look) -> None:
        """Tells what the look has proved."""
        for name, fact in self._amends.judge(look.began_ns):
            self._tell(name, fact)
        for name in self._orders.judge(look):
            reason = "two looks agree that it was never placed"
            self._tell(name, Fact(Input.NOT_FOUND, reason=reason))

    def _tell(self, name: str, fact: Fact) -> None:
        self._owner.tell(self._owner.find(f"orders/{name}"), OrderFact(fact))
