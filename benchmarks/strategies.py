"""What one decision of a strategy costs, with the View that it is made on.

    python benchmarks/strategies.py [--decisions 20000] [--passes 60] [--json]

Edge Factory: a pair with ten levels a side, two siblings, inventory and both quotes working; the
book moves with every View, twenty of them a second, as in a busy market. Wall time of each
decision, of building its View from parts that are at hand, and of both together; and of the bare sums
that no decision can do without (twenty levels, each counted for less the further it is away), right
before it. ``times_bare`` is both over these: it says the same on a slow machine and on a busy one.
Scanner: 1,262 pairs whose tickers all change between two passes and which all pass the gates, the
worst there is; a pass is a sample, every feature, gates and score. Processor time of each, in ms.
"""

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.quick import quick
from zoe.domain.risk import TradingState
from zoe.domain.scan import Seen
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.fair_value import FINE
from zoe.domain.strategy.market import Book, Sibling, Tape
from zoe.domain.strategy.own import Account, Budget, WorkingOrder
from zoe.domain.strategy.scan_gates import Listing, scan
from zoe.domain.strategy.scan_grid import Grid
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.view import Touch, View

STEP_NS: Final = 50_000_000
BEGIN_NS: Final = 1_700_000_000_000_000_000
LEVELS: Final = 10
PAIRS: Final = 1_262
#: After so many samples every horizon but the day is known.
WARM_SAMPLES: Final = 3_000
QUANTITY: Final = 50_000_000_000
PAIR: Final = Instrument(
    symbol="X/USD",
    base="X",
    quote="USD",
    status="online",
    price_precision=4,
    price_increment=Decimal("0.0001"),
    qty_precision=8,
    qty_increment=Decimal("0.00000001"),
    qty_min=Decimal(1),
    cost_precision=5,
    cost_min=Decimal("0.5"),
)
#: As a strategist makes them.
VIEW: Final = quick(View)
TOUCH: Final = quick(Touch)
BOOK: Final = quick(Book)


@attrs.frozen
class Parts:
    """What a View is built from."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    siblings: tuple[Sibling, ...]
    account: Account
    tape: Tape
    working: tuple[WorkingOrder, ...]
    budget: Budget


def parts(count: int) -> Iterator[Parts]:
    """A mid that wanders round 10.0000, some 2 bps a second; each as fresh as after its decoding."""
    chance, mid = random.Random(7), 100_000
    account = Account(
        sleeve=5 * 10**8,
        sleeve_since_ns=BEGIN_NS,
        cash=Decimal(1_000),
        quote_usd=Decimal(1),
        equity_usd=Decimal(10_000),
        maker_fee_bps=Decimal(25),
    )
    working = (
        WorkingOrder("bid.0", Side.BUY, 99_560, 10**9, age_ms=9_000),
        WorkingOrder("ask.0", Side.SELL, 100_430, 10**9, age_ms=9_000),
    )
    for _ in range(count):
        mid += round(chance.gauss((100_000 - mid) / 100, 5))
        bids = tuple((mid - 60 - 20 * n, QUANTITY + chance.randrange(10**9)) for n in range(LEVELS))
        asks = tuple((mid + 60 + 20 * n, QUANTITY + chance.randrange(10**9)) for n in range(LEVELS))
        siblings = (
            Sibling("X/BTC", (mid + 4) * FINE, 12.0, None, 300),
            Sibling("X/EUR", (mid - 6) * FINE, 8.0, 0.4, 100),
        )
        tape, budget = Tape(volume_5m=10**13), Budget(1_000, 60_000, 20_000)
        yield Parts(bids, asks, siblings, account, tape, working, budget)


def view_of(number: int, made_of: Parts) -> View:
    """The View of one moment."""
    now_ns = BEGIN_NS + number * STEP_NS
    bid, ask = made_of.bids[0], made_of.asks[0]
    return VIEW(
        now_ns,
        number,
        PAIR,
        TOUCH(*bid, *ask, 5, True, None, now_ns),
        None,
        TradingState.ACTIVE,
        BOOK(made_of.bids, made_of.asks, age_ms=5, sequence=number),
        made_of.tape,
        None,
        (),
        made_of.siblings,
        made_of.account,
        (),
        made_of.working,
        made_of.budget,
    )


def edge_factory(decisions: int) -> dict[str, Any]:
    """Figures of the Edge Factory in microseconds."""
    engine = EdgeFactory(EdgeParams())
    state, wants, clock = engine.initial(), 0, time.perf_counter_ns
    times: dict[str, list[int]] = {"bare": [], "view": [], "decision": [], "both": []}
    for number, made_of in enumerate(parts(decisions)):
        begin = clock()
        bare(made_of)
        summed = clock()
        view = view_of(number, made_of)
        between = clock()
        decision = engine.decide(state, view)
        end = clock()
        state, wants = decision.state, wants + len(decision.wants)
        times["bare"].append(summed - begin)
        times["view"].append(between - summed)
        times["decision"].append(end - between)
        times["both"].append(end - summed)
    found: dict[str, Any] = {name: _quantiles(each) for name, each in times.items()}
    found["times_bare"] = round(found["both"]["p50"] / found["bare"]["p50"], 1)
    return {**found, "wants_a_decision": round(wants / decisions, 2)}


def bare(made_of: Parts) -> float:
    """Sizes of both sides, each counted for less the further it is from the touch."""
    bids, asks, exp, total = made_of.bids, made_of.asks, math.exp, 0.0
    best_bid, best_ask = bids[0][0], asks[0][0]
    scale = 2_000 / (best_bid + best_ask)
    for price, quantity in bids:
        total += quantity * exp((price - best_bid) * scale)
    for price, quantity in asks:
        total -= quantity * exp((best_ask - price) * scale)
    return total


def scanner(passes: int) -> dict[str, Any]:
    """Figures of a pass over all pairs in milliseconds."""
    chance, grid, params = random.Random(7), Grid(), Params()
    symbols = ["BTC/USD", *(f"P{n}/USD" for n in range(1, PAIRS))]
    mids = {symbol: chance.uniform(0.1, 100) for symbol in symbols}
    listings = {symbol: Listing(symbol, "online", 1.0, 0) for symbol in symbols}
    taken: list[int] = []
    best = 0
    for number in range(WARM_SAMPLES + passes):
        now_ns = BEGIN_NS + number * 5_000_000_000
        if number % 60 == 0 or number >= WARM_SAMPLES:
            tickers = {s: _ticker(s, mids, chance, now_ns) for s in symbols}
        begin = time.process_time_ns()
        grid.sample(tickers.values())
        if number >= WARM_SAMPLES:
            found = scan(grid.columns(tickers, now_ns), listings, now_ns, params)
            taken.append((time.process_time_ns() - begin) // 1_000)
            best = len(found.best)
    return {"pass_ms": _quantiles(taken), "pairs": float(PAIRS), "ranked": float(best)}


def _ticker(symbol: str, mids: dict[str, float], chance: random.Random, now_ns: int) -> Seen:
    mids[symbol] *= 1 + chance.gauss(0, 3e-4)
    bid, ask = (Decimal(f"{mids[symbol] * side:.6f}") for side in (0.9998, 1.0002))
    return Seen(symbol, bid, ask, Decimal(10_000_000), now_ns)


def _quantiles(times_ns: list[int]) -> dict[str, float]:
    times = sorted(times_ns)
    return {
        name: round(times[min(int(len(times) * share), len(times) - 1)] / 1_000, 1)
        for name, share in (("p10", 0.1), ("p50", 0.5), ("p99", 0.99))
    }


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--decisions", type=int, default=20_000)
    parser.add_argument("--passes", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = {
        "edge_factory": edge_factory(arguments.decisions),
        "scanner": scanner(arguments.passes),
    }
    if arguments.json:
        json.dump(found, sys.stdout, indent=2)
        print()
        return
    for name, figures in found.items():
        for what, figure in figures.items():
            unit = "" if isinstance(figure, float) or what.endswith("_ms") else " us"
            print(f"{name}: {what} {figure}{unit}")


if __name__ == "__main__":
    main()
