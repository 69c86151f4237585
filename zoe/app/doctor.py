"""The doctor: ten questions about the exchange, the key and this machine, each answered by itself.

Public checks go to the exchange. Private ones too, with nonces beyond every one that the desk has
reserved; but while a desk runs with this key, its private side is the desk's (two users of a key
break each other's nonces), so the answers are what the desk itself has last seen, and say so. Only
the key's permissions are asked for all the same, in one call.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

import attrs
import msgspec

from zoe.actors.gateway import NONCE_AHEAD_NS
from zoe.adapters.kraken import account_calls, answers, api, public_calls
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.ws_session import KrakenSession, request
from zoe.adapters.socket_talk import SocketTalk
from zoe.adapters.wire import once
from zoe.app import findings, remedies
from zoe.app.findings import Bad, Finding
from zoe.app.settings import Settings
from zoe.domain.catalog import TRADABLE
from zoe.domain.errors import (
    ConfigError,
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    StoreError,
    WireError,
)
from zoe.domain.ids import account_id
from zoe.domain.words import counted
from zoe.messages.wire import WireLost, WireRequest
from zoe.ports.venue import StreamGap, StreamLive
from zoe.runtime.clock import SystemClock
from zoe.store import desk as desk_rows
from zoe.store import reading
from zoe.store.connection import Database

T = TypeVar("T")

CALL_SECONDS: Final = 5
#: Nonces are taken from a span that nobody else was given; a short one, since what is reserved is
#: what the next desk begins beyond.
NONCES_NS: Final = 1_000_000
LONGEST_WAIT_NS: Final = 12_000_000_000
#: A desk's private stream is pinged three times in this span.
FRESH_MS: Final = 20_000
WITHDRAW: Final = frozenset({"withdraw-funds", "withdraw"})
#: What a desk cannot trade without.
NEEDED: Final = frozenset(
    {"query-funds", "query-open-trades", "query-closed-trades", "modify-trades"}
    | {"query-ledger", "create-ws-token"}
)
_SEE_ADDRESS: Final = "see that {} is right and can be reached from here"
_SET_ADDRESSES: Final = (
    "start the desk with zoe run, or say --exchange, or set EXCHANGE, or KRAKEN_REST_URL, "
    "KRAKEN_WS_URL and KRAKEN_WS_AUTH_URL"
)


@attrs.frozen
class Urls:
    """Where the exchange is."""

    rest: str
    ws: str
    ws_auth: str


class Doctor:
    """The ten checks.

    Args:
        desk: What a running desk says of itself; None where none runs.
        clock: Of this machine.
    """

    def __init__(
        self, settings: Settings, desk: Mapping[str, Any] | None, clock: SystemClock | None = None
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._clock = clock or SystemClock()
        self._nonce = 0
        self._checks: dict[str, Callable[[], str]] = {
            "system_status": self._system_status,
            "tradable_pairs": self._tradable_pairs,
            "balance": self._balance,
            "open_orders": self._open_orders,
            "ws_public": self._ws_public,
            "ws_private": self._ws_private,
            "clock": self._machine_clock,
            "key_permissions": self._key_permissions,
            "database": self._database,
            "disk": partial(findings.free_space, settings.state_dir),
        }

    def examine(self, names: Iterable[str]) -> Iterator[Finding]:
        """A finding for each of the checks, as soon as it is there."""
        for name in names:
            yield findings.find(name, self._checks[name], self._clock, self._advice)

    def _advice(self, said: str) -> str:
        return remedies.remedy(said) or _SEE_ADDRESS.format(self._urls().rest)

    # Public

    def _system_status(self) -> str:
        status = api.parse(public_calls.Status, self._get("SystemStatus")).status
        if status != "online":
            raise Bad(
                f"the exchange is {status}", "wait: the desk goes on by itself when it is online"
            )
        return status

    def _tradable_pairs(self) -> str:
        rows = api.parse(dict[str, msgspec.Raw], self._get("AssetPairs"))
        try:
            found = {pair.symbol: pair for pair in answers.instruments(rows)}
        except ValueError as problem:
            raise WireError(str(problem), b"") from problem
        tradable = {symbol for symbol, pair in found.items() if pair.status in TRADABLE}
        missing = [symbol for symbol in self._settings.desk.focus if symbol not in tradable]
        if missing or not tradable:
            names = ", ".join(missing) or "any pair"
            raise Bad(f"no trade in {names}", "take it out of desk.focus in conf/zoe.toml, or wait")
        return f"{len(tradable)} of {len(found)} pairs"

    def _ws_public(self) -> str:
        pair = (*self._settings.desk.focus, "BTC/USD")[0]
        wanted = {"channel": "ticker", "symbol": [pair], "snapshot": True}
        with self._talk(self._urls().ws) as talk:
            talk.send(request("subscribe", wanted))
            while True:
                frame = api.parse(_Frame, talk.receive())
                if frame.success is False:
                    raise ExchangeRejected(frame.error or "subscription refused")
                if frame.channel == "ticker":
                    return f"ticker of {pair}"

    def _machine_clock(self) -> str:
        """The exchange tells whole seconds, so that it is right within one."""
        before_ns = self._clock.wall_ns()
        theirs_ns = api.parse(public_calls.ServerTime, self._get("Time")).unixtime * 1_000_000_000
        after_ns = self._clock.wall_ns()
        return findings.clock(theirs_ns, before_ns, after_ns)

    # Private

    def _balance(self) -> str:
        if self._is_desks:
            return self._of_desk("reconciler", f"{self._seen('reconciler')}")
        held = account_calls.read_balance(self._post("Balance"))
        return counted(sum(map(bool, held.values())), "asset")

    def _open_orders(self) -> str:
        if self._is_desks:
            assert self._desk is not None
            known = self._desk.get("orders") or ()
            return self._of_desk("reconciler", counted(len(known), "open order"))
        opened = api.parse(answers.OpenOrders, self._post("OpenOrders"))
        return counted(len(opened.open), "open order")

    def _ws_private(self) -> str:
        if self._is_desks:
            return self._of_desk("exchange_api", self._seen("exchange_api"))
        token = api.parse(answers.Token, self._post("GetWebSocketsToken")).token
        session = KrakenSession()
        with self._talk(self._urls().ws_auth) as talk:
            for payload in session.opened(token):
                talk.send(payload)
            while True:
                for said in session.received(talk.receive(), self._clock.wall_ns()):
                    if isinstance(said, StreamGap):
                        raise ExchangeUnavailable(said.reason)
                    if isinstance(said, StreamLive):
                        return "executions and balances"

    def _key_permissions(self) -> str:
        if self._settings.own_sandbox and (self._desk or {}).get("mode") == "sandbox":
            return "not asked: the desk's own sandbox gives it a key that cannot withdraw"
        result = self._post("GetApiKeyInfo")
        granted = set(api.parse(account_calls.ApiKeyInfo, result).permissions)
        if granted & WITHDRAW:
            raise Bad("the key can withdraw", "take that permission from it: no desk needs it")
        if NEEDED - granted:
            missing = ", ".join(sorted(NEEDED - granted))
            raise Bad(f"the key lacks {missing}", "give it these permissions in Kraken's settings")
        return f"{counted(len(granted), 'permission')}, none to withdraw"

    @property
    def _is_desks(self) -> bool:
        """Whether a running desk has the key that a check would use."""
        if self._desk is None:
            return False
        return self._settings.own_sandbox or self._account == self._desk.get("account_id")

    def _component(self, name: str) -> Mapping[str, Any]:
        assert self._desk is not None
        rows = self._desk.get("components") or ()
        return next((row for row in rows if row["component"] == name), {})

    def _seen(self, name: str) -> str:
        return str(self._component(name).get("detail", "nothing"))

    def _of_desk(self, name: str, detail: str) -> str:
        """The detail, if that part of the desk is well."""
        assert self._desk is not None
        row = self._component(name)
        stale = name == "exchange_api" and row.get("age_ms", FRESH_MS) >= FRESH_MS
        if row.get("status") != "ok" or stale or not self._desk.get("reconciled"):
            raise Bad(f"the running desk: {self._seen(name)}", "see zoe status and zoe logs")
        return f"{detail} (as the running desk sees it)"

    # The machine

    def _database(self) -> str:
        settings = self._settings
        try:
            count = reading.read(
                settings.state_dir,
                settings.database_url,
                lambda database: database.run(lambda c: c.run("SELECT count(*) FROM journal")),
            )
        except reading.NothingToRead:
            return "no desk has run yet: it is made at the first start"
        except StoreError as problem:
            what = (
                "the server of DATABASE_URL" if settings.database_url else "the desk's own server"
            )
            raise Bad(str(problem), f"see that {what} is up, then zoe logs") from problem
        return counted(count[0][0], "journal row")

    # Asking

    def _urls(self) -> Urls:
        told = (self._desk or {}).get("exchange_urls") if self._settings.own_sandbox else None
        if told:
            return Urls(told["rest"], told["ws"], told["ws_auth"])
        if self._settings.own_sandbox:
            raise Bad("no exchange to ask", _SET_ADDRESSES)
        return Urls(*self._settings.addresses)

    @contextmanager
    def _talk(self, url: str) -> Iterator[SocketTalk]:
        """A socket; what goes wrong on it is told with its own address, not with REST's."""
        try:
            with SocketTalk(url, time.monotonic() + CALL_SECONDS) as talk:
                yield talk
        except ExchangeUnavailable as problem:
            detail = str(problem)
            advice = remedies.remedy(detail) or _SEE_ADDRESS.format(url)
            raise Bad(detail, advice) from problem

    def _get(self, name: str) -> bytes:
        return self._send(api.public(name), None, None)

    def _post(self, name: str) -> bytes:
        settings = self._settings
        self._urls()
        if not settings.api_key or not settings.api_secret:
            raise Bad("no API key", "zoe keys import kraken.txt, or set KRAKEN_API_KEY and _SECRET")
        keys = KeyPair(settings.api_key, settings.api_secret)
        try:
            return self._send(api.private(name), keys, self._next_nonce())
        except ExchangeThrottled as refused:
            if not str(refused).startswith(remedies.INVALID_NONCE):
                raise
            # Two who ask at once may be heard in the other order: once more, beyond the other.
            self._nonce = 0
            return self._send(api.private(name), keys, self._next_nonce())

    def _send(self, call: api.Call, keys: KeyPair | None, nonce: int | None) -> bytes:
        asked = api.prepare(self._urls().rest, call, keys, nonce)
        wire = WireRequest(
            nonce or 0, "doctor", asked.method, asked.url, asked.headers, asked.body, CALL_SECONDS
        )
        answer = once(wire)
        if isinstance(answer, WireLost):
            raise ExchangeUnavailable(f"no answer: {answer.reason}")
        return api.unwrap(answer.status, answer.body)

    def _next_nonce(self) -> int:
        """Beyond every nonce that a desk has used, and below those that a running one will use."""
        if not self._nonce:
            self._nonce = self._below_the_desks() if self._is_desks else self._reserved()
        self._nonce = max(self._nonce + 1, self._clock.wall_ns())
        return self._nonce

    def _reserved(self) -> int:
        wanted = self._clock.wall_ns() + NONCES_NS
        account = self._account
        limit = self._of_store(
            lambda database: desk_rows.reserve_nonce(database, account, wanted, NONCES_NS)
        )
        return 0 if limit is None else limit - NONCES_NS

    def _below_the_desks(self) -> int:
        """A desk takes the time for its nonces, unless it was restarted within the span that the
        one before had reserved: until the time is there, there is no nonce for anybody else."""
        sql = "SELECT high_water FROM nonce WHERE account_id = :account"
        account = self._account
        found = self._of_store(lambda database: database.run(lambda c: c.run(sql, account=account)))
        ahead_ns = found[0][0] - NONCE_AHEAD_NS + NONCES_NS - self._clock.wall_ns() if found else 0
        if ahead_ns > LONGEST_WAIT_NS:
            seconds = ahead_ns // 1_000_000_000 + 1
            raise Bad("the running desk's nonces are ahead of the time", f"ask in {seconds} s")
        time.sleep(max(ahead_ns, 0) / 1e9)
        return 0

    def _of_store(self, work: Callable[[Database], T]) -> T | None:
        """None where there are no books, or none that can be opened: the clock has to do."""
        try:
            return reading.read(self._settings.state_dir, self._settings.database_url, work)
        except (StoreError, ConfigError):
            return None

    @property
    def _account(self) -> str:
        name = self._settings.exchange.name
        if self._settings.own_sandbox and self._desk is not None:
            # As --exchange told the desk, which its commands need not be told again.
            name = str(self._desk.get("exchange", name))
        return account_id(name, self._settings.api_key)


class _Frame(msgspec.Struct):
    channel: str | None = None
    success: bool | None = None
    error: str | None = None


NAMES: Final = (
    *("system_status", "tradable_pairs", "balance", "open_orders", "ws_public", "ws_private"),
    *("clock", "key_permissions", "database", "disk"),
)
