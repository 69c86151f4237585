"""Exchange: the front of the core. Bytes and a time in, deliveries out."""

from zoe.sandbox.core.admin import Admin
from zoe.sandbox.core.books import BookChannel
from zoe.sandbox.core.channels import Channels
from zoe.sandbox.core.clearing import Clearing
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.connects import Connects
from zoe.sandbox.core.engine import Engine
from zoe.sandbox.core.executions import Reports
from zoe.sandbox.core.faults import Faults
from zoe.sandbox.core.house import HouseDesk
from zoe.sandbox.core.journal import Journal
from zoe.sandbox.core.limits import Limits
from zoe.sandbox.core.market import MarketModel
from zoe.sandbox.core.memory import Memory
from zoe.sandbox.core.opening import Grant, open_account
from zoe.sandbox.core.outbox import Outbox
from zoe.sandbox.core.recovery import Recovery
from zoe.sandbox.core.rest import Rest
from zoe.sandbox.core.rest_private import RestPrivate
from zoe.sandbox.core.rest_public import RestPublic
from zoe.sandbox.core.socket_trading import SocketTrading
from zoe.sandbox.core.sockets import Sockets
from zoe.sandbox.core.tape import Tape
from zoe.sandbox.core.trading import Trading
from zoe.sandbox.core.wire import Delivery, HttpRequest
from zoe.sandbox.core.world import HALTED, new_world


class _Told:
    """See engine.Listener: reports and tape, in this order."""

    def __init__(self, reports: Reports, tape: Tape) -> None:
        self.order_changed = reports.order_changed
        self.ledger_written = reports.ledger_written
        self.traded = tape.traded


class Exchange:
    """A Kraken-compatible exchange that owns no clock, socket or thread.

    ``now_ns`` is UTC; it never goes back inside (an earlier one counts as the latest seen). No input
    makes a method raise; only the memory can.

    Args:
        memory: An earlier exchange's journal is gone on with: same accounts, keys, orders, balances.

    Attributes:
        world: What it knows; for audits to read, not to change.

    Raises:
        ValueError: The journal cannot be read, or is of other pairs.
    """

    def __init__(self, config: Config, memory: Memory, now_ns: int) -> None:
        world = self.world = new_world(config, Journal(memory), now_ns)
        self._connects = Connects(config.connects)
        faults = Faults()
        self._outbox = Outbox(faults)
        self._tape = Tape(world, self._outbox)
        self._books = BookChannel(world, self._outbox)
        limits = Limits(world)
        reports = Reports(world, self._outbox, limits)
        clearing = Clearing(world, _Told(reports, self._tape))
        engine = self._engine = Engine(world, clearing)
        trading = Trading(world, engine, limits)
        calls = (RestPublic(world, self._tape), RestPrivate(world, trading))
        self._rest = Rest(world, (self._outbox, faults), limits, calls)
        channels = Channels(world, self._outbox, (self._books, self._tape, reports))
        parts = (channels, SocketTrading(world, trading))
        self._sockets = Sockets(world, self._outbox, faults, parts)
        self._house = HouseDesk(world, engine, self._tape)
        self._admin = Admin(world, clearing, self._house, faults)
        self._admin.on_status = self._sockets.tell_status
        self._begin(memory, clearing, trading)

    def _begin(self, memory: Memory, clearing: Clearing, trading: Trading) -> None:
        world = self.world
        recovery = Recovery(world)
        recovery.run(memory)
        for order in recovery.queue.values():
            self._engine.resume(order)
        for account in world.accounts.by_name.values():
            trading.arm(account)
        if not world.accounts.by_name:
            known = {
                name: amount
                for name, amount in world.config.balances.items()
                if world.catalog.asset(name) is not None
            }
            grant = Grant(world.config.tier, limits=world.config.limits)
            open_account(world, clearing, self._admin.amounts(known), grant)
        self._outbox.now_ns = world.now_ns
        world.timers.run(world.now_ns)
        if world.config.market is not None:
            world.config.market.step(world.now_ns, self._house)
        self._finish()

    @property
    def first_key(self) -> tuple[str, str]:
        """Key and secret (base64) of the account that is made at the first start."""
        key = next(iter(self.world.accounts.keys.values()))
        return key.key, key.secret

    def request(self, now_ns: int, request: HttpRequest) -> list[Delivery]:
        """``/0/public/*``, ``/0/private/*`` and ``/sandbox/*`` (to be let in from loopback only)."""
        self._advance(now_ns)
        if request.path.startswith("/sandbox/"):
            answer = self._admin.handle(request)
            self._outbox.http(request.exchange, answer, self.world.now_ns)
        else:
            self._rest.handle(request)
        return self._finish()

    def admits(self, now_ns: int) -> bool:
        """Whether a socket may be opened; asked before ``opened``, and counted."""
        return self._connects.admits(now_ns)

    def opened(self, now_ns: int, connection: int, path: str) -> list[Delivery]:
        """A socket on ``/v2`` (public) or ``/auth/v2`` (private)."""
        self._advance(now_ns)
        self._sockets.opened(connection, path)
        return self._finish()

    def received(self, now_ns: int, connection: int, payload: bytes) -> list[Delivery]:
        """A text frame from a client."""
        self._advance(now_ns)
        self._sockets.received(connection, payload)
        return self._finish()

    def closed(self, now_ns: int, connection: int) -> None:
        """The socket is gone, whoever closed it."""
        self.world.now_ns = self._outbox.now_ns = max(self.world.now_ns, now_ns)
        self._sockets.closed(connection)

    def next_wakeup(self) -> int | None:
        """When something is due by itself, or sooner; to be asked after every call of another method."""
        market = self._market()
        traders_ns = None if market is None else market.next_ns()
        due = (self.world.timers.next_ns(), self._sockets.next_ns(), traders_ns)
        return min(filter(None, due), default=None)

    def wake(self, now_ns: int) -> list[Delivery]:
        """What was due until now."""
        self._advance(now_ns)
        market = self._market()
        if market is not None:
            due_ns = market.next_ns()
            if due_ns is not None and due_ns <= self.world.now_ns:
                market.step(self.world.now_ns, self._house)
        deliveries = self._finish()
        self._sockets.wake()
        return deliveries + self._outbox.take()

    def _market(self) -> MarketModel | None:
        """The synthetic traders, while the exchange lets them trade."""
        return None if self.world.status in HALTED else self.world.config.market

    def _advance(self, now_ns: int) -> None:
        """Time passes; what was due meanwhile is done before anything new."""
        world = self.world
        world.now_ns = self._outbox.now_ns = max(world.now_ns, now_ns)
        world.timers.run(world.now_ns)
        if world.stirred:
            self._engine.fire()

    def _finish(self) -> list[Delivery]:
        """Tells of changed books, and keeps what was changed before anything leaves."""
        world = self.world
        if world.stirred:
            self._engine.fire()
        if world.books.changed:
            for symbol in sorted(world.books.changed):
                self._books.tell(symbol)
                self._tape.tell(symbol)
            world.books.changed.clear()
        world.journal.commit()
        return self._outbox.take()
