"""Books of a desk that trades for minutes of virtual time while money comes and goes, messages are
lost and the desk is killed: equal to the exchange's to the last digit, whatever came when."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from ledger_store import MemoryLedger

from zoe.app.simulation.market import SYMBOL
from zoe.app.simulation.scenario import setting_of
from zoe.app.simulation.world import World
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import decimal_of, wallet_of
from zoe.domain.marks import NoMarks

#: The first there is.
ACCOUNT = "AA000001"
MINUTES = 3
#: A look, what it asks for, and another look.
PATIENCE_SECONDS = 240
MOVES: list[dict[str, str]] = [
    {"type": "deposit", "asset": "USD", "amount": "1234.5678"},
    {"type": "deposit", "asset": "BTC", "amount": "0.1234567891"},
    {"type": "withdrawal", "asset": "BTC", "amount": "0.01", "fee": "0.0001"},
    {"type": "staking", "asset": "BTC", "amount": "0.0000012345"},
    {"type": "adjustment", "asset": "USD", "amount": "0.0001"},
]
MOVED = ("deposit", "withdrawal", "transfer")
FAULTS: list[dict[str, Any]] = [
    {"where": "balances", "what": "gap", "every": 7, "count": 3},
    {"where": "balances", "what": "duplicate", "every": 3, "count": 5},
    {"where": "balances", "what": "reorder", "every": 5, "count": 2},
    {"where": "Ledgers", "what": "http_502"},
    {"where": "Ledgers", "what": "lost_answer"},
]


def exchanges(world: World) -> dict[str, Decimal]:
    """The newest balance of each wallet in the exchange's own journal, which shares no code."""
    rows = [json.loads(line) for line in world.memory.lines()]
    return {
        wallet_of(row["asset"]): Decimal(row["balance"])
        for row in rows
        if row["kind"] == "ledger" and Decimal(row["balance"])
    }


def moved_by_the_exchange(world: World) -> dict[str, Decimal]:
    """What it says was deposited and withdrawn since the account was made with its first balances."""
    rows = [json.loads(line) for line in world.memory.lines()]
    moves = [row for row in rows if row["kind"] == "ledger" and row["type"] in MOVED]
    began = min(row["time"] for row in moves)
    return summed((row["asset"], change(row)) for row in moves if row["time"] > began)


def moved_by_the_journal(world: World) -> dict[str, Decimal]:
    """What the desk's rows say of it: the newest snapshot, and what has come since."""
    found: list[tuple[str, Decimal]] = []
    for row in world.journal.rows:
        body: Any = json.loads(row.body)
        if row.kind == "balance.snapshot":
            found = [(asset, Decimal(amount)) for asset, amount in body["moved"].items()]
        elif row.kind == "balance.explained":
            found += [(asset, -Decimal(amount)) for asset, amount in body["trades"].items()]
        elif row.kind == "balance.changed" and body["type"] in MOVED:
            found.append((body["asset"], change(body)))
    return summed(found)


def change(row: Any) -> Decimal:
    return Decimal(row["amount"]) - Decimal(row["fee"])


def summed(changes: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for asset, amount in changes:
        found[asset] += amount
    return {asset: amount for asset, amount in found.items() if amount}


def kept(store: MemoryLedger) -> Bookkeeping:
    keeping = Bookkeeping(store.load(), NoMarks())
    keeping.catch_up(None, 1)
    return keeping


def booked(store: MemoryLedger) -> dict[str, Decimal]:
    balances = kept(store).books.balances
    return {wallet: decimal_of(count) for wallet, count in balances.items() if count}


def equal(store: MemoryLedger, world: World) -> bool:
    """Whether the desk knows all that the exchange does, and what of it were moves."""
    known = (booked(store), moved_by_the_journal(world))
    return known == (exchanges(world), moved_by_the_exchange(world))


def live(world: World, rng: random.Random) -> None:
    """Minutes of trade, with a move of money and a fault in each, and a kill now and then."""
    for minute in range(MINUTES):
        move = rng.choice(MOVES)
        world.admin("POST", "funding", {"account": ACCOUNT, **move})
        world.admin("POST", "faults", rng.choice(FAULTS))
        wanted = {"type": rng.choice(("buy", "sell")), "ordertype": "market", "volume": "0.01"}
        world.hands.call("AddOrder", pair="XBTUSD", **wanted)
        world.run(rng.randrange(15, 40))
        if minute % 2:
            world.kill()
            world.start()
            world.ready()


@pytest.mark.parametrize("seed", range(3))
def test_books_equal_the_exchanges_whatever_is_lost_and_whoever_is_killed(seed: int) -> None:
    rng = random.Random(seed)
    world, store = World(seed, setting_of(seed, "none", rng)), MemoryLedger()
    world.books = store
    world.start()
    world.ready()
    live(world, rng)
    world.admin("DELETE", "faults", {})
    world.ask("halt", why="comparing")
    for _ in range(PATIENCE_SECONDS):
        if equal(store, world):
            break
        world.run(1)
    assert booked(store) == exchanges(world)
    assert moved_by_the_journal(world) == moved_by_the_exchange(world)
    keeping = kept(store)
    assert violations(keeping.books) == []
    assert keeping.books.gaps == {} and keeping.books.conflicts == {}
    assert len(keeping.books.rows) > 50
    assert not [row for row in store.drift() if row.cause == "unknown"]
    again = Bookkeeping(store.load(), NoMarks())
    assert again.catch_up(None, 1).is_empty
    assert state_hash(again.books) == state_hash(keeping.books)
    assert SYMBOL.partition("/")[0] in booked(store)
