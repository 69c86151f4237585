"""Replays of a made account: zoe's books beside a plain loop without checks, rp2 and beancount.

``python benchmarks/ledger.py [--events 100000] [--foreign] [--deep]``

The plain loop comes to the same balances and gains, and checks nothing: it believes that no row is
late, missing, doubled or wrong. Processor time is measured. ``--foreign`` gives the same
events to rp2 and beancount; ``--deep`` buys as often as there are events, then sells as often, and
shows the ratio to the mixed case (1 is linear). Everything runs in turn, never at once.
"""

import argparse
import gc
import json
import subprocess
import sys
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "fakes"))

from ledger_files import page  # lives with the tests, and is found there only
from ledger_rows import Accounts, Moved  # as above

from zoe.adapters.kraken import ledger_pages  # after the path
from zoe.app import ledger_replaying  # as above
from zoe.domain.ledger import Books, Terms  # as above
from zoe.domain.ledger_audit import state_hash, violations  # as above
from zoe.domain.ledger_row import ONE, LedgerRow, text_of  # as above
from zoe.domain.lot_outcome import Flow  # as above
from zoe.domain.marks import Mark, MarkTable  # as above

PROGRAMS: Final = ROOT / "tests" / "fidelity" / "foreign_programs"
FOREIGN: Final = ROOT / ".venv-foreign" / "bin" / "python"
PAGE: Final = 50
ROUNDS: Final = 3


def plain_parse(pages: list[bytes]) -> list[tuple[Any, ...]]:
    """Rows as tuples of texts and ints, without looking at what they say."""
    rows = []
    for text in pages:
        for ledger_id, row in json.loads(text)["result"]["ledger"].items():
            numbers = (_units(row["amount"]), _units(row["fee"]), _units(row["balance"]))
            kind = row["type"], row["subtype"]
            refid, time_ns = row["refid"], int(row["time"] * 1e9)
            rows.append((ledger_id, refid, time_ns, row["asset"], *numbers, *kind))
    return rows


def _units(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(10, "0"))


class Plain:
    """The least that books must do for these rows: balances, lots and gains in ints.

    Nothing is checked: rows are believed to come once, in order and with all their legs.
    """

    def __init__(self, made: Accounts, marks: list[Mark]) -> None:
        self.declared = made.declared
        self.balances: dict[str, int] = {}
        self.pools: dict[str, deque[list[int]]] = {}
        self.gains = 0
        self.times: dict[str, list[int]] = {}
        self.prices: dict[str, list[tuple[int, int]]] = {}
        for mark in marks:
            self.times.setdefault(mark.asset, []).append(mark.time_ns)
            self.prices.setdefault(mark.asset, []).append(mark.price.as_integer_ratio())

    def book(self, rows: list[Any]) -> "Plain":
        """Every row."""
        groups: dict[str, list[Any]] = {}
        balances = self.balances
        for row in sorted(rows, key=lambda row: row[2]):
            wallet = row[3]
            balances[wallet] = balances.get(wallet, 0) + row[4] - row[5]
            refid = row[1] if row[1] != "Unknown" else row[0]
            groups.setdefault(refid, []).append(row)
        for legs in groups.values():
            self.event(legs)
        return self

    def event(self, legs: list[Any]) -> None:
        """One event."""
        kind, sub, time_ns = legs[0][7], legs[0][8], legs[0][2]
        nets: dict[str, int] = {}
        for leg in legs:
            asset = leg[3].partition(".")[0]
            asset = asset[:-2] if asset == "DOT28" else asset
            nets[asset] = nets.get(asset, 0) + leg[4] - leg[5]
        nets.pop("KFEE", None)
        if kind in ("trade", "spend", "receive"):
            self.trade(nets, time_ns)
        elif kind == "deposit":
            for asset, net in nets.items():
                basis = self.declared.get(legs[0][0])
                if asset != "USD":
                    worth = self.worth(asset, net, time_ns) if basis is None else basis
                    self.open(asset, net, worth)
        elif kind == "withdrawal" and len(legs) == 1 and legs[0][3] != "USD":
            asset, amount, fee = legs[0][3], -legs[0][4], legs[0][5]
            self.take(asset, amount)
            self.gains += self.worth(asset, fee, time_ns) - self.take(asset, fee)
        elif kind in ("staking", "reward") or sub == "reward":
            for asset, net in nets.items():
                worth = self.worth(asset, abs(net), time_ns)
                if net > 0:
                    self.open(asset, net, worth)
                else:
                    self.gains += worth - self.take(asset, -net)

    def trade(self, nets: dict[str, int], time_ns: int) -> None:
        """One asset for another."""
        legs = {asset: net for asset, net in nets.items() if net}
        worth = abs(legs.get("USD", 0))
        if not worth and len(legs) > 1:
            for asset in ("EUR", "USDT", "BTC", "ETH", *legs):
                if asset in legs:
                    worth = self.worth(asset, abs(legs[asset]), time_ns)
                    break
        if len(legs) == 1:
            worth = 0
        for asset, net in sorted(legs.items(), key=lambda leg: leg[1] > 0):
            if asset == "USD":
                continue
            if net < 0:
                self.gains += worth - self.take(asset, -net)
            else:
                self.open(asset, net, worth)

    def worth(self, asset: str, quantity: int, time_ns: int) -> int:
        """At the newest mark."""
        over, under = self.prices[asset][bisect_right(self.times[asset], time_ns) - 1]
        return quantity * over // under

    def open(self, asset: str, quantity: int, basis: int) -> None:
        """A lot."""
        self.pools.setdefault(asset, deque()).append([quantity, basis, quantity, basis])

    def take(self, asset: str, quantity: int) -> int:
        """The basis of what is taken."""
        pool, basis = self.pools[asset], 0
        while quantity:
            lot = pool[0]
            if lot[2] <= quantity:
                quantity -= lot[2]
                basis += lot[3]
                pool.popleft()
            else:
                part = lot[1] * quantity // lot[0]
                lot[2] -= quantity
                lot[3] -= part
                return basis + part
        return basis


def books(rows: list[LedgerRow] | tuple[LedgerRow, ...], made: Accounts, marks: MarkTable) -> Books:
    """Zoe's, with every check that booking makes."""
    return ledger_replaying.booked(rows, marks, Terms(declared=made.declared))


def best(run: Callable[[], Any]) -> tuple[float, Any]:
    """The best of some rounds, and what the last one gave."""
    least, found = float("inf"), None
    for _ in range(ROUNDS):
        found = None
        gc.collect()
        gc.disable()  # as a replay does, for everybody alike
        began = time.process_time()
        found = run()
        least = min(least, time.process_time() - began)
        gc.enable()
    return least, found


def foreign(name: str, moves: list[Moved]) -> float:
    """Seconds that another program needs for the lots alone."""
    told = [
        (
            *(move.direction, move.asset, text_of(move.quantity)),
            None if move.worth is None else text_of(move.worth),
        )
        for move in moves
    ]
    done = subprocess.run(
        (str(FOREIGN), str(PROGRAMS / f"{name}.py")),
        input=json.dumps({"moves": told}),
        capture_output=True,
        text=True,
        check=True,
        cwd=PROGRAMS,
    )
    return float(json.loads(done.stdout)["seconds"])


def show(name: str, seconds: float, count: int, base: float | None = None) -> None:
    """A line."""
    ratio = "" if base is None else f"{seconds / base:8.2f} x"
    print(f"{name:34} {seconds:8.2f} s {count / seconds:12,.0f}/s {ratio}", flush=True)


class Deep(Accounts):
    """Buys of one asset first, then as many sales of it."""

    def make(self, events: int) -> "Accounts":
        """``events`` buys and ``events`` sales."""
        self._deposit("USD", 500_000 * ONE)
        for sign in (1, -1):
            for _ in range(events):
                self._now_ns += 10**9
                self._events += 1
                legs = (("SOL", sign * ONE, 0), ("USD", -sign * ONE, 0))
                refid = self._refid()
                for wallet, amount, fee in legs:
                    self._row(refid, "trade", wallet, amount, fee)
        return self


def deep(events: int, mixed: float) -> None:
    """Whether many lots make each sale dearer; seconds an event are compared."""
    made = Deep(1).make(events)
    seconds, found = best(lambda: books(made.rows, made, MarkTable(())))
    assert not found.held and len(found.uses()) == events
    show(f"zoe, {events:,} buys then sales", seconds, 2 * events)
    print(f"{'an event, against the mixed case':34} {seconds / (2 * events) / mixed:8.2f} x")


def main() -> int:
    """Prints seconds and ratios; exit code 1 if the books were not in order."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--foreign", action="store_true")
    options.add_argument("--deep", action="store_true")
    chosen = options.parse_args()
    made = Accounts(1).make(chosen.events)
    count = len(made.rows)
    pages = [page(made.rows[start : start + PAGE]) for start in range(0, count, PAGE)]
    marks = MarkTable(made.marks())
    print(f"{chosen.events:,} events, {count:,} rows, best of {ROUNDS}")
    plain_read, plain_rows = best(lambda: plain_parse(pages))
    hourly = made.marks()
    plain_booked, plain = best(lambda: Plain(made, hourly).book(plain_rows))
    read, rows = best(lambda: [row for text in pages for row in ledger_pages.read(text)])
    booked, found = best(lambda: books(rows, made, marks))
    show("plain ints, parse", plain_read, count)
    show("plain ints, book", plain_booked, count)
    show("zoe, parse", read, count, plain_read)
    show("zoe, book", booked, count, plain_booked)
    ours, base = read + booked, plain_read + plain_booked
    show("zoe, whole (aim: at most 2 x)", ours, count, base)
    if chosen.foreign:
        for name in ("rp2_lots", "beancount_lots"):
            seconds = foreign(name, made.truth)
            show(f"{name} (aim: at least 6 x)", seconds, count, ours)
    if chosen.deep:
        deep(chosen.events, booked / chosen.events)
    checked = time.process_time()
    wrong = violations(found)
    digest = state_hash(found)
    show("every invariant, and the hash", time.process_time() - checked, count)
    equal = same(found, plain)
    print(f"state {digest[:16]}, balances and gains {'equal' if equal else 'DIFFER'}")
    return 0 if equal and not wrong else 1


def same(found: Books, plain: Plain) -> bool:
    """Whether both hold the same, and gained the same."""
    gains = found.flows[Flow.SALE_GAIN] + found.flows[Flow.FEE_GAIN]
    return found.balances == dict(sorted(plain.balances.items())) and gains == plain.gains


if __name__ == "__main__":
    sys.exit(main())
