"""The whole desk in virtual time, against the sandbox's core: killed, started again, compared."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from journal import MemoryJournal, MemoryNotes

from zoe.actors.strategist import StrategyConfig
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.app.tree import READY, Parts, tree
from zoe.app.virtual_wire import VirtualWire
from zoe.domain.ids import account_id, desk_tag
from zoe.domain.ratelimit import TIERS, Limiter
from zoe.domain.risk import Limits
from zoe.domain.strategy.quote_keeper import Params, QuoteKeeper, State
from zoe.messages.system import DoorAnswer, DoorRequest
from zoe.ports.journal import JournalStore
from zoe.runtime.message import Envelope
from zoe.runtime.virtual import EPOCH_NS, VirtualRuntime
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.memory import InMemory

TIER: Final = "pro"
Row = dict[str, Any]


class VirtualDesk:
    """An exchange that goes on, and desks that come and go.

    Args:
        seed: Of everything: two of the same seed do the same.
        fault: Wraps the store of each desk, for faults.
    """

    def __init__(
        self,
        seed: int,
        config: Config,
        fault: Callable[[JournalStore], JournalStore] = lambda store: store,
    ) -> None:
        self.seed = seed
        self.memory = InMemory()
        self.exchange = Exchange(config, self.memory, EPOCH_NS)
        key, secret = self.exchange.first_key
        self.venue = KrakenVenue(
            KeyPair(key, secret),
            "http://127.0.0.1:1",
            "ws://127.0.0.1:1/v2",
            "ws://127.0.0.1:1/auth/v2",
        )
        self.account = account_id("sandbox", key)
        self.journal = MemoryJournal(self.account)
        self.notes = MemoryNotes()
        self.fault = fault
        self.boots = 0
        self.now_ns = 0
        self.answers: list[Row] = []
        self.is_ready = False
        self._nonce = 0
        self.runtime: VirtualRuntime
        self.wire: VirtualWire

    def start(self) -> None:
        """Starts a desk where time stands."""
        self.boots += 1
        self.is_ready = False
        self.runtime = VirtualRuntime(
            self.seed * 1_000 + self.boots, self.boots, began_ns=self.now_ns
        )
        self.wire = VirtualWire(self.runtime, self.exchange, self.seed * 7 + self.boots)
        self.runtime.endpoint("wire", self.wire.handle)
        self.runtime.endpoint("door_socket", self._answered)
        self.runtime.endpoint(READY, self._ready)
        self.runtime.root(tree(self._parts()))

    def _ready(self, _envelope: Envelope) -> None:
        self.is_ready = True

    def _answered(self, envelope: Envelope) -> None:
        assert isinstance(envelope.message, DoorAnswer)
        self.answers.append(json.loads(envelope.message.line))

    def _parts(self) -> Parts:
        params = Params(half_spread_bps=1, refresh_bps=1)
        return Parts(
            account_id=self.account,
            desk_tag=desk_tag(self.account, "virtual"),
            venue=self.venue,
            store=self.fault(self.journal),
            notes=self.notes,
            reserve_nonce=self._reserve,
            write_health=lambda rows: None,
            vitals=lambda: (),
            alive=lambda: None,
            take_lock=lambda: True,
            describe=dict,
            limits=Limits(),
            limiter=Limiter(TIERS[TIER], 20),
            pairs=("BTC/USD",),
            strategies=(StrategyConfig("quote_keeper", QuoteKeeper(params), State),),
        )

    def _reserve(self, wanted: int) -> int:
        self._nonce = max(self._nonce + 10_000_000_000, wanted)
        return self._nonce

    def run(self, seconds: float) -> None:
        """Lets virtual time pass."""
        self.runtime.run_for(seconds)
        self.now_ns = self.runtime.clock.monotonic_ns()

    def until(self, true: Callable[[], bool], seconds: int = 120) -> None:
        """Lets time pass until something is so."""
        for _ in range(seconds * 20):
            if true():
                return
            self.run(0.05)
        raise AssertionError(f"seed {self.seed}: not in {seconds} virtual seconds")

    def ready(self) -> None:
        """Waits until the desk is reconciled."""
        self.until(lambda: self.is_ready)

    def kill(self) -> None:
        """As kill -9: the exchange sees the sockets close, and that is all."""
        self.now_ns = self.runtime.clock.monotonic_ns()
        self.runtime.kill()
        self.wire.hang_up()

    def ask(self, command: str, **params: Any) -> Row:
        """A command by the door; its answer."""
        before = len(self.answers)
        line = {"id": before, "command": command, "params": params, "timeout_seconds": 60}
        self.runtime.find("door").tell(DoorRequest(1, json.dumps(line).encode()))
        self.until(lambda: len(self.answers) > before)
        return self.answers[-1]

    # Evidence

    def truth(self, kind: str) -> list[Row]:
        """The exchange's own records of one kind, in engine order."""
        rows = (json.loads(line, parse_float=Decimal) for line in self.memory.lines())
        return [row for row in rows if row["kind"] == kind]

    def ours(self, kind: str) -> list[Row]:
        """The bodies of our journal's rows of one kind, in order."""
        rows = sorted(self.journal.rows, key=lambda row: row.seq)
        return [json.loads(row.body) for row in rows if row.kind == kind]

    def differences(self) -> list[str]:
        """How our journal and the ground truth differ, once nothing is in flight."""
        accepted = {row["order_id"]: row["cl_ord_id"] for row in self.truth("order_accepted")}
        clients = list(accepted.values())
        known = {json.loads(r.body)["order_id"] for r in self.journal.rows if _is_order(r.stream)}
        there = {row["exec_id"] for row in self.truth("fill")}
        here = [row["exec_id"] for row in self.ours("order.fill")]
        said = [f"order {i} is unknown here" for i in accepted.keys() - known]
        said += [f"order {i} is unknown there" for i in known - accepted.keys() - {None}]
        said += [f"intent {i} was placed twice" for i in set(clients) if clients.count(i) > 1]
        said += [f"fill {i} is unknown here" for i in there - set(here)]
        said += [f"fill {i} is unknown there" for i in set(here) - there]
        said += [f"fill {i} stands twice" for i in set(here) if here.count(i) > 1]
        return said


def _is_order(stream: str) -> bool:
    return stream.startswith("order/")
