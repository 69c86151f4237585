"""The desk itself: the actors' parts made real, the threads beside them, and the wait for the end."""

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from itertools import count
from types import FrameType
from typing import Any, Final

import attrs

from zoe.actors.closer import PATIENCE_SECONDS
from zoe.actors.gateway import NONCE_AHEAD_NS
from zoe.actors.strategist import StrategyConfig
from zoe.adapters.door_socket import DoorSocket
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.adapters.wire import ThreadWire
from zoe.app import claims, cpu_latency, huge_pages, last_resort
from zoe.app.engines import engines
from zoe.app.history import market_of
from zoe.app.log_file import LogFile
from zoe.app.own_sandbox import OwnSandbox
from zoe.app.settings import Settings
from zoe.app.stopping import stop_signals
from zoe.app.systemd import notify, watchdog_seconds
from zoe.app.tree import READY, Parts, tree
from zoe.app.version import VERSION
from zoe.domain.errors import ConfigError, StoreError
from zoe.domain.ids import desk_tag
from zoe.domain.limiter import Limiter
from zoe.domain.ratelimit import TIERS
from zoe.domain.strategy.quote_keeper import QuoteKeeper, State
from zoe.domain.words import counted
from zoe.messages.system import Beat, CloseDesk
from zoe.runtime.clock import SystemClock
from zoe.runtime.log import LateLines, log
from zoe.runtime.message import Envelope
from zoe.runtime.supervisor import EXIT_GAVE_UP
from zoe.runtime.threads import ThreadRuntime
from zoe.store import desk as desk_rows
from zoe.store.bars import PostgresBars
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.emergency import EmergencyFile
from zoe.store.journal import PostgresJournal
from zoe.store.ledger import PostgresLedger
from zoe.store.revival import keep_up
from zoe.store.views_kept import ViewsKept

#: More than the Closer's patience.
CLOSING_SECONDS: Final = PATIENCE_SECONDS + 2
#: What is promised to a service manager, less a little.
ENDING_SECONDS: Final = 9.5
#: How often the main thread looks whether it was told to stop.
LOOK_SECONDS: Final = 0.1
#: Memory goes into huge pages when the desk is ready, after so many seconds, and whenever it has run
#: for twice as long: what it allocates is allocated at first.
HUGE_PAGES_SECONDS: Final = 4
_BOOT_BITS: Final = 40
#: Which exchange of its own a desk trades on, in the configuration that it writes.
SANDBOX_BEGUN: Final = "sandbox.begun"


@attrs.frozen
class Run:
    """What the command line asked of this run.

    Attributes:
        seconds: End in order after this time.
        seed: Of the sandbox, and of the actors' own chance.
        live: The person said that real money may be used.
        json: Log lines in JSON on a terminal too, and why it cannot start as a document.
    """

    seconds: int | None = None
    seed: int | None = None
    live: bool = False
    json: bool = False


@attrs.frozen
class Beside:
    """What was made before the desk and lives beside it; a sandbox and a server of its own."""

    log_file: LogFile
    sandbox: OwnSandbox | None
    server: EmbeddedServer | None


class Desk:
    """A desk whose claims are held and whose store is up.

    Args:
        beneath: The database, and the account's lock in it, held.
    """

    def __init__(
        self,
        settings: Settings,
        wanted: Run,
        account: str,
        venue: KrakenVenue,
        beneath: tuple[Database, desk_rows.AccountLock],
    ) -> None:
        self._settings = settings
        self._wanted = wanted
        self._account = account
        self._venue = venue
        self._database, self._lock = beneath
        self._boot = desk_rows.next_boot(self._database, account, time.time_ns())
        # Each start draws other numbers, so that no id is ever made twice.
        seed = None if wanted.seed is None else wanted.seed << _BOOT_BITS | self._boot
        pin_cpu = None if settings.desk.pin_cpu < 0 else settings.desk.pin_cpu
        try:
            self._runtime = ThreadRuntime(self._boot, seed, pin_cpu)
        except OSError as problem:
            ours = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
            raise ConfigError(
                f"[desk] pin_cpu is {pin_cpu}, this process may use {ours}"
            ) from problem
        self._door = DoorSocket(settings.door_path)
        self._notes = EmergencyFile(settings.state_dir / "emergency.jsonl")
        self._notes.reserve()
        self._started_ns = time.monotonic_ns()
        self._ready = False
        self._told_to_stop: str | None = None
        self._log_file: LogFile | None = None

    def run(self, started_ns: int, beside: Beside) -> int:
        """Runs until the end, and keeps up what was started beside it; the exit code."""
        self._started_ns = started_ns
        self._log_file = beside.log_file
        late = log.late = LateLines()
        self._runtime.reader("log", late.run)
        try:
            with cpu_latency.limited(self._settings.desk.cpu_latency_us):
                return self._run(beside)
        finally:
            log.late = None
            late.flush()

    def _run(self, beside: Beside) -> int:
        runtime = self._runtime
        runtime.endpoint("wire", ThreadWire(runtime).handle)
        runtime.endpoint("door_socket", self._door.handle)
        runtime.endpoint(READY, self._is_ready)
        self._write_config(beside.sandbox)
        for number in stop_signals():
            signal.signal(number, self._asked_to_stop)
        runtime.root(tree(self._parts()))
        door = runtime.find("door")
        runtime.reader("door", lambda stop: self._door.serve(stop, door.tell))
        if beside.sandbox is not None:
            runtime.reader("sandbox", beside.sandbox.watch)
        if beside.server is not None:
            runtime.reader("store", partial(keep_up, beside.server))
        code = self._wait()
        self._door.wake()
        notify("STOPPING=1")
        if code == EXIT_GAVE_UP:
            self._cancel_own_orders()
        log.info("desk.stopped", exit=code)
        return code

    def _cancel_own_orders(self) -> None:
        """The tree is gone: nobody watches the working orders until the next start."""
        account = self._account
        ahead_ns = time.time_ns() + NONCE_AHEAD_NS
        reserve = partial(desk_rows.reserve_nonce, self._database, account, ahead_ns)
        journal = PostgresJournal(self._database, account)
        try:
            orders = last_resort.own_orders(journal.open_orders(account))
            nonces = count(reserve(NONCE_AHEAD_NS) - NONCE_AHEAD_NS)
        except StoreError as problem:
            log.critical("desk.orders_not_canceled", error=str(problem))
            return
        last_resort.cancel(orders, self._venue, nonces, SystemClock())

    def _asked_to_stop(self, number: int, _frame: FrameType | None) -> None:
        # No more than this: a handler may find the thread it interrupts inside any lock.
        self._told_to_stop = signal.Signals(number).name

    def _wait(self) -> int:
        """Waits for the end; a desk that is told to stop does, whatever becomes of its Closer."""
        told_at: float | None = None
        huge_after, huge_at = HUGE_PAGES_SECONDS, 0.0
        while (code := self._runtime.wait(LOOK_SECONDS)) is None:
            if self._told_to_stop is None:
                if self._ready and time.monotonic() >= huge_at:
                    huge_after, huge_at = huge_after * 2, time.monotonic() + huge_after
                    self._use_huge_pages()
                continue
            if told_at is None:
                told_at = time.monotonic()
                self._runtime.find("closer").tell(CloseDesk(self._told_to_stop))
            self._hurry(time.monotonic() - told_at)
        return code

    def _use_huge_pages(self) -> None:
        if self._settings.desk.huge_pages:
            taken = huge_pages.collapse()
            log.debug("desk.huge_pages", mib=taken >> 20)

    def _hurry(self, seconds: float) -> None:
        """What must be done about a desk that was told to stop so long ago.

        In the end it goes as if it were killed: a store that is away keeps what is not durable from
        being written, and the next start looks it up.
        """
        if seconds > ENDING_SECONDS:
            log.critical("desk.stop_cut_short")
            os._exit(EXIT_GAVE_UP)
        if seconds > CLOSING_SECONDS and self._runtime.supervision.ending is None:
            self._runtime.shutdown(EXIT_GAVE_UP, "not closed in its time")

    def _is_ready(self, _envelope: Envelope) -> None:
        if self._ready:
            return
        self._ready = True
        # What a start has made lives as long as the desk: looking through all of it for garbage, as
        # every full collection does, would stop everybody for tens of milliseconds.
        gc.freeze()
        notify("READY=1")
        seconds = (time.monotonic_ns() - self._started_ns) / 1e9
        log.info("desk.ready", seconds=round(seconds, 3))

    def _parts(self) -> Parts:
        settings = self._settings
        tier = TIERS[settings.exchange.tier]
        strategies = self._strategies()
        pairs = (*settings.desk.focus, *(config.strategy.pair for config in strategies))
        database, account = self._database, self._account
        return Parts(
            account_id=account,
            desk_tag=desk_tag(account, claims.identity(settings.state_dir)),
            venue=self._venue,
            store=PostgresJournal(database, account),
            books=PostgresLedger(database, account),
            bars=PostgresBars(database, market_of(settings)),
            notes=self._notes,
            reserve_nonce=lambda wanted: desk_rows.reserve_nonce(
                database, account, wanted, NONCE_AHEAD_NS
            ),
            write_health=ViewsKept(database, account, settings.desk.views_days).write_health,
            vitals=self._vitals,
            alive=self._alive,
            patience_seconds=watchdog_seconds(),
            take_lock=self._lock.take,
            describe=self._describe,
            limits=settings.risk,
            limiter=Limiter(tier, settings.exchange.reserve),
            pairs=tuple(dict.fromkeys(pairs)),
            strategies=strategies,
            engines=engines(settings, self._forbidden()),
            forbidden=self._forbidden(),
            dead_man=settings.desk.dead_man,
            cancel_on_stop=settings.desk.on_stop == "cancel",
            seconds=self._wanted.seconds,
            lag_ns=settings.exchange.lag_ms * 1_000_000,
            repeg=settings.repeg,
            scan=settings.scout,
            focus=settings.focus,
        )

    def _forbidden(self) -> str | None:
        """Why nothing at all may be traded in this run."""
        if self._settings.is_live and not self._wanted.live:
            return "real money: start with --live"
        return None

    def _strategies(self) -> tuple[StrategyConfig, ...]:
        chosen = self._settings.quote_keeper
        needed = ("live",) if self._settings.is_live else ("sandbox", "live")
        if chosen.mode not in needed or self._forbidden() is not None:
            return ()
        return (StrategyConfig("quote_keeper", QuoteKeeper(chosen.params), State, chosen.mode),)

    @staticmethod
    def _alive() -> None:
        notify("WATCHDOG=1")

    def _vitals(self) -> Sequence[Beat]:
        actors = [
            Beat(
                f"actor/{v.name}",
                "ok" if v.alive else "down",
                f"incarnation {v.incarnation}, mailbox {v.mailbox}, handled {v.handled}",
            )
            for v in self._runtime.vitals()
            if not v.name.startswith("orders/")
        ]
        file = self._log_file
        if file is None:
            return actors
        detail = f"{counted(file.lost, 'line')} not written"
        return [Beat("log", "degraded" if file.failing else "ok", detail), *actors]

    def _describe(self) -> dict[str, Any]:
        mode = "live" if self._settings.is_live else "sandbox"
        return {
            "version": VERSION,
            "mode": mode,
            "exchange": self._settings.exchange.name,
            "boot": self._boot,
            "exchange_urls": {
                "rest": self._venue.rest_url,
                "ws": self._venue.public_url,
                "ws_auth": self._venue.private_url,
            },
            "uptime_seconds": (time.monotonic_ns() - self._started_ns) // 1_000_000_000,
            "log": str(self._settings.log_path),
            "dead_letters": self._runtime.dead_count,
            "actors": [attrs.asdict(v) for v in self._runtime.vitals()],
        }

    def _write_config(self, sandbox: OwnSandbox | None) -> None:
        shown = dict(self._settings.shown)
        if sandbox is not None:
            shown[SANDBOX_BEGUN] = (sandbox.begun(), "sandbox")
        desk_rows.write_config(self._database, self._account, shown, time.time_ns())
        if sys.stderr.isatty() and not self._wanted.json:
            told = (
                f"log in {self._settings.log_path}; Ctrl-C ends it in order; elsewhere: zoe status"
            )
            print(f"zoe {VERSION}: {told}", file=sys.stderr)
