"""The desk's process: takes its claims, brings up what it needs, runs the desk, ends in order."""

import contextlib
import decimal
import json
import os
import signal
import sys
import time
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.app import claims, logs
from zoe.app.desk import SANDBOX_BEGUN, Beside, Desk, Run
from zoe.app.own_sandbox import OwnSandbox, SandboxOptions, seed_of
from zoe.app.settings import Settings, is_loopback
from zoe.app.stopping import stop_signals
from zoe.domain.errors import ConfigError, StoreError
from zoe.domain.ids import account_id
from zoe.runtime.log import log
from zoe.store import desk as desk_rows
from zoe.store.connection import Database, server_of
from zoe.store.embedded import EmbeddedServer
from zoe.store.migrate import migrate
from zoe.store.reading import server_at
from zoe.store.waiting import wait_until_up

EXIT_CONFIG: Final = 2
EXIT_ANOTHER_DESK: Final = 6
EXIT_GAVE_UP: Final = 70
#: PostgreSQL's codes for a user, a password or a database that it does not know.
_LOCKED_OUT: Final = ("28000", "28P01", "3D000")
#: A server on another machine notices within half a minute that a desk has died.
INHERIT_SECONDS: Final = 30
#: Digits of every decimal computation; money never comes near.
PRECISION: Final = 50


class _ToldToStop(BaseException):
    """A signal came while the desk was being brought up."""


def run(settings: Settings, wanted: Run) -> int:
    """Runs a desk until it ends; the process's exit code."""
    _exact_decimals()
    for number in stop_signals():
        signal.signal(number, _told_to_stop)
    try:
        return _run_or_refuse(settings, wanted)
    except _ToldToStop:
        return 0


def _told_to_stop(_number: int, _frame: FrameType | None) -> None:
    """Leaves the bringing up where it is; what it made so far is let go in reverse order."""
    for number in stop_signals():  # once is enough: a second one must not stop the letting go
        signal.signal(number, signal.SIG_IGN)
    raise _ToldToStop


def _run_or_refuse(settings: Settings, wanted: Run) -> int:
    with contextlib.ExitStack() as stack:
        try:
            return _run(settings, wanted, stack)
        except ConfigError as problem:
            word, text, code = "configuration", str(problem), EXIT_CONFIG
        except claims.AnotherDesk as problem:
            word, text, code = "another_desk", str(problem), EXIT_ANOTHER_DESK
        except StoreError as problem:
            word, text, code = "store", f"the store: {problem}", EXIT_GAVE_UP
        print(f"zoe: {text}", file=sys.stderr)
        if wanted.json:
            print(json.dumps({"error": {"code": word, "text": text}}))
        return code


def _exact_decimals() -> None:
    """Before any thread starts: contexts are per thread and copied from the default one."""
    decimal.DefaultContext.prec = PRECISION
    decimal.DefaultContext.traps[decimal.FloatOperation] = True
    decimal.setcontext(decimal.DefaultContext.copy())


def _run(settings: Settings, wanted: Run, stack: contextlib.ExitStack) -> int:
    _refuse_robinhood(settings)
    started_ns = time.monotonic_ns()
    claims.prepare(settings.state_dir)
    stack.enter_context(claims.claim(settings.state_dir / "desk.lock", "this state directory"))
    redactor = logs.Redactor(settings.secrets)
    try:
        log_file = logs.set_up(settings.log, settings.log_dir, redactor, json_lines=wanted.json)
    except OSError as problem:
        raise ConfigError(f"log directory {settings.log_dir}: {problem.strerror}") from problem
    log.info("desk.starting", pid=os.getpid(), log=str(settings.log_path))
    sandbox = _own_sandbox(settings, wanted, stack)
    server = _own_server(settings, stack)
    venue = _venue(settings, sandbox, redactor)
    assert venue.keys is not None
    account = account_id(settings.exchange.name, venue.keys.key)
    port = urlsplit(venue.rest_url).port if is_loopback(venue.rest_url) else None
    stack.enter_context(claims.claim(claims.account_file(account, port), "this account"))
    database = _database(settings, server)
    lock = desk_rows.AccountLock(database, account)
    if not lock.take() and not _inherited(lock):
        why = " (sandboxes of one --seed have one account)" if settings.own_sandbox else ""
        raise claims.AnotherDesk(f"another desk holds this account in the database{why}")
    _refuse_another_sandbox(sandbox, database, account)
    desk = Desk(settings, wanted, account, venue, (database, lock))
    return desk.run(started_ns, Beside(log_file, sandbox, server))


def _refuse_another_sandbox(sandbox: OwnSandbox | None, database: Database, account: str) -> None:
    """Sandboxes of one seed give the same ids to other orders and other rows: what one has done must
    not be taken for another's."""
    if sandbox is None:
        return
    known = desk_rows.configured(database, account, SANDBOX_BEGUN)
    if known not in (None, sandbox.begun()):
        raise ConfigError(
            "the database has the books of another sandbox of this --seed: use another database, or"
            f" remove {sandbox.directory} and name another seed, or none"
        )


def _refuse_robinhood(settings: Settings) -> None:
    if settings.exchange.name == "robinhood":
        raise ConfigError(
            "no desk trades on robinhood, only on kraken and sandbox; for robinhood there are"
            " zoe doctor, zoe catalog and a client for programs (docs/robinhood.md)"
        )


def _inherited(lock: desk_rows.AccountLock) -> bool:
    """Whether who holds the lock turned out to have died, and it is ours."""
    log.info("desk.lock_awaited", seconds=INHERIT_SECONDS)
    return lock.inherit(INHERIT_SECONDS)


def _own_sandbox(settings: Settings, wanted: Run, stack: contextlib.ExitStack) -> OwnSandbox | None:
    if not settings.own_sandbox:
        return None
    directory = settings.state_dir / "sandbox"
    directory.mkdir(mode=0o700, exist_ok=True)
    options = SandboxOptions(
        directory,
        settings.log_dir / "sandbox.log",
        settings.exchange.tier,
        seed_of(directory) if wanted.seed is None else wanted.seed,
        settings.sandbox.market,
        settings.sandbox.pairs,
    )
    sandbox = OwnSandbox(options)
    stack.callback(sandbox.stop)
    return sandbox


def _own_server(settings: Settings, stack: contextlib.ExitStack) -> EmbeddedServer | None:
    if settings.database_url:
        return None
    server = EmbeddedServer.start(settings.state_dir)
    stack.callback(server.stop)
    return server


def _venue(settings: Settings, sandbox: OwnSandbox | None, redactor: logs.Redactor) -> KrakenVenue:
    if sandbox is not None:
        ready = sandbox.ready()
        redactor.register(ready.secret)
        keys = KeyPair(ready.key, ready.secret)
        return KrakenVenue(keys, ready.rest, ready.ws, ready.ws_auth, levels=True)
    if not settings.api_key or not settings.api_secret:
        raise ConfigError(
            "no API key: set KRAKEN_API_KEY and KRAKEN_API_SECRET, or put them in .env"
        )
    keys = KeyPair(settings.api_key, settings.api_secret)
    return KrakenVenue(keys, *settings.addresses, levels=True)


def _database(settings: Settings, server: EmbeddedServer | None) -> Database:
    if server is None:
        database = Database(server_of(settings.database_url))
        _refuse_strangers(database)
    else:
        database = Database(server_at(server.endpoint))
        wait_until_up(database, server)
    database.refuse_unsafe()
    migrate(database)
    return database


def _refuse_strangers(database: Database) -> None:
    """Tells a server that will never let us in from one that is away, and may be back."""
    try:
        database.run(lambda connection: connection.run("SELECT 1"))
    except StoreError as problem:
        if any(code in str(problem) for code in _LOCKED_OUT):
            raise ConfigError(f"DATABASE_URL: {problem}") from problem
        raise
