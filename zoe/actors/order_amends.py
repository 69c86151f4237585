"""An order's amends, from the wish that risk approved to the permit, the row, the wire, the fate.

A part of the OrderActor, which owns it. A wish waits for its permit in memory only: a crash forgets
it, and whoever wished sees the order as it is. A newer wish takes the place of one that waits.
"""

from typing import Final

from zoe.actors.order_opening import PERMIT_SECONDS
from zoe.domain.amend import Amend
from zoe.domain.errors import IllegalCommand
from zoe.domain.order import Fact, Input, Order, State
from zoe.domain.order_inputs import amending
from zoe.domain.order_record import amend_row
from zoe.domain.ratelimit import Action
from zoe.messages.gateway import AmendSettled, SendAmend, Sent
from zoe.messages.journal import Parcel
from zoe.messages.limits import RequestPermit
from zoe.messages.orders import AmendDenied, LookWanted, SubmitAmend
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

#: How long the exchange may take to apply an amend.
DEADLINE_NS: Final = 5_000_000_000
#: Waiting for an answer this long past the deadline is silence.
ANSWER_MARGIN_NS: Final = 1_000_000_000
SETTLED: Final = "amend"
PERMIT: Final = "amend_permit"
#: "Unknown order" on an order that was acknowledged means that it is closed.
_CLOSED: Final = "EOrder:Unknown order"

_FACTS: Final = {
    Sent.ACCEPTED: Input.AMENDED,
    Sent.REFUSED: Input.AMEND_REFUSED,
    Sent.THROTTLED: Input.AMEND_REFUSED,
    Sent.NOT_SENT: Input.AMEND_REFUSED,
    Sent.LOST: Input.AMEND_LOST,
}
Change = tuple[Order, tuple[str, str]]


class OrderAmends:
    """The wish that waits, and the amends that were sent."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._wish: SubmitAmend | None = None

    def want(self, wish: SubmitAmend, order: Order) -> None:
        """Asks leave for an amend, if the order can be amended; one that is not live yet soon can."""
        before, self._wish = self._wish, None
        if before is not None:
            self._deny(before, "SUPERSEDED", "a newer amend was wished for")
        if order.state is State.PENDING:
            self._wish = wish
            return
        try:
            amending(order, Amend(wish.wish.terms, 0, 0))
        except IllegalCommand as refused:
            self._deny(wish, "NOT_AMENDABLE", str(refused))
            return
        self._wish = wish
        if before is None:  # whose permit is on its way otherwise, and will be used for this one
            self.ask_permit()
            self._actor.after(PERMIT_SECONDS, Tick(PERMIT))

    def lives(self, order: Order) -> None:
        """The order has come to work: what was wished for meanwhile goes on."""
        wish, self._wish = self._wish, None
        if wish is not None:
            self.want(wish, order)

    def ask_permit(self) -> None:
        """Asks leave, again where nothing was heard."""
        if self._wish is not None:
            intent = self._wish.wish.intent
            # The limiter knows the order's age better; none known counts as the dearest.
            permit = RequestPermit(intent.intent_id, Action.AMEND, intent.pair, 0, self._actor.me)
            self._actor.tell(self._actor.find("ratelimiter"), permit)

    def remind(self) -> None:
        """A limiter that was restarted has forgotten who waits; others know that we do."""
        if self._wish is not None:
            self.ask_permit()
            self._actor.after(PERMIT_SECONDS, Tick(PERMIT))

    def permitted(self, expires_ns: int, order: Order, number: int) -> Change | None:
        """The order with its amend on its way, and the row that must be durable first.

        Args:
            number: The amend's, never used before for this order.
        """
        wish = self._wish
        if wish is None:
            return None  # withdrawn while it waited: the counter was charged for nothing
        if self._actor.clock.monotonic_ns() > expires_ns:
            self.ask_permit()
            return None
        self._wish = None
        now_ns = self._actor.clock.wall_ns()
        try:
            after = amending(order, Amend(wish.wish.terms, number, now_ns + DEADLINE_NS))
        except IllegalCommand as refused:
            self._deny(wish, "NOT_AMENDABLE", str(refused))
            return None
        cause = {
            "reason": wish.wish.why,
            "decision": wish.wish.decision,
            "verdict": wish.verdict,
            "source": wish.wish.intent.source,
        }
        return after, amend_row(order, after, cause)

    def leaving(self, order: Order) -> Parcel:
        """What the Gateway is told as soon as the amend's row is durable; its fate is waited for."""
        assert order.amend is not None
        seconds = (DEADLINE_NS + ANSWER_MARGIN_NS) / 1e9
        self._actor.after(seconds, Tick(SETTLED, order.amend.number))
        return self._actor.find("gateway"), SendAmend(order, self._actor.me)

    def ended(self, why: str) -> None:
        """The order is ended, or will be: what waits is not sent."""
        if self._wish is not None:
            self._deny(self._wish, "NOT_AMENDABLE", why)
            self._wish = None

    def fact(self, settled: AmendSettled, order: Order) -> Fact | None:
        """What an answer says, None where it is about an amend that is settled already."""
        if order.amend is None or order.amend.number != settled.number:
            return None
        happened = _FACTS[settled.outcome]
        if settled.outcome is Sent.REFUSED and (settled.reason or "").startswith(_CLOSED):
            self._actor.tell(self._actor.find("reconciler"), LookWanted("amend refused"))
        terms = order.amend.terms if happened is Input.AMENDED else None
        return Fact(happened, order.order_id, reason=settled.reason, terms=terms)

    def _deny(self, wish: SubmitAmend, code: str, reason: str) -> None:
        asked = wish.wish
        intent_id = asked.intent.intent_id
        log.info("order.amend_denied", intent_id=intent_id, code=code, reason=reason)
        denied = AmendDenied(intent_id, asked.terms, code, (("reason", reason),))
        self._actor.tell(asked.reply_to, denied)
        self._actor.tell(self._actor.find("orders"), denied)
