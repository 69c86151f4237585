"""Desks on which both strategies of many pairs are live, on a sandbox with a lively market."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import sandboxes
from commands import ZOE
from desks import ROOT, Row
from guests import GuestDesk
from sandboxes import Sandbox

from zoe.domain.strategy import record
from zoe.domain.strategy.trader_state import State
from zoe.store import reading
from zoe.store.connection import Database
from zoe.store.journal import PostgresJournal

CATALOG: Final = ROOT.parent / "shared" / "fixtures" / "kraken-pairs.csv"
EDGE: Final = "edge_factory"
TRADER: Final = "crypto_trader"
NAMES: Final = (EDGE, TRADER)
#: Of the long tail, each with a sibling in EUR at least.
THIN: Final = (
    *("1INCH", "ACX", "AERO", "AEVO", "AGLD", "AIOZ", "AIXBT", "AKT", "ALCX", "ALICE", "ANON"),
    *("API3", "APT", "AR", "ARKM", "AUCTION", "AUDIO", "AXS", "BADGER", "BAL"),
)
#: As wide as CryptoTrader's gates go, so that minutes show what days would.
WIDE: Final = """
min_turnover_usd = 125000
max_spread_bps = 37.5
max_age_seconds = 15
momentum = 0.75
breakout_bars = 10
volume_multiple = 1
reversion_z = 1.25
reversion_btc = 2.25
rho = 0.75
cost_multiple = 0.75
min_breadth = 0.175
stop_atr = 1
stop_spreads = 1.5
stop_floor_bps = 30
target_r = 0.75
"""

_RENAMED: Final = {"XBT": "BTC", "XDG": "DOGE"}


def config(warm_up_seconds: int, *trader: str) -> str:
    """Lines for a desk's configuration file: both strategies live; the last section is open."""
    pairs = ", ".join(f'"{name}/USD"' for name in THIN)
    return "\n".join(
        (
            '[exchange]\ntier = "pro"',
            "[scout]\nenabled = true",
            '[strategy.quote_keeper]\nmode = "off"',
            f'[strategy.edge_factory]\nmode = "live"\npairs = [{pairs}]',
            f"warm_up_seconds = {warm_up_seconds}",
            '[strategy.crypto_trader]\nmode = "live"',
            WIDE,
            *trader,
        )
    )


@contextmanager
def lively(place: Path, *options: str) -> Iterator[Sandbox]:
    """A sandbox with every pair of the exchange's list and a lively market."""
    if not CATALOG.exists():
        pytest.skip(f"{CATALOG.name} is not beside this checkout")
    given = ("--port", "0", "--tier", "pro", "--catalog", str(CATALOG), "--market", "lively")
    with sandboxes.running(place, *given, *options, command=(*ZOE, "sandbox")) as host:
        yield host


def shown(desk: GuestDesk, name: str) -> Row:
    """``zoe strategy show``."""
    code, answer = desk.zoe("strategy", "show", name, "--json")
    assert code == 0, answer
    found: Row = answer
    return found


def executed(desk: GuestDesk) -> Counter[tuple[str, str]]:
    """Executions in our journal by strategy and slot, such as ``exit.tp1``."""
    fills = desk.listed("fills")
    orders = {row["intent_id"]: row for row in desk.listed("orders", "--all")}
    return Counter(_slot(orders[row["intent_id"]]) for row in fills)


def placed(desk: GuestDesk) -> Counter[tuple[str, str]]:
    """Orders in our journal by strategy and slot."""
    return Counter(map(_slot, desk.listed("orders", "--all")))


def _slot(order: Row) -> tuple[str, str]:
    name = order["source"].removeprefix("strategy/")
    return name, (order["slot"] or "").rpartition(" ")[2]


def gains(desk: GuestDesk) -> dict[str, Decimal]:
    """What the account has at the exchange more than when it was opened, but for money."""
    began: dict[str, Decimal] = {}
    ends: dict[str, Decimal] = {}
    for row in desk.truth():
        if row["kind"] == "ledger":
            balance = Decimal(row["balance"])
            began.setdefault(row["asset"], balance if row["type"] == "deposit" else Decimal(0))
            ends[row["asset"]] = balance
    found = {asset: ends[asset] - began[asset] for asset in ends if asset != "USD"}
    return {asset: amount for asset, amount in found.items() if amount}


def sleeves(desk: GuestDesk, given: dict[str, Decimal]) -> dict[str, Decimal]:
    """What all strategies hold by asset, less what was given to them."""
    found = {asset: -amount for asset, amount in given.items()}
    for name in NAMES:
        for row in shown(desk, name)["sleeve"]:
            asset = row["pair"].partition("/")[0]
            found[asset] = found.get(asset, Decimal(0)) + Decimal(row["quantity"])
    return {asset: amount for asset, amount in found.items() if amount}


def apart(desk: GuestDesk, given: dict[str, Decimal]) -> dict[str, Decimal]:
    """How much more the account has gained of an asset than the strategies hold.

    Some coins are counted in balances more coarsely than in orders (PEPE: 2 decimals, and 5): there each
    row of the ledger may be rounded by half a digit.
    """
    theirs, ours = gains(desk), sleeves(desk, given)
    rows = Counter(row["asset"] for row in desk.truth() if row["kind"] == "ledger")
    decimals = {
        _RENAMED.get(row["altname"], row["altname"]): int(row["decimals"])
        for row in desk.host.public("Assets").values()
    }
    finest: dict[str, int] = {}
    for pair, places in _quantity_decimals(desk.host).items():
        base = pair.partition("/")[0]
        finest[base] = max(finest.get(base, 0), places)
    found = {}
    for asset in theirs.keys() | ours.keys():
        more = theirs.get(asset, Decimal(0)) - ours.get(asset, Decimal(0))
        coarse = decimals[asset] < finest[asset]
        if abs(more) > coarse * rows[asset] * Decimal("0.5").scaleb(-decimals[asset]):
            found[asset] = more
    return found


def states(desk: GuestDesk) -> list[State]:
    """Every state that CryptoTrader has written down, oldest first."""
    _, status = desk.zoe("status", "--json")
    account = status["account_id"]

    def read(database: Database) -> list[State]:
        rows = PostgresJournal(database, account).stream(f"strategy-state/{account}/{TRADER}")
        return [record.read_state(State, row.body["state"]) for row in rows]

    return reading.read(desk.state, "", read)


def opened_twice(desk: GuestDesk) -> list[str]:
    """Pairs in which CryptoTrader bought more than its signals were for.

    A signal is planned once, and what was planned is for one position: whatever opens it again buys more.
    """
    planned = {
        (trade.pair, trade.rule, trade.signal_ns): trade.planned
        for state in states(desk)
        for trade in state.trades
        if trade.rule != "adopted"
    }
    instruments = _quantity_decimals(desk.host)
    most: dict[str, Decimal] = {}
    for (pair, _, _), units in planned.items():
        quantity = Decimal(units).scaleb(-instruments[pair])
        most[pair] = most.get(pair, Decimal(0)) + quantity
    fills = desk.listed("fills")
    orders = {row["intent_id"]: row for row in desk.listed("orders", "--all")}
    bought: dict[str, Decimal] = {}
    for row in fills:
        order = orders[row["intent_id"]]
        if order["source"] == f"strategy/{TRADER}" and row["side"] == "buy":
            bought[row["pair"]] = bought.get(row["pair"], Decimal(0)) + Decimal(row["quantity"])
    return [pair for pair, quantity in bought.items() if quantity > most.get(pair, Decimal(0))]


def _quantity_decimals(host: Sandbox) -> dict[str, int]:
    found = {}
    for row in host.public("AssetPairs").values():
        base, _, quote = row["wsname"].partition("/")
        symbol = f"{_RENAMED.get(base, base)}/{_RENAMED.get(quote, quote)}"
        found[symbol] = int(row["lot_decimals"])
    return found


def log_lines(desk: GuestDesk) -> list[Row]:
    """Every line of every log file, oldest first."""
    found: list[Row] = []
    for file in sorted((desk.state / "log").glob("zoe.2*.jsonl.gz")):
        found += map(json.loads, gzip.decompress(file.read_bytes()).splitlines())
    return found + desk.log()


def chain(desk: GuestDesk, wanted: str) -> dict[str, Any]:
    """``zoe why`` of an id: the newest decision in it, and the kinds of its rows."""
    code, answer = desk.zoe("why", wanted, "--json")
    assert code == 0, answer
    made = [row for row in answer["rows"] if row["kind"] == "decision.made"]
    kinds = {row["kind"] for row in answer["rows"]}
    return {"decisions": made, "ticks": answer["ticks"], "kinds": kinds}
