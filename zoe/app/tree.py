"""The supervision tree as data: start order from top to bottom, stopped in reverse."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import attrs

from zoe.actors.bar_keeper import BarKeeper
from zoe.actors.bookkeeper import Bookkeeper
from zoe.actors.catalogue import Catalogue
from zoe.actors.closer import Closer
from zoe.actors.dead_man import DeadMan
from zoe.actors.desk_door import DeskDoor
from zoe.actors.engine_strategist import EngineStrategist
from zoe.actors.fee_keeper import FeeKeeper
from zoe.actors.focus_keeper import Scouted
from zoe.actors.gap_filler import GapFiller
from zoe.actors.gateway import Gateway
from zoe.actors.heartbeat import HealthRow, Heartbeat
from zoe.actors.journal import Journal
from zoe.actors.ledger import Ledger
from zoe.actors.lock_keeper import LockKeeper
from zoe.actors.market_watch import Audience, MarketWatch
from zoe.actors.minute_keeper import MinuteKeeper
from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import OrderConfig
from zoe.actors.rate_limiter import RateLimiter
from zoe.actors.reconciler import Reconciler
from zoe.actors.repositioner import RepegConfig, Repositioner
from zoe.actors.risk_officer import RiskOfficer
from zoe.actors.scout import Scout
from zoe.actors.strategist import Strategist, StrategyConfig
from zoe.actors.strategist_config import EngineConfig
from zoe.domain.focus import FocusConfig
from zoe.domain.limiter import Limiter
from zoe.domain.risk import Limits
from zoe.domain.scan import ScanConfig
from zoe.messages.system import Beat
from zoe.ports.bar_store import BarStore
from zoe.ports.journal import EmergencyNotes, JournalStore
from zoe.ports.ledger_store import LedgerStore
from zoe.ports.venue import Venue
from zoe.runtime.supervisor import Child, Group

#: The order path's actors share one thread: a hop costs a tenth there.
ORDERS: Final = "orders"
#: Actors that seldom have anything to do share another.
EDGE: Final = "edge"
BOOKKEEPER: Final = "bookkeeper"
BARS: Final = "bars"
FEES: Final = "fees"
#: The address that hears of the first ``Reconciled``.
READY: Final = "ready"


@attrs.frozen
class Parts:
    """Everything the actors are given: ports made real, and their frozen configuration.

    Attributes:
        desk_tag: Marks this desk's orders.
        take_lock: Takes the account's lock, or makes sure that it is held.
        forbidden: Why nothing may be traded in this run; None where it may.
        dead_man: Whether the exchange's cancel-all-after timer is kept.
        cancel_on_stop: Whether an orderly stop cancels our working orders.
        patience_seconds: How often the service manager wants to hear that the desk lives, if it does.
        seconds: The desk ends by itself after this time.
        pairs: Pairs watched in full depth.
        lag_ns: How far the exchange's lists may lag behind its engine.
        books: Where the books are kept, if they are.
        engines: Strategies of many pairs, whatever their mode.
        bars: Where the bars of pairs in focus are kept, if they are.
    """

    account_id: str
    desk_tag: int
    venue: Venue
    store: JournalStore
    notes: EmergencyNotes
    reserve_nonce: Callable[[int], int]
    write_health: Callable[[Sequence[HealthRow]], None]
    vitals: Callable[[], Sequence[Beat]]
    alive: Callable[[], None]
    take_lock: Callable[[], bool]
    describe: Callable[[], dict[str, Any]]
    limits: Limits
    limiter: Limiter
    pairs: tuple[str, ...]
    strategies: tuple[StrategyConfig, ...]
    forbidden: str | None = None
    dead_man: bool = True
    cancel_on_stop: bool = True
    patience_seconds: float | None = None
    seconds: int | None = None
    lag_ns: int = 3_000_000_000
    repeg: RepegConfig = attrs.field(factory=RepegConfig)
    scan: ScanConfig = attrs.field(factory=ScanConfig)
    focus: FocusConfig = attrs.field(factory=FocusConfig)
    books: LedgerStore | None = None
    bars: BarStore | None = None
    engines: tuple[EngineConfig, ...] = ()


def tree(parts: Parts) -> tuple[Group, ...]:
    """The desk's groups, first to start first."""
    everybody = _everybody(parts)
    account = parts.account_id
    reconciled = ("risk", "repositioner", "door", READY)
    return (
        # A crash of the Journal loses what waited for it: the group gives up at once.
        Group(
            "store",
            (
                Child(
                    "journal",
                    partial(Journal, account, parts.store, ("risk", "orders"), parts.notes),
                    dispatcher=ORDERS,
                    gathers=True,
                    stop_seconds=8.0,
                ),
            ),
            strategy="rest_for_one",
            intensity=0,
            period_seconds=60,
        ),
        Group("books", (Child("ledger", partial(_ledger, parts)),)),
        # Restarts are never quick enough to spend this: the desk does not end over its books.
        Group("bookkeeping", _bookkeeping(parts), intensity=100),
        Group(
            "exchange",
            (
                Child(
                    "catalogue",
                    partial(Catalogue, parts.venue, ("risk", "gateway", "door", *everybody)),
                ),
                Child("ratelimiter", partial(RateLimiter, parts.limiter), dispatcher=ORDERS),
                Child("gateway", partial(_gateway, parts), dispatcher=ORDERS, capacity=10_000),
            ),
        ),
        Group(
            "truth",
            (
                Child(
                    "reconciler",
                    partial(Reconciler, account, parts.lag_ns, reconciled, _list_keeper(parts)),
                ),
                Child("risk", partial(_risk, parts), dispatcher=ORDERS),
                *(Child(name, partial(DeadMan, account)) for name in _dead_man(parts)),
            ),
        ),
        Group(
            "orders",
            (
                Child(
                    "orders",
                    partial(
                        OrderDesk,
                        *(_orders_share(parts), _engines(parts)),
                        compared=_list_keeper(parts) is not None,
                    ),
                    dispatcher=ORDERS,
                    intensity=30,
                ),
                Child(
                    "repositioner",
                    partial(Repositioner, parts.repeg, _engines(parts)),
                    dispatcher=ORDERS,
                ),
            ),
        ),
        Group(
            "market",
            (
                Child("market", partial(_market, parts), dispatcher=ORDERS),
                *(
                    Child(name, partial(Scout, account, parts.venue, parts.scan))
                    for name in _scout(parts)
                ),
                *_bar_keepers(parts),
            ),
        ),
        Group("strategies", _strategists(parts)),
        Group(
            "edge",
            (
                Child(
                    "heartbeat",
                    partial(
                        Heartbeat,
                        parts.write_health,
                        parts.vitals,
                        parts.alive,
                        parts.patience_seconds,
                    ),
                ),
                Child("lock_keeper", partial(LockKeeper, parts.take_lock), dispatcher=EDGE),
                Child("door", partial(_door, parts)),
                Child(
                    "closer",
                    partial(
                        Closer,
                        cancel=parts.cancel_on_stop,
                        seconds=parts.seconds,
                        dead_man=parts.dead_man,
                    ),
                    dispatcher=EDGE,
                ),
            ),
        ),
    )


def _strategies(parts: Parts) -> tuple[str, ...]:
    """The names of the strategists of one pair each."""
    return tuple(f"strategy/{config.name}" for config in parts.strategies)


def _engines(parts: Parts) -> tuple[str, ...]:
    """The names of the strategists of many pairs."""
    return tuple(f"strategy/{config.name}" for config in parts.engines)


def _everybody(parts: Parts) -> tuple[str, ...]:
    """Strategists, and whoever looks after what they see."""
    beside = (name for _ in parts.engines[:1] for name in (BARS, FEES))
    return (*_strategies(parts), *_engines(parts), *beside)


def _strategists(parts: Parts) -> tuple[Child, ...]:
    """Who decides, and the bars and fees that some of them want."""
    account = parts.account_id
    return (
        *(Child(FEES, FeeKeeper, dispatcher=EDGE) for _ in parts.engines[:1]),
        *(
            Child(BARS, partial(BarKeeper, parts.venue, _bars_kept(parts)), dispatcher=EDGE)
            for _ in parts.engines[:1]
        ),
        *(
            Child(f"strategy/{c.name}", partial(Strategist, account, c), dispatcher=ORDERS)
            for c in parts.strategies
        ),
        *(
            Child(f"strategy/{c.name}", partial(EngineStrategist, account, c))
            for c in parts.engines
        ),
    )


def _bars_kept(parts: Parts) -> int:
    """How many bars of a pair the engine that looks back furthest needs."""
    return max([1, *(bars for each in parts.engines for _, bars in each.engine.needs.bars)])


def _door(parts: Parts) -> DeskDoor:
    names = (*(c.name for c in parts.engines), *(c.name for c in parts.strategies))
    return DeskDoor(parts.account_id, parts.describe, dead_man=parts.dead_man, strategies=names)


def _dead_man(parts: Parts) -> tuple[str, ...]:
    """The name of the actor that keeps the dead-man's switch, where there is one."""
    return ("dead_man",) if parts.dead_man else ()


def _scout(parts: Parts) -> tuple[str, ...]:
    """The name of the actor that sees every pair, where there is one."""
    return ("scout",) if parts.scan.enabled else ()


def _bar_keepers(parts: Parts) -> tuple[Child, ...]:
    """Who keeps the bars of what is traded, where they are kept, and who fills their gaps."""
    if parts.bars is None:
        return ()
    return (
        Child("minutes", partial(MinuteKeeper, parts.bars), dispatcher=EDGE),
        Child("gaps", partial(GapFiller, parts.venue, parts.bars), dispatcher=EDGE),
    )


def _market(parts: Parts) -> MarketWatch:
    scouted = Scouted(parts.account_id, parts.focus) if parts.scan.enabled else None
    of_pair: dict[str, tuple[str, ...]] = {}
    for config, name in zip(parts.strategies, _strategies(parts), strict=True):
        pair = config.strategy.pair
        of_pair[pair] = (*of_pair.get(pair, ()), name)
    audience = Audience(
        risk=("risk",),
        minutes=tuple(child.name for child in _bar_keepers(parts)),
        of_pair=of_pair,
        books=() if parts.books is None else (BOOKKEEPER,),
    )
    return MarketWatch(parts.venue, parts.pairs, audience, scouted)


def _ledger(parts: Parts) -> Ledger:
    watchers = ("risk", *_strategies(parts), *_engines(parts))
    return Ledger(parts.account_id, watchers, _list_keeper(parts))


def _list_keeper(parts: Parts) -> str | None:
    """The name of whoever lists what differs from the exchange, where somebody does."""
    return None if parts.books is None else BOOKKEEPER


def _bookkeeping(parts: Parts) -> tuple[Child, ...]:
    """Whoever keeps the books, where they are kept."""
    if parts.books is None:
        return ()
    return (Child(BOOKKEEPER, partial(Bookkeeper, parts.books, parts.lag_ns)),)


def _orders_share(parts: Parts) -> OrderConfig:
    return OrderConfig(parts.account_id, parts.desk_tag, parts.notes)


def _risk(parts: Parts) -> RiskOfficer:
    watchers = (*_strategies(parts), *_engines(parts), "door")
    return RiskOfficer(
        *(_orders_share(parts), parts.limits, parts.forbidden),
        dead_man=parts.dead_man,
        watchers=watchers,
    )


def _gateway(parts: Parts) -> Gateway:
    watchers = ("risk", "reconciler", "repositioner", *_dead_man(parts))
    # The Reconciler compares what the stream tells with the lists for whoever lists what differs.
    comparing = () if _list_keeper(parts) is None else ("reconciler",)
    return Gateway(parts.venue, parts.reserve_nonce, watchers, ("orders", *comparing))
