"""World: an exchange that goes on, and desks that come and go, in virtual time."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

import attrs

from zoe.actors.strategist import StrategyConfig
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.app.simulation.causes import Causes
from zoe.app.simulation.censor import Censor
from zoe.app.simulation.clocks import StampedJournal
from zoe.app.simulation.hands import Hands
from zoe.app.simulation.market import SYMBOL, SmallMarket, small_market
from zoe.app.tree import READY, Parts, tree
from zoe.app.virtual_wire import VirtualWire
from zoe.domain.ids import account_id, desk_tag
from zoe.domain.limiter import Limiter
from zoe.domain.order_record import stream_of
from zoe.domain.ratelimit import TIERS
from zoe.domain.risk import Limits
from zoe.messages.limits import RestHeld
from zoe.messages.orders import LookWanted
from zoe.messages.system import DoorAnswer, DoorRequest
from zoe.ports.journal import JournalStore
from zoe.ports.ledger_store import LedgerStore
from zoe.runtime.message import Envelope
from zoe.runtime.virtual import EPOCH_NS, VirtualClock, VirtualRuntime
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.memory import InMemory
from zoe.sandbox.core.wire import HttpRequest, HttpResponse
from zoe.store.in_memory import MemoryNotes

NONCE_AHEAD_NS: Final = 10_000_000_000
#: How often is looked whether something has come true: within its first second, and from then on.
STEP_SECONDS: Final = 0.05
LATE_STEP_SECONDS: Final = 0.25
ASK_SECONDS: Final = 60
#: The number of whoever is not the desk, where the exchange names connections by numbers.
_BY_HAND: Final = -1
Answer = dict[str, Any]


class NotInTime(Exception):
    """What had to come true did not, in virtual time; or the desk ended before."""


@attrs.frozen
class Setting:
    """Whose desk it is, on which tier, in which market, how far the exchange's lists lag, and what
    the desk's machine takes for the time."""

    strategy: StrategyConfig
    market: SmallMarket
    tier: str = "pro"
    lag_ms: tuple[int, int] = (0, 0)
    clock: VirtualClock = attrs.field(factory=VirtualClock)
    limits: Limits = attrs.field(factory=lambda: Limits(max_orders_per_minute=6_000))


class World:
    """One exchange, one account, and its desk.

    Args:
        seed: Of everything: two worlds of the same seed do the same.
        fault: Wraps the store of each desk, for faults.
        tell_line: Gets each line of the ordered message log.
    """

    def __init__(
        self,
        seed: int,
        setting: Setting,
        fault: Callable[[JournalStore], JournalStore] = lambda store: store,
        tell_line: Callable[[str], None] | None = None,
    ) -> None:
        self.seed = seed
        self.memory = InMemory()
        self.market = setting.market
        config = small_market(seed, setting.market, setting.tier, setting.lag_ms)
        self.exchange = Exchange(config, self.memory, EPOCH_NS)
        self.account, self.venue = _account(self.exchange)
        self.journal = StampedJournal(self.account, self.wall_ns)
        #: Where the books are kept; set before a desk starts, for what is about them.
        self.books: LedgerStore | None = None
        self.notes = MemoryNotes()
        self.boots = 0
        self.turns = 0
        self.answers: dict[int, Answer] = {}
        self.is_ready = False
        self.is_dead = False
        self.runtime: VirtualRuntime
        self.causes = Causes()
        self._setting = setting
        #: Set before a desk starts, for what an exchange tells seldom.
        self.censor: Censor | None = None
        self._fault = fault
        self._tell_line = tell_line
        self._now_ns = 0
        self._nonce = 0
        self.hands = Hands(self._post, self._new_key, self.wall_ns)
        self._asked = 0
        #: When nothing may have been accepted: from a halt's answer until trading was resumed.
        self.halts: list[tuple[int, int]] = []
        #: From when until when the exchange was in maintenance (wall time).
        self.away: list[tuple[int, int]] = []
        self._away_from_ns: int | None = None
        self._wire: VirtualWire
        self._digests = hashlib.sha256()

    # Desks

    def start(self) -> None:
        """Starts a desk where time stands."""
        self.boots += 1
        self.is_ready = self.is_dead = False
        self.runtime = VirtualRuntime(
            self.seed * 1_000 + self.boots, self.boots, clock=self._setting.clock
        )
        self.runtime.tell_line = self._tell_line
        self.runtime.log.listener = self.causes.turns
        self.runtime.watched[RestHeld] = self.causes.held_back
        self._wire = VirtualWire(self.runtime, self.exchange, self.seed * 7 + self.boots)
        self._wire.censor = self.censor
        self.runtime.endpoint("wire", self._to_exchange)
        self.runtime.endpoint("door_socket", self._answered)
        self.runtime.endpoint(READY, self._ready)
        self.runtime.root(tree(self._parts()))

    def kill(self) -> None:
        """As kill -9: the exchange sees the sockets close, and that is all."""
        self._now_ns = self.runtime.clock.monotonic_ns()
        self.turns += len(self.runtime.log)
        self._digests.update(self.runtime.digest().encode())
        self.runtime.kill()
        self.is_dead = True
        self._wire.hang_up()

    def _to_exchange(self, envelope: Envelope) -> None:
        self.causes.note(envelope)
        self._wire.handle(envelope)

    def _ready(self, _envelope: Envelope) -> None:
        self.is_ready = True

    def _answered(self, envelope: Envelope) -> None:
        assert isinstance(envelope.message, DoorAnswer)
        answer = json.loads(envelope.message.line)
        self.answers[answer["id"]] = answer

    def _parts(self) -> Parts:
        return Parts(
            account_id=self.account,
            desk_tag=desk_tag(self.account, "simulation"),
            venue=self.venue,
            store=self._fault(self.journal),
            books=self.books,
            notes=self.notes,
            reserve_nonce=self._reserve,
            write_health=lambda rows: None,
            vitals=lambda: (),
            alive=lambda: None,
            take_lock=lambda: True,
            describe=dict,
            limits=self._setting.limits,
            limiter=Limiter(TIERS[self._setting.tier], 20),
            pairs=(SYMBOL,),
            strategies=(self._setting.strategy,),
        )

    def _reserve(self, wanted: int) -> int:
        self._nonce = max(self._nonce + NONCE_AHEAD_NS, wanted)
        return self._nonce

    # Time

    def run(self, seconds: float) -> None:
        """Lets virtual time pass."""
        self.runtime.run_for(seconds)
        self._now_ns = self.runtime.clock.monotonic_ns()

    def virtual_seconds(self) -> int:
        """Virtual seconds since the exchange opened."""
        return self._now_ns // 1_000_000_000

    def until(self, true: Callable[[], bool], seconds: int = 120) -> None:
        """Lets time pass until something is so.

        Raises:
            NotInTime: It never was.
        """
        began_ns = self._now_ns
        while (waited := (self._now_ns - began_ns) / 1e9) < seconds:
            if true():
                return
            if self.runtime.code is not None:
                raise NotInTime(f"the desk ended with {self.runtime.code}")
            self.run(STEP_SECONDS if waited < 1 else LATE_STEP_SECONDS)
        raise NotInTime(f"not in {seconds} virtual seconds")

    def ready(self) -> None:
        """Waits until the desk is reconciled."""
        self.until(lambda: self.is_ready)

    def want_look(self) -> int:
        """Has the Reconciler look at the exchange's lists; the moment from which on it does."""
        self.runtime.find("reconciler").tell(LookWanted("all should be settled", balances=True))
        return self.runtime.clock.wall_ns()

    def looked_since(self, since_ns: int) -> bool:
        """Whether a look that began since then is over."""
        rows = self.journal.stream(f"reconciler/{self.account}", last=True)
        return bool(rows) and int(rows[-1].body["until_ns"] or 0) >= since_ns

    def is_calm(self) -> bool:
        """Whether every order that the journal knows has ended."""
        return not self.journal.open_orders(self.account)

    # People

    def say(self, command: str, params: Answer, key: str | None = None) -> int:
        """Gives a command by the door; the number under which ``answers`` will have its answer."""
        self._asked += 1
        number = self._asked
        line = {"id": number, "command": command, "params": params, "timeout_seconds": ASK_SECONDS}
        if key is not None:
            line["key"] = key
        self.runtime.find("door").tell(DoorRequest(1, json.dumps(line).encode()))
        return number

    def order_state(self, intent_id: str) -> str | None:
        """The durable state of one of the desk's orders; None where it has none."""
        rows = self.journal.stream(stream_of(self.account, intent_id), last=True)
        return str(rows[-1].body["state"]) if rows else None

    def order_id(self, intent_id: str) -> str | None:
        """The exchange's id of one of the desk's orders, where the journal has it."""
        rows = self.journal.stream(stream_of(self.account, intent_id))
        return next((i for row in rows if isinstance(i := row.body.get("order_id"), str)), None)

    def is_known(self, order_id: str) -> bool:
        """Whether the desk knows of an order of the exchange's."""
        named = f'"order_id":"{order_id}"'
        return any(named in row.body for row in self.journal.rows)

    def ask(self, command: str, **params: Any) -> Answer:
        """Gives a command and waits for its answer."""
        number = self.say(command, params)
        self.until(lambda: number in self.answers, ASK_SECONDS + 10)
        return self.answers[number]

    def admin(self, method: str, path: str, body: Answer) -> Answer:
        """An admin call of the sandbox; its answer."""
        if path == "status":
            self._note_away(away=body["status"] == "maintenance")
        headers = {"content-type": "application/json"}
        answer = self._request(method, f"/sandbox/{path}", headers, json.dumps(body).encode())
        assert answer is not None, "no fault hits the admin's calls"
        assert answer.status == 200, answer.body
        said: Answer = json.loads(answer.body)
        return said

    @property
    def is_away(self) -> bool:
        """Whether the exchange is in maintenance, in which no desk can be reconciled."""
        return self._away_from_ns is not None

    def _note_away(self, *, away: bool) -> None:
        now_ns = self.wall_ns()
        if self._away_from_ns is not None:
            self.away.append((self._away_from_ns, now_ns))
        self._away_from_ns = now_ns if away else None

    def _new_key(self) -> KeyPair:
        """A second key of the account."""
        (account,) = self.exchange.world.accounts.by_name
        said = self.admin("POST", "keys", {"account": account})
        return KeyPair(said["key"], said["secret"])

    def open_orders(self) -> list[str]:
        """The ids of the orders that are open at the exchange, whoever placed them."""
        accounts = self.exchange.world.accounts.by_name.values()
        return [order_id for account in accounts for order_id in account.open]

    def _post(self, path: str, headers: dict[str, str], body: bytes) -> HttpResponse | None:
        return self._request("POST", path, headers, body)

    def _request(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> HttpResponse | None:
        """The answer; None where it is never told, or not yet."""
        request = HttpRequest(_BY_HAND, method, path, "", headers, body)
        said = self.exchange.request(self.wall_ns(), request)
        answers = [delivery.payload for delivery in said if delivery.connection == _BY_HAND]
        self._wire.deliver([delivery for delivery in said if delivery.connection != _BY_HAND])
        return next((answer for answer in answers if isinstance(answer, HttpResponse)), None)

    def wall_ns(self) -> int:
        """UTC nanoseconds at the exchange."""
        return EPOCH_NS + self.runtime.clock.monotonic_ns()

    def evidence_rows(self) -> list[tuple[Any, ...]]:
        """The journal's rows as the auditor reads them, with the true times from which on they were
        durable; see ``evidence``."""
        durable_ns = self.journal.durable_ns
        return [
            (r.seq, r.stream, r.version, r.kind, durable_ns[r.seq], r.message_id, r.body)
            for r in self.journal.rows
        ]

    def digest(self) -> str:
        """SHA-256 over the message logs of every desk, both journals, and what people were told.

        The logs leave contents out; whatever comes of them is in a row, a record or an answer.
        """
        whole = self._digests.copy()
        whole.update(self.runtime.digest().encode())
        whole.update(b"".join(self.memory.lines()))
        rows = self.journal.rows
        told = [f"{row.stream} {row.version} {row.kind} {row.at_ns} {row.body}" for row in rows]
        whole.update("".join(told).encode())
        whole.update(json.dumps(self.answers, sort_keys=True).encode())
        return whole.hexdigest()


def _account(exchange: Exchange) -> tuple[str, KrakenVenue]:
    key, secret = exchange.first_key
    where = ("http://127.0.0.1:1", "ws://127.0.0.1:1/v2", "ws://127.0.0.1:1/auth/v2")
    return account_id("sandbox", key), KrakenVenue(KeyPair(key, secret), *where)
