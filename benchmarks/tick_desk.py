"""The desk of tick_to_order.py: the whole tree of zoe.app with a strategy that wants an order at each trigger.

It notes when each trigger's order is committed, and of one in eight when it passes each place of its
way: by a reader and a store that are ours in front of the desk's, by the strategy itself, and by a
tracer of the runtime's turns. The desk carries none of it, and seven in eight pass nearly as they
would without a tracer: what was committed when is worked out in the end.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import attrs

from zoe.actors.strategist import StrategyConfig
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.app import claims, logs
from zoe.app.desk import Beside, Desk, Run
from zoe.app.settings import load
from zoe.app.tree import Parts
from zoe.domain.ids import account_id
from zoe.domain.limiter import Limiter
from zoe.domain.order import Side
from zoe.domain.ratelimit import Tier
from zoe.domain.risk import Limits
from zoe.domain.strategy.view import Decision, View, Want
from zoe.messages.gateway import SendAdd
from zoe.messages.journal import Record
from zoe.messages.market import Quote, Quotes
from zoe.messages.orders import PlaceOrder, SetTarget
from zoe.ports.journal import JournalRow
from zoe.ports.wire import FrameReader
from zoe.runtime.cell import Cell
from zoe.runtime.message import Envelope, Message
from zoe.store import desk as desk_rows
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.journal import PostgresJournal
from zoe.store.migrate import migrate
from zoe.store.reading import server_at
from zoe.store.waiting import wait_until_up

#: The places of a trigger's way, in their order. Where there is room the permit is had within the commit.
PLACES: Final = (
    "read", "decoded", "woken", "decided", "targeted", "judged", "recorded",
    "commit began", "commit ended", "at the gateway",
)  # fmt: skip
#: One in so many triggers is followed from place to place.
EACH: Final = 8
_QUANTITY: Final = re.compile(r'"quantity":"([0-9.]+)"')
#: An order that the exchange ended leaves its slot at rest for two seconds.
SLOTS: Final = 200
#: How long an order is wanted: until the next trigger, which comes when its order has or is given up.
WANTED_NS: Final = 5_000_000_000
QUANTITY_PRECISION: Final = 8
#: The engine's counter is not what is measured: it counts, and never holds up.
WIDE: Final = Tier("wide", 1_000, 1_000_000, 100_000, 10_000_000)


class Stamps:
    """When triggers were seen where, by place and number; monotonic nanoseconds."""

    def __init__(self, base: int, pair: str) -> None:
        self.pair = pair
        #: Whether the newest trigger is one of those that are followed.
        self.following = False
        self._base = base
        self._commits: list[tuple[Sequence[JournalRow], int, int]] = []
        self.of: dict[str, dict[int, int]] = {place: {} for place in PLACES}
        self._intents: dict[str, int] = {}
        known = self._known
        self._places: dict[type[Message], Callable[[Cell, Any], None]] = {
            SetTarget: self._targeted,
            PlaceOrder: self._judged,
            Record: self._recorded,
            SendAdd: lambda _, wish: known("at the gateway", wish.order.intent.intent_id),
        }

    def note(self, place: str, number: int, at_ns: int | None = None) -> None:
        """The first time counts, of a trigger that is followed."""
        if not number % EACH:
            self.of[place].setdefault(number, time.monotonic_ns() if at_ns is None else at_ns)

    def committed(self, rows: Sequence[JournalRow], began_ns: int, ended_ns: int) -> None:
        """Rows are durable; whose they are is looked up by ``settle``, since orders are under way."""
        self._commits.append((rows, began_ns, ended_ns))

    def settle(self) -> None:
        """Notes the commits of all triggers' orders."""
        for rows, began_ns, ended_ns in self._commits:
            for row in rows:
                if row.version == 1 and row.stream.startswith("order/"):
                    found = _QUANTITY.search(row.body)
                    assert found is not None, row.body
                    number = self.number(Decimal(found[1]))
                    self.of["commit began"].setdefault(number, began_ns)
                    self.of["commit ended"].setdefault(number, ended_ns)

    def number(self, quantity: Decimal) -> int:
        """The trigger's number, of its order's quantity."""
        return int(quantity.scaleb(QUANTITY_PRECISION)) - self._base

    def quote(self, quote: Quote, began_ns: int) -> None:
        """A trigger's frame has been read."""
        number = quote.bid_qty - self._base
        self.following = not number % EACH
        self.note("read", number, began_ns)
        self.note("decoded", number)

    def turn(self, cell: Cell, envelope: Envelope) -> None:
        """A turn begins; most are none of ours, and must cost next to nothing."""
        if not self.following:
            return
        where = self._places.get(type(envelope.message))
        if where is not None:
            where(cell, envelope.message)

    def _targeted(self, _: Cell, told: SetTarget) -> None:
        if told.target is not None:
            self.note("targeted", self.number(told.target.quantity.value))

    def _judged(self, _: Cell, wish: PlaceOrder) -> None:
        number = self._intents[wish.intent.intent_id] = self.number(wish.intent.quantity.value)
        self.note("judged", number)

    def _recorded(self, _: Cell, record: Record) -> None:
        if record.rows:
            self._known("recorded", record.rows[0].stream.rpartition("/")[2])

    def _known(self, place: str, intent_id: str) -> None:
        number = self._intents.get(intent_id)
        if number is not None:
            self.note(place, number)


@attrs.frozen
class Pulse:
    """The newest trigger, and until when its order is wanted."""

    number: int = 0
    until_ns: int = 0


class AtTriggers:
    """Wants an order at each trigger: the best bid's quantity says which one it is."""

    name = "at_triggers"
    #: What is wanted next is set before what was wanted last is withdrawn.
    slots = tuple(f"bid.{n}" for n in reversed(range(SLOTS)))

    def __init__(self, pair: str, base: int, stamps: Stamps) -> None:
        self.pair = pair
        self._base = base
        self._stamps = stamps

    def initial(self) -> Pulse:
        """Nothing is wanted."""
        return Pulse()

    def decide(self, state: Pulse, view: View) -> Decision:
        """An order far from where it would trade, for a while."""
        woken_ns = time.monotonic_ns()
        number = view.touch.bid_qty - self._base
        if number > 0 and number != state.number and view.touch.live:
            state = Pulse(number, view.now_ns + WANTED_NS)
            self._stamps.note("woken", number, woken_ns)
        if view.now_ns >= state.until_ns or view.touch.bid is None:
            return Decision(state, (), ("no trigger",))
        slot, price = self.slots[-1 - number % SLOTS], view.touch.bid
        quantity = self._base + number
        want = Want(slot, self.pair, Side.BUY, price, quantity, True, state.until_ns, "a trigger")
        self._stamps.note("decided", number)
        return Decision(state, (want,), ("a trigger",))


class _Reader:
    """Notes triggers on their way through the feed's reader."""

    def __init__(self, reader: FrameReader, mark: bytes, stamps: Stamps) -> None:
        self._reader = reader
        self._mark = mark
        self._stamps = stamps

    def feed(self, payload: bytes, received_ns: int) -> Iterable[Message]:
        """As the reader does."""
        return self._reader.feed(payload, received_ns)

    def feed_all(self, payloads: Sequence[bytes], received_ns: int) -> Iterable[Sequence[Message]]:
        """As the reader does."""
        marked = any(self._mark in payload for payload in payloads)
        began_ns = time.monotonic_ns()
        for said in self._reader.feed_all(payloads, received_ns):
            quotes = (quote for news in said if isinstance(news, Quotes) for quote in news.quotes)
            for quote in quotes if marked else ():
                if quote.symbol == self._stamps.pair:
                    self._stamps.quote(quote, began_ns)
            yield said


@attrs.frozen
class Venue(KrakenVenue):
    """Kraken's, with our reader."""

    stamps: Stamps = attrs.field(kw_only=True, eq=False)
    mark: bytes = attrs.field(kw_only=True)

    def public_reader(self, connection: str) -> Callable[[], FrameReader]:
        """See KrakenVenue."""
        make = super().public_reader(connection)
        return lambda: _Reader(make(), self.mark, self.stamps)


class _Store(PostgresJournal):
    """Notes commits of orders' first rows."""

    def __init__(self, database: Database, account: str, stamps: Stamps) -> None:
        super().__init__(database, account)
        self._stamps = stamps

    def begin(self, rows: Sequence[JournalRow]) -> Callable[[], None]:
        """As the journal does."""
        began_ns = time.monotonic_ns()
        return partial(self._end, rows, began_ns, super().begin(rows))

    def _end(self, rows: Sequence[JournalRow], began_ns: int, end: Callable[[], None]) -> None:
        end()
        self._stamps.committed(rows, began_ns, time.monotonic_ns())


class TracedDesk(Desk):
    """A desk with our strategy, wide limits, and stamps."""

    stamps: Stamps
    pair: str
    base: int

    def _parts(self) -> Parts:
        self._runtime.note_turn = self.stamps.turn
        strategy = AtTriggers(self.pair, self.base, self.stamps)
        parts = super()._parts()
        return attrs.evolve(
            parts,
            store=_Store(self._database, self._account, self.stamps),
            strategies=(StrategyConfig(strategy.name, strategy, Pulse),),
            pairs=self._settings.desk.focus,
            limiter=Limiter(WIDE, 20),
        )


@attrs.frozen
class Wanted:
    """What the desk's process is told."""

    state: Path
    ports: tuple[int, int]
    pair: str
    focus: tuple[str, ...]
    base: int
    cpu: int | None


LIMITS: Final = Limits(
    max_order_notional=Decimal(1_000_000),
    max_pair_notional=Decimal(10_000_000),
    max_position_notional=Decimal(100_000_000),
    max_open_orders=10_000,
    max_open_orders_in_all=10_000,
    max_orders_per_minute=1_000_000,
)


def desk(wanted: Wanted, pipe: Connection) -> None:
    """The process: a desk until it is told to stop; then its stamps."""
    public, private = (f"127.0.0.1:{port}" for port in wanted.ports)
    environ = {
        "ZOE_STATE_DIR": str(wanted.state),
        "EXCHANGE": "sandbox",
        "KRAKEN_REST_URL": f"http://{private}",
        "KRAKEN_WS_URL": f"ws://{public}/v2",
        "KRAKEN_WS_AUTH_URL": f"ws://{private}/v2",
    }
    flags = {
        "desk.focus": ",".join(wanted.focus),
        "desk.pin_cpu": str(-1 if wanted.cpu is None else wanted.cpu),
        "focus.budget": "0",
    }
    settings = load(Path(os.devnull), flags, environ)
    scout = attrs.evolve(settings.scout, enabled=True)
    settings = attrs.evolve(settings, risk=LIMITS, scout=scout)
    stamps = Stamps(wanted.base, wanted.pair)
    keys = KeyPair("a-key", "c2VjcmV0" * 8)
    mark = f'"symbol":"{wanted.pair}"'.encode()
    venue = Venue(keys, *settings.addresses, levels=True, stamps=stamps, mark=mark)
    with ExitStack() as stack:
        claims.prepare(settings.state_dir)
        said = stack.enter_context((wanted.state / "said.txt").open("w", buffering=1))
        log_file = logs.set_up(settings.log, settings.log_dir, logs.Redactor([]), said)
        server = EmbeddedServer.start(settings.state_dir)
        stack.callback(server.stop)
        database = Database(server_at(server.endpoint))
        wait_until_up(database, server)
        migrate(database)
        account = account_id("sandbox", "a-key")
        lock = desk_rows.AccountLock(database, account)
        assert lock.take()
        TracedDesk.stamps, TracedDesk.pair, TracedDesk.base = stamps, wanted.pair, wanted.base
        running = TracedDesk(settings, Run(), account, venue, (database, lock))
        running.run(time.monotonic_ns(), Beside(log_file, None, server))
    stamps.settle()
    pipe.send({place: dict(seen) for place, seen in stamps.of.items()})


def commits(state: Path, count: int, gap_seconds: float) -> tuple[list[float], list[float]]:
    """Microseconds of so many bare commits of a row like an order's: one behind the other, and at the triggers' pace.

    A server that has rested takes twice as long, since nothing of it is in the processor's caches.
    """
    server = EmbeddedServer.start(state)
    try:
        database = Database(server_at(server.endpoint))
        wait_until_up(database, server)
        migrate(database)
        store = PostgresJournal(database, "bare")
        at_once = [_commit(store, number) for number in range(1, count + 1)]
        paced = []
        for number in range(count + 1, 2 * count + 1):
            time.sleep(gap_seconds)
            paced.append(_commit(store, number))
        return at_once, paced
    finally:
        server.stop()


def _commit(store: PostgresJournal, number: int) -> float:
    row = JournalRow(number, "bare", f"order/bare/{number}", 1, "x", 1, number, 1, None, None, BODY)
    began = time.perf_counter()
    store.append((row,))
    return (time.perf_counter() - began) * 1e6


BODY: Final = (
    '{"cl_ord_id":"018f6e1c-7c2a-8a31-9b1e-0123456789ab","decision":"strategy/x/at_triggers@1",'
    '"intent_id":"018f6e1c-7c2a-4a31-9b1e-0123456789ab","limit_price":"50123.4","not_after_ns":'
    '"1700000000000000000","order_type":"limit","pair":"BTC/USD","post_only":true,"quantity":'
    '"0.00123456","route":"WEBSOCKET","side":"buy","slot":"bid.1","source":"strategy/at_triggers",'
    '"state":"SENDING","time_in_force":"GTC","verdict":{"code":"APPROVED","values":{}}}'
)
