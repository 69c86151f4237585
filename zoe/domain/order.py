"""The life of one order: a table of what is allowed, and what is known of an order.

Two kinds of input. Commands are ours: what the table lacks is refused. Facts are the exchange's: in
the table they apply, listed as stale they change nothing, otherwise they contradict us
(``order_inputs`` is what each does to an order).
"""

import enum
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.amend import Amend, Terms, Turn, quick_terms
from zoe.domain.quantity import NOTHING, Price, Quantity
from zoe.domain.quick import quick


class Side(enum.Enum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"


class OrderType(enum.Enum):
    """Order types in Kraken's words; ``SENDABLE`` are the desk's own, the rest are only met."""

    # Members are one object each; those of enum hash their names anew each time they are looked up.
    __hash__ = object.__hash__

    LIMIT = "limit"
    MARKET = "market"
    ICEBERG = "iceberg"
    STOP_LOSS = "stop-loss"
    TAKE_PROFIT = "take-profit"
    STOP_LOSS_LIMIT = "stop-loss-limit"
    TAKE_PROFIT_LIMIT = "take-profit-limit"
    TRAILING_STOP = "trailing-stop"
    TRAILING_STOP_LIMIT = "trailing-stop-limit"
    SETTLE_POSITION = "settle-position"
    OTHER = "other"  # a type that nobody listed: the order is shown and reconciled all the same


#: They wait for a price; the limit variants then rest at another, the others take what there is.
_THEN_LIMITED: Final = frozenset({OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
TRIGGERED: Final = _THEN_LIMITED | {OrderType.STOP_LOSS, OrderType.TAKE_PROFIT}
LIMITED: Final = _THEN_LIMITED | {OrderType.LIMIT}
SENDABLE: Final = frozenset({OrderType.LIMIT, OrderType.MARKET}) | TRIGGERED
#: The source of orders that nobody here wished for: shown, reconciled, never touched unasked.
EXTERNAL: Final = "external"
_ZERO: Final = Decimal(0)


class TimeInForce(enum.Enum):
    """How long an order stays, in Kraken's words."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class State(enum.Enum):
    """Where an order is; ``WAITING`` lives in memory only."""

    __hash__ = object.__hash__  # as above

    WAITING = "WAITING"
    SENDING = "SENDING"
    PENDING = "PENDING"
    WORKING = "WORKING"
    IN_DOUBT = "IN_DOUBT"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    DENIED = "DENIED"
    REJECTED = "REJECTED"
    ABSENT = "ABSENT"


class Input(enum.Enum):
    """What can happen to an order; the first four are commands, the rest facts."""

    __hash__ = object.__hash__  # as above

    SEND = "send"
    DENY = "deny"
    WITHDRAW = "withdraw"
    AMEND = "amend"
    ACKNOWLEDGED = "acknowledged"
    LIVE = "live"
    FILL = "fill"
    COMPLETED = "completed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    LOST = "lost"
    RESTARTED = "restarted"
    NOT_FOUND = "not_found"
    VANISHED = "vanished"
    AMENDED = "amended"
    AMEND_REFUSED = "amend_refused"
    AMEND_LOST = "amend_lost"
    AMEND_ABSENT = "amend_absent"


COMMANDS: Final = frozenset({Input.SEND, Input.DENY, Input.WITHDRAW, Input.AMEND})
#: Facts about amends other than their effect; what each says is in the table of amends.
OF_AMENDS: Final = {
    Input.AMEND_REFUSED: Turn.REFUSED,
    Input.AMEND_LOST: Turn.LOST,
    Input.AMEND_ABSENT: Turn.ABSENT,
}
ABOUT_AMENDS: Final = frozenset({Input.AMENDED, *OF_AMENDS})

#: No way out; late fills are still counted.
TERMINAL: Final = frozenset({State.FILLED, State.CANCELED, State.EXPIRED, State.DENIED})
#: Inferences: any later sign of the order takes it back (orders.md section 5.4).
INFERRED: Final = frozenset({State.REJECTED, State.ABSENT})
CONCLUDED: Final = TERMINAL | INFERRED

_S, _I = State, Input
NEXT: Final[dict[tuple[State, Input], State]] = {
    (_S.WAITING, _I.SEND): _S.SENDING,
    (_S.WAITING, _I.DENY): _S.DENIED,
    (_S.WAITING, _I.WITHDRAW): _S.CANCELED,
    (_S.SENDING, _I.ACKNOWLEDGED): _S.PENDING,
    (_S.SENDING, _I.LIVE): _S.WORKING,  # executions and answers race
    (_S.SENDING, _I.FILL): _S.WORKING,
    (_S.SENDING, _I.COMPLETED): _S.FILLED,
    (_S.SENDING, _I.CANCELED): _S.CANCELED,  # post-only cross, self-trade
    (_S.SENDING, _I.EXPIRED): _S.EXPIRED,
    (_S.SENDING, _I.REFUSED): _S.REJECTED,
    (_S.SENDING, _I.NOT_SENT): _S.REJECTED,  # the gateway kept it back: known not done
    (_S.SENDING, _I.LOST): _S.IN_DOUBT,
    (_S.SENDING, _I.RESTARTED): _S.IN_DOUBT,  # a crash between commit and answer
    (_S.PENDING, _I.LIVE): _S.WORKING,
    (_S.PENDING, _I.FILL): _S.WORKING,
    (_S.PENDING, _I.COMPLETED): _S.FILLED,
    (_S.PENDING, _I.CANCELED): _S.CANCELED,
    (_S.PENDING, _I.EXPIRED): _S.EXPIRED,
    (_S.PENDING, _I.REFUSED): _S.IN_DOUBT,  # seen, and refused: only a look can tell
    (_S.PENDING, _I.VANISHED): _S.ABSENT,  # acknowledged, and then unknown to the exchange
    (_S.WORKING, _I.FILL): _S.WORKING,
    (_S.WORKING, _I.COMPLETED): _S.FILLED,
    (_S.WORKING, _I.CANCELED): _S.CANCELED,
    (_S.WORKING, _I.EXPIRED): _S.EXPIRED,
    (_S.WORKING, _I.VANISHED): _S.ABSENT,
    (_S.WORKING, _I.AMEND): _S.WORKING,  # in flight and in doubt are parts of WORKING
    (_S.WORKING, _I.AMENDED): _S.WORKING,  # ours, or made elsewhere by hand
    (_S.WORKING, _I.AMEND_REFUSED): _S.WORKING,
    (_S.WORKING, _I.AMEND_LOST): _S.WORKING,
    (_S.WORKING, _I.AMEND_ABSENT): _S.WORKING,
    (_S.IN_DOUBT, _I.ACKNOWLEDGED): _S.PENDING,  # the answer came late
    (_S.IN_DOUBT, _I.LIVE): _S.WORKING,
    (_S.IN_DOUBT, _I.FILL): _S.WORKING,
    (_S.IN_DOUBT, _I.COMPLETED): _S.FILLED,
    (_S.IN_DOUBT, _I.CANCELED): _S.CANCELED,
    (_S.IN_DOUBT, _I.EXPIRED): _S.EXPIRED,
    (_S.IN_DOUBT, _I.REFUSED): _S.REJECTED,
    (_S.IN_DOUBT, _I.NOT_SENT): _S.REJECTED,  # the gateway was slower than our patience
    (_S.IN_DOUBT, _I.NOT_FOUND): _S.ABSENT,
    (_S.FILLED, _I.FILL): _S.FILLED,  # a late fill is kept, the state sticks
    (_S.CANCELED, _I.FILL): _S.CANCELED,
    (_S.EXPIRED, _I.FILL): _S.EXPIRED,
    (_S.ABSENT, _I.ACKNOWLEDGED): _S.PENDING,  # the inference was wrong: adopt, cancel, alarm
    (_S.ABSENT, _I.LIVE): _S.WORKING,
    (_S.ABSENT, _I.FILL): _S.WORKING,
    (_S.ABSENT, _I.COMPLETED): _S.FILLED,
    (_S.ABSENT, _I.CANCELED): _S.CANCELED,
    (_S.ABSENT, _I.EXPIRED): _S.EXPIRED,
    (_S.REJECTED, _I.ACKNOWLEDGED): _S.PENDING,  # refused in words that were not the last ones
    (_S.REJECTED, _I.LIVE): _S.WORKING,
    (_S.REJECTED, _I.FILL): _S.WORKING,
    (_S.REJECTED, _I.COMPLETED): _S.FILLED,
    (_S.REJECTED, _I.CANCELED): _S.CANCELED,
    (_S.REJECTED, _I.EXPIRED): _S.EXPIRED,
}

_LATE_NEWS: Final = (_I.ACKNOWLEDGED, _I.LIVE, _I.LOST, _I.RESTARTED)
_NOT_DONE: Final = (_I.REFUSED, _I.NOT_SENT, _I.NOT_FOUND, _I.VANISHED)
#: Facts that say nothing new: ignored on purpose.
STALE: Final = frozenset(
    {
        (_S.PENDING, _I.ACKNOWLEDGED),
        (_S.PENDING, _I.LOST),
        (_S.PENDING, _I.RESTARTED),
        *((_S.WORKING, late) for late in _LATE_NEWS),
        (_S.IN_DOUBT, _I.LOST),
        (_S.IN_DOUBT, _I.RESTARTED),
        (_S.FILLED, _I.COMPLETED),
        (_S.CANCELED, _I.CANCELED),
        (_S.EXPIRED, _I.EXPIRED),
        # Two words for one end: the socket's and REST's need not agree.
        (_S.CANCELED, _I.EXPIRED),
        (_S.EXPIRED, _I.CANCELED),
        # A post-only cross: canceled on the stream, refused in the answer.
        (_S.CANCELED, _I.REFUSED),
        (_S.EXPIRED, _I.REFUSED),
        *((inferred, late) for inferred in INFERRED for late in _NOT_DONE),
        *((state, late) for state in TERMINAL | INFERRED for late in (_I.LOST, _I.RESTARTED)),
        *((s, late) for s in (_S.FILLED, _S.CANCELED, _S.EXPIRED) for late in _LATE_NEWS),
        # The order ended before its amend was settled, which is thereby settled too.
        *((s, late) for s in (_S.FILLED, _S.CANCELED, _S.EXPIRED) for late in ABOUT_AMENDS),
        *((s, _I.NOT_FOUND) for s in (_S.PENDING, _S.WORKING, _S.FILLED, _S.CANCELED, _S.EXPIRED)),
        *((s, _I.VANISHED) for s in (_S.IN_DOUBT, _S.FILLED, _S.CANCELED, _S.EXPIRED)),
    }
)


class CancelProgress(enum.Enum):
    """Whether a cancel was asked for; it is sent again until the order is terminal."""

    NONE = "none"
    REQUESTED = "requested"


class Route(enum.Enum):
    """How an attempt travels; chosen before SENDING is written and never changed."""

    WEBSOCKET = "ws"
    REST = "rest"


@attrs.frozen(weakref_slot=False)
class Intent:
    """One wish to trade: one client order id, one attempt.

    Attributes:
        intent_id: UUID text; the idempotency key where a person gave one.
        source: Who wants it: ``strategy/<name>``, ``person`` or ``external``.
        slot: The strategy's name for the place this order fills, for example ``bid.0``.
        pair: WebSocket v2 symbol.
        limit_price: None for a market order.
        decision: Journal stream and version (``stream@version``) of what it follows from.
        trigger_price: Of the types that wait for one; None too where a report did not tell it.
        reduce_only: Never opens or enlarges a position: risk sees to it, since the exchange has
            the flag for margin orders only.
        expires_ns: UTC; of GTD orders.
    """

    intent_id: str
    source: str
    slot: str | None
    pair: str
    side: Side
    order_type: OrderType
    quantity: Quantity
    limit_price: Price | None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    decision: str | None = None
    trigger_price: Price | None = None
    reduce_only: bool = False
    expires_ns: int | None = None
    #: Quantity and limit price together; made once, since everybody asks for them all the time.
    terms: Terms = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "terms", quick_terms(self.quantity, self.limit_price))
        if not self.quantity.value:
            raise ValueError("an order must have a quantity greater than 0")
        order_type, trigger = self.order_type, self.trigger_price
        # Of an order with a trigger that somebody else placed not everything may be known.
        is_known = trigger is not None or order_type not in TRIGGERED
        fits = (self.limit_price is not None) == (order_type in LIMITED)
        if not fits and is_known and order_type in SENDABLE:
            raise ValueError("a limit order has a limit price, a market order has none")
        if trigger is not None and order_type not in TRIGGERED:
            raise ValueError(f"a {order_type.value} order waits for no price")
        if self.expires_ns is not None and self.time_in_force is not TimeInForce.GTD:
            raise ValueError("only a gtd order has a time when it expires")
        if self.post_only and order_type is not OrderType.LIMIT:
            raise ValueError("only a limit order can be post-only")


@attrs.frozen(weakref_slot=False)
class Fill:
    """One execution; the set of fills is keyed by ``exec_id`` (the exchange's trade id)."""

    exec_id: str
    trade_id: int | None
    order_id: str
    pair: str
    side: Side
    quantity: Quantity
    price: Price
    cost: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    exchange_ns: int


@attrs.frozen(weakref_slot=False)
class Fact:
    """What the exchange (or the loss of its answer) tells about one order.

    Attributes:
        order_id: The exchange's id where the fact carried one.
        filled_quantity: Cumulative quantity where the fact carried it.
        reason: Free text: never branched on.
        terms: The order's terms as the report gives them; an AMENDED is about them.
    """

    input: Input
    order_id: str | None = None
    fill: Fill | None = None
    filled_quantity: Quantity | None = None
    reason: str | None = None
    exchange_ns: int | None = None
    terms: Terms | None = None

    def __attrs_post_init__(self) -> None:
        if (self.fill is not None) != (self.input is Input.FILL):
            raise ValueError("a fill comes with FILL and with nothing else")
        if self.input is Input.AMENDED and self.terms is None:
            raise ValueError("AMENDED comes with the order's new terms")
        if self.fill is not None and self.fill.order_id != self.order_id:
            raise ValueError(f"a fill of {self.fill.order_id} told of {self.order_id}")


#: Their constructors for where they are made by the thousand.
quick_intent: Final = quick(Intent)
quick_fill: Final = quick(Fill)
quick_fact: Final = quick(Fact)


@attrs.frozen(slots=False)
class Order:
    """An order and all that is known of it.

    Attributes:
        amended: Its terms since an amend; None while they are as intended.
        amend: The one whose fate is not known.
        filled: The maximum ever seen, by fills or by the exchange's own total.
        fills_missing: Whether the exchange reported more than the fills that we hold.
    """

    intent: Intent
    state: State
    cl_ord_id: str | None = None
    route: Route | None = None
    not_after_ns: int | None = None
    order_id: str | None = None
    fills: tuple[Fill, ...] = ()
    reported_filled: Quantity = NOTHING
    cancel: CancelProgress = CancelProgress.NONE
    reason: str | None = None
    amended: Terms | None = None
    amend: Amend | None = None
    filled: Quantity = attrs.field(init=False, eq=False, repr=False)
    fills_missing: bool = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        filled, is_missing = filled_by(self.fills, self.reported_filled)
        self.__dict__.update(filled=filled, fills_missing=is_missing)

    @property
    def terms(self) -> Terms:
        """Total quantity and limit price, as far as the exchange has confirmed them."""
        return self.amended or self.intent.terms

    @property
    def possible_terms(self) -> tuple[Terms, ...]:
        """Every terms that the order may have: an amend on its way may have been applied."""
        return (self.terms,) if self.amend is None else (self.terms, self.amend.terms)

    @property
    def remaining(self) -> Quantity:
        """What may still be executed: nothing once terminal."""
        if self.state in TERMINAL:
            return NOTHING
        total = self.terms.quantity
        if self.filled is NOTHING:
            return total
        return Quantity(max(total.value - self.filled.value, _ZERO))

    @property
    def settled(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.state in CONCLUDED and not self.fills_missing

    @property
    def is_ours(self) -> bool:
        """Whether this desk placed it."""
        return self.intent.source != EXTERNAL


def filled_by(fills: tuple[Fill, ...], reported: Quantity) -> tuple[Quantity, bool]:
    """What is filled by these fills and the exchange's total, and whether that total is more."""
    total = sum([fill.quantity.value for fill in fills], _ZERO) if fills else _ZERO
    if total <= reported.value:
        return reported, total < reported.value
    return Quantity(total), False
