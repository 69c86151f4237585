"""How many order lifecycles a second a simulation has, and what of that the exchange alone would cost.

    python benchmarks/simulation.py [--rounds N] [--seconds N]

On one core, everything in: actors, adapter codec, sandbox core, digest; with faults the auditor
too. Beside it, in the same process, a loop without actors over the same codec and the same core:
the same session writes the orders, the same exchange matches them, the same session reads what it
says. All trade as densely as a seed without faults does by default. A busy machine makes all figures
smaller: they take turns, and the best of the rounds counts; of the ratio, the middle one.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from typing import Final

import attrs

from zoe.actors.strategist import StrategyConfig
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.app import logs
from zoe.app.simulation.crowd import Crowd, State
from zoe.app.simulation.market import BUSY, SYMBOL, SmallMarket, small_market
from zoe.app.simulation.scenario import CLEAN_SECONDS, CROWD, tell
from zoe.app.simulation.seeds import Totals, line_of, without_pauses
from zoe.app.simulation.world import Setting, World
from zoe.domain import order
from zoe.domain.ids import client_order_id
from zoe.domain.order import Intent, Order, OrderType, Route, Side
from zoe.domain.quantity import Price, Quantity
from zoe.ports.venue import GetToken
from zoe.runtime.virtual import EPOCH_NS
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.memory import InMemory
from zoe.sandbox.core.wire import Delivery, Frame, HttpRequest, HttpResponse

#: About as often as the desk's crowd has an order.
STEP_NS: Final = 70_000_000
SOCKET: Final = 7
WORLDS: Final = range(1, 5)
#: Stories differ much in how many orders they tell of: of fewer seeds the sum is a matter of luck.
SWARM: Final = range(1, 201)


@attrs.frozen
class Lives:
    """How many orders have lived, and the turns of actors that it took."""

    orders: int
    turns: int = 0


def clean(seeds: range, seconds: int) -> Lives:
    """A desk without faults, once for each seed."""
    orders = turns = 0
    for seed in seeds:
        strategy = StrategyConfig("crowd", Crowd(SYMBOL, sum(CROWD) // 2), State)
        world = World(seed, Setting(strategy, SmallMarket(seed, BUSY)))
        world.start()
        world.ready()
        world.run(seconds)
        world.digest()
        orders += accepted(world.memory)
        turns += len(world.runtime.log)
    return Lives(orders, turns)


def faulted(seeds: range, totals: Totals) -> Lives:
    """Swarms of faults, each settled and audited."""
    orders = turns = 0
    for seed in seeds:
        line = line_of(tell(seed))
        totals.add(line)
        orders += line["orders"]
        turns += line["messages"]
    return Lives(orders, turns)


def accepted(memory: InMemory) -> int:
    """How many orders the exchange has taken."""
    return sum(b'"order_accepted"' in line for line in memory.lines())


class Bare:
    """An exchange and a session, and nothing between them."""

    def __init__(self, seed: int) -> None:
        self.memory = InMemory()
        market = small_market(seed, SmallMarket(seed, BUSY))
        self.exchange = Exchange(market, self.memory, EPOCH_NS)
        key, secret = self.exchange.first_key
        self._venue = KrakenVenue(KeyPair(key, secret), "http://x", "ws://x/v2", "ws://x/auth/v2")
        self.now_ns = EPOCH_NS
        self._session = self._venue.private_session()
        self._requests = 0
        self._hear(self.exchange.opened(self.now_ns, SOCKET, "/auth/v2"))
        for payload in self._session.opened(self._token()):
            self._hear(self.exchange.received(self.now_ns, SOCKET, payload))

    def _token(self) -> str:
        wanted = self._venue.request(GetToken(), self.now_ns)
        headers = {name.lower(): value for name, value in wanted.headers}
        path = wanted.url.removeprefix("http://x")
        request = HttpRequest(1, wanted.method, path, "", headers, wanted.body)
        for said in self.exchange.request(self.now_ns, request):
            if isinstance(said.payload, HttpResponse):
                answer = self._venue.result(
                    GetToken(), said.payload.status, said.payload.body, None
                )
                assert isinstance(answer, str)
                return answer
        raise AssertionError("no token")

    def _hear(self, said: list[Delivery]) -> None:
        for delivery in said:
            if isinstance(delivery.payload, Frame):
                self._session.received(delivery.payload.payload, self.now_ns)

    def passes(self, nanoseconds: int) -> None:
        """Time passes, and the market acts."""
        end_ns = self.now_ns + nanoseconds
        while (at_ns := self.exchange.next_wakeup()) is not None and at_ns <= end_ns:
            self.now_ns = max(at_ns, self.now_ns)
            self._hear(self.exchange.wake(self.now_ns))
        self.now_ns = end_ns

    def trade(self, side: Side) -> None:
        """One order that rests inside the spread until a taker comes."""
        self._requests += 1
        book = self.exchange.world.books[SYMBOL]
        bid, ask = book.bids.best, book.asks.best
        assert bid is not None and ask is not None
        units = (bid + ask) // 2 + (-60 if side is Side.BUY else 60)
        intent = Intent(
            *(str(self._requests), "bare", None, SYMBOL, side, OrderType.LIMIT),
            *(Quantity.of("0.001"), Price.of(str(units / 10))),
        )
        number = client_order_id(self.now_ns, 1, self._requests)
        made = Order(intent, order.State.SENDING, cl_ord_id=number, route=Route.WEBSOCKET)
        payload = self._session.add(made, self._requests, self.now_ns + 5_000_000_000)
        self._hear(self.exchange.received(self.now_ns, SOCKET, payload))


def bare(seeds: range, seconds: int) -> Lives:
    """No desk, once for each seed."""
    orders = 0
    for seed in seeds:
        world = Bare(seed)
        for number in range(seconds * 1_000_000_000 // STEP_NS):
            world.passes(STEP_NS)
            world.trade(Side.BUY if number % 2 else Side.SELL)
        orders += accepted(world.memory)
    return Lives(orders)


@attrs.define
class Figure:
    """Lives a second, round by round."""

    name: str
    work: Callable[[], Lives]
    rounds: list[float] = attrs.field(factory=list)
    turns: float = 0

    def play(self) -> None:
        """One more round."""
        gc.collect()
        began = time.process_time()
        lives = self.work()
        self.rounds.append(lives.orders / (time.process_time() - began))
        self.turns = lives.turns / lives.orders

    def __str__(self) -> str:
        turns = f"   {self.turns:5.1f} turns an order" if self.turns else ""
        return f"{self.name:34} {max(self.rounds):8.1f} lives/s{turns}"

    def share_of(self, other: "Figure") -> float:
        """What it has of another's lives a second: the middle of the rounds."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=int, default=CLEAN_SECONDS, help="virtual, of the runs without faults"
    )
    wanted = parser.parse_args()
    logs.silence()
    totals = Totals()
    alone = Figure("codec and core alone", lambda: bare(WORLDS, wanted.seconds))
    desk = Figure("the desk, no faults", lambda: clean(WORLDS, wanted.seconds))
    swarm = Figure("the desk, faults and auditor", lambda: faulted(SWARM, totals))
    clean(range(1), wanted.seconds)
    with without_pauses():
        for _ in range(wanted.rounds):
            for figure in (alone, desk, swarm):
                figure.play()
    for figure in (alone, desk, swarm):
        print(figure)
    print(f"the desk is at {desk.share_of(alone):.2f} of codec and core alone (aim 0.25)")
    print(f"{totals.violations} violations; how long doubts lasted, by what held them up:")
    for name, times in totals.line(1)["doubts"].items():
        print(f"    {name}: {times}")


if __name__ == "__main__":
    main()
