"""A desk's market side on real threads and sockets, against a sender in a process of its own."""

import contextlib
import gc
import multiprocessing
import os
import resource
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import attrs
import frames as generated
from feed_bare import Ages
from sender import Plan, serve

from zoe.actors.focus_keeper import Scouted
from zoe.actors.market_watch import Audience, MarketWatch
from zoe.actors.scout import Scout
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.adapters.wire import ThreadWire
from zoe.app import huge_pages
from zoe.app.tree import ORDERS
from zoe.domain.catalog import Catalog
from zoe.domain.focus import FocusConfig
from zoe.domain.scan import ScanConfig
from zoe.messages.journal import Hydrate, Hydrated
from zoe.messages.market import InstrumentsChanged, Quote, TradePrints
from zoe.messages.orders import OrdersReported
from zoe.messages.scan import Ranked
from zoe.messages.system import CatalogChanged
from zoe.runtime.message import Envelope
from zoe.runtime.supervisor import Child
from zoe.runtime.threads import ThreadRuntime

#: Whatever is under way must have come by then.
DRAIN_SECONDS: Final = 30


@attrs.frozen
class Figures:
    """What one desk came to.

    Attributes:
        cpu_percent: Of one processor, all threads of the desk together.
        ages_us: Of quotes when a strategy had them, since their bytes were read: p50 and p99.
        sent_us: The same since the change that they show was sent.
        grown_mb, held_mb: How much the most memory ever held grew, and what it was before.
        lost: Trades that were sent and of which no strategy was told.
    """

    frames_a_second: float
    cpu_percent: float
    ages_us: tuple[float, float]
    sent_us: tuple[float, float]
    grown_mb: float
    held_mb: float
    lost: int


class Watcher:
    """Counts what a strategy would be told, and how old it is."""

    def __init__(self) -> None:
        self.read, self.sent = Ages(), Ages()
        self.trades = 0
        self.sums: dict[str, int] = {}

    def handle(self, envelope: Envelope) -> None:
        """Takes what MarketWatch tells, in its thread."""
        news = envelope.message
        if isinstance(news, Quote):
            now_ns = time.time_ns()
            self.read.add(now_ns - news.received_ns)
            self.sent.add(now_ns - (news.exchange_ns or 0))
        elif isinstance(news, TradePrints):
            self.trades += 1
            self.sums[news.symbol] = news.count


class Desk:
    """MarketWatch and the scout; the rest of the desk is deaf.

    Each has the kind of thread that it has in a desk. Pairs that a strategist looks at are
    configured, where there are others beside them these come by their rank.
    """

    def __init__(
        self, url: str, plan: Plan, *, scouted: bool, looked_at: int, cpu: int | None
    ) -> None:
        self.runtime = ThreadRuntime(seed=1, pin_cpu=cpu)
        self.watcher = Watcher()
        runtime, venue = self.runtime, KrakenVenue(None, public_url=url, levels=True)
        runtime.endpoint("wire", ThreadWire(runtime).handle)
        runtime.endpoint("strategy", self.watcher.handle)
        for name in ("catalogue", "heartbeat", "ledger"):
            runtime.endpoint(name, lambda envelope: None)
        runtime.endpoint("journal", _nothing_stored)
        runtime.endpoint("orders", self._no_orders)
        pairs = generated.market(plan.seed, plan.pairs)
        symbols = tuple(pair.symbol for pair in pairs[: plan.focused])
        audience = Audience(listeners=("strategy",), of_pair=dict.fromkeys(symbols[:looked_at], ()))
        given = symbols[: looked_at or plan.focused]
        by_rank = 0 if given == symbols else plan.focused
        focus = None
        if scouted or by_rank:
            focus = Scouted("a", FocusConfig(budget=by_rank, warm_up_seconds=0))
        market = partial(MarketWatch, venue, given, audience, focus)
        children = [Child("market", market, dispatcher=ORDERS)]
        if scouted:
            config = ScanConfig(enabled=True, min_turnover_usd=0)
            children.append(Child("scout", lambda: Scout("a", venue, config)))
        runtime.root(tuple(children))
        if scouted:
            runtime.find("scout").tell(CatalogChanged(_catalog(pairs)))
        if focus is not None:
            runtime.find("market").tell(Ranked(symbols))

    def _no_orders(self, envelope: Envelope) -> None:
        self.runtime.find("market").tell(OrdersReported(()))

    def end(self) -> None:
        """Stops the threads."""
        self.runtime.shutdown(0, "measured")
        self.runtime.wait(10)


def _nothing_stored(envelope: Envelope) -> None:
    if isinstance(envelope.message, Hydrate):
        envelope.message.reply_to.tell(Hydrated(envelope.message.ref, ()))


def _catalog(pairs: list[generated.Pair]) -> Catalog:
    (news,) = (
        said
        for said in FeedReader().feed(generated.instruments(pairs), 0)
        if isinstance(said, InstrumentsChanged)
    )
    return Catalog(1, {pair.symbol: pair for pair in news.instruments})


def as_a_desk() -> None:
    """Memory as a desk has it from when it is ready: out of the collector's sight, in huge pages."""
    gc.freeze()
    huge_pages.collapse()


@contextlib.contextmanager
def kept_on(cpu: int | None) -> Iterator[None]:
    """This thread, and those that it begins meanwhile, on one processor; None for any."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, before if cpu is None else {cpu})
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def sending(plan: Plan) -> Iterator[tuple[Any, str]]:
    """A process that sends: what it is told by, and its address. It sends when it is told to go."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(plan, theirs), daemon=True)
    process.start()
    try:
        yield mine, f"ws://127.0.0.1:{mine.recv()}/v2"
    finally:
        mine.send("end")
        process.join(5)


def through_sockets(
    plan: Plan,
    seconds: float,
    *,
    scouted: bool = False,
    looked_at: int = 0,
    cpu: int | None = None,
) -> Figures:
    """One desk against one sender, for some seconds after everything was sent once.

    Args:
        looked_at: So many of the pairs in focus a strategist looks at.
        cpu: The desk's processor; None for any.
    """
    with kept_on(cpu), sending(plan) as (mine, url):
        desk = Desk(url, plan, scouted=scouted, looked_at=looked_at, cpu=cpu)
        try:
            mine.send("go")
            settle = mine.recv()  # everything was subscribed, and snapshots are out
            del settle
            time.sleep(1)
            as_a_desk()
            before = _state(desk, mine)
            time.sleep(seconds)
            after = _state(desk, mine)
            lost = _lost(desk, mine)
        finally:
            desk.end()
    passed = after["at"] - before["at"]
    told = int(after["quotes"] - before["quotes"])
    return Figures(
        frames_a_second=(after["sent"] - before["sent"]) / passed,
        cpu_percent=(after["cpu"] - before["cpu"]) / passed * 100,
        ages_us=middle_and_tail(desk.watcher.read.newest(told)),
        sent_us=middle_and_tail(desk.watcher.sent.newest(told)),
        grown_mb=(after["peak"] - before["peak"]) / 1e6,
        held_mb=before["peak"] / 1e6,
        lost=lost,
    )


def middle_and_tail(ages_ns: list[int]) -> tuple[float, float]:
    """p50 and p99 in us, of sorted ages."""
    return ages_ns[len(ages_ns) // 2] / 1e3, ages_ns[len(ages_ns) * 99 // 100] / 1e3


def _lost(desk: Desk, pipe: Any) -> int:
    """Trades that were sent, and are in no sum that the strategy was told, when all has come."""
    pipe.send("pause")
    _, traded = pipe.recv()
    until = time.monotonic() + DRAIN_SECONDS
    while (heard := sum(desk.watcher.sums.values())) < traded and time.monotonic() < until:
        time.sleep(0.05)
    return traded - heard


def _state(desk: Desk, pipe: Any) -> dict[str, float]:
    pipe.send("count")
    sent, _ = pipe.recv()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "at": time.monotonic(),
        "sent": sent,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
        "quotes": desk.watcher.read.count,
    }
