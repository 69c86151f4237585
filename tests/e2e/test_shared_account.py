"""A desk trades while money comes and goes, somebody trades by hand on the same account, the exchange's
lists lag, and messages of the private socket are dropped: the books equal the exchange's to the last
digit, and every difference there was is listed with its cause.

``ZOE_SHARED`` says for how many seconds (600 is the whole of it), ``ZOE_SEED`` what happens.
"""

import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import foreign
import pytest
import sandboxes
from commands import ZOE
from desks import BUSY, LOOK_SECONDS, Row
from guests import GuestDesk, guest
from sandboxes import PATIENCE_SECONDS, Sandbox

SECONDS: Final = int(os.environ.get("ZOE_SHARED", "3"))
LONG: Final = SECONDS >= 60
#: Between two things that are planted, and between two actions of a hand.
PACE: Final = 3.0 if LONG else 0.3
LAG: Final = "200:2000" if LONG else "50:200"
CONFIG: Final = BUSY.replace("[exchange]\n", f"[exchange]\nlag_ms = {3000 if LONG else 500}\n")
FAULTS: Final[list[Row]] = [
    {"where": "balances", "what": "gap"},
    {"where": "executions", "what": "gap"},
    {"where": "balances", "what": "late", "ms": 5_000 if LONG else 700},
    {"where": "executions", "what": "late", "ms": 5_000 if LONG else 700},
    {"where": "balances", "what": "duplicate"},
    {"where": "executions", "what": "duplicate"},
    {"where": "Ledgers", "what": "http_502"},
    # Five seconds of silence each.
    *([{"where": "ClosedOrders", "what": "lost_answer"}] if LONG else []),
]
ENDS: Final = ("filled", "canceled", "expired")
#: Never set: the pace of what is planted.
_PAUSE: Final = threading.Event()


class Planter:
    """Moves money and plants faults, one after the other."""

    def __init__(self, host: Sandbox, account: str, chance: random.Random) -> None:
        self._host = host
        self._account = account
        self._chance = chance
        self._failing: str | None = None

    def all_for(self, seconds: float) -> None:
        """Everything once at least, and on until the time is over."""
        end = time.monotonic() + seconds
        first = [self._deposit, self._withdraw, self._fail, self._fail, self._reward]
        works = [*first, *(self._fault for _ in FAULTS)]
        while True:
            for work in works:
                work()
                _PAUSE.wait(PACE)
            if time.monotonic() > end:
                return
            self._chance.shuffle(works)

    def _move(self, **wanted: str) -> Any:
        return self._host.admin("funding", {"account": self._account, **wanted})

    def _deposit(self) -> None:
        asset, amount = self._chance.choice((("USD", "1234.5678"), ("BTC", "0.0123456789")))
        self._move(type="deposit", asset=asset, amount=amount)

    def _withdraw(self) -> None:
        self._move(type="withdrawal", asset="BTC", amount="0.01", fee="0.0001")

    def _fail(self) -> None:
        """A withdrawal begins, and the next time it comes back."""
        if self._failing is None:
            wanted = {"amount": "500", "fee": "4", "status": "Pending"}
            self._failing = self._move(type="withdrawal", asset="USD", **wanted)["ref_id"]
        else:
            self._move(type="withdrawal", asset="USD", ref_id=self._failing, status="Failure")
            self._failing = None

    def _reward(self) -> None:
        self._move(type="staking", asset="BTC", amount="0.0000012345")

    def _fault(self) -> None:
        self._host.admin("faults", self._chance.choice(FAULTS))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Sandbox]:
    options = ("--port", "0", "--lag-ms", LAG, "--pairs", "BTC/USD,ETH/USD")
    with sandboxes.running(tmp_path, *options, command=(*ZOE, "sandbox")) as made:
        yield made


@pytest.mark.slow
def test_books_are_the_exchanges_and_each_difference_is_explained(
    tmp_path: Path, host: Sandbox
) -> None:
    hand = foreign.launch(foreign.python(), "ccxt_by_hand")  # which takes its time to begin
    default = random.SystemRandom().randrange(1 << 32) if LONG else 1
    seed = int(os.environ.get("ZOE_SEED", default))
    print(f"ZOE_SEED={seed}")
    with guest(tmp_path, CONFIG, host) as running:
        running.start()
        key = host.admin("keys", {"account": running.account})
        running.ready()
        running.trades_on(1)
        begin(hand, host, key, seed)
        Planter(host, running.account, random.Random(seed)).all_for(SECONDS)
        done = report(hand)
        host.admin("faults", method="DELETE")
        spoiled = host.admin(f"faults?account={running.account}", method="GET")
        code, answer = running.zoe("halt", "--why", "comparing", "--timeout", "60", "--json")
        assert code == 0, answer
        host.admin("funding", {"account": running.account, "asset": "USD", "amount": "0.0001"})
        running.until(lambda: booked(running) == balances(host, key), 2 * LOOK_SECONDS)
        running.until(lambda: running.zoe("ledger", "verify", "--json")[0] == 0, 2 * LOOK_SECONDS)
        planted = Planted(running.truth(), spoiled, done)
        with suppress(AssertionError):  # what is left then is said below
            running.until(lambda: not planted.unlisted(drift(running)), 2 * LOOK_SECONDS)
        tell(drift(running), spoiled, done)
        assert "\n".join(planted.unlisted(drift(running))) == ""
        assert running.zoe("drift")[0] == 0
        code, worth = running.zoe("equity", "--json")
        assert (code, worth["unmarked"]) == (0, [])
        assert running.zoe("pnl", "--json")[0] == 0
        assert running.stop() == 0
        code, verdict = running.zoe("ledger", "verify", "--json")
        assert (code, verdict["problems"]) == (0, [])
        assert booked(running) == balances(host, key)


def begin(hand: "subprocess.Popen[str]", host: Sandbox, key: Row, seed: int) -> None:
    given = {part: host.ready[part] for part in ("rest", "ws", "ws_auth")}
    given |= {"key": key["key"], "secret": key["secret"]}
    given |= {"meddles": "yes" if LONG else "no", "seed": str(seed)}
    foreign.give(hand, given | {"seconds": str(SECONDS), "pace": str(PACE)})


def report(hand: "subprocess.Popen[str]") -> list[Row]:
    """What the hand did: an action a row, with its order; those that failed are left out."""
    said, complaints = hand.communicate(timeout=SECONDS + 2 * PATIENCE_SECONDS)
    assert hand.returncode == 0, complaints[-3000:]
    steps = json.loads(said).values()
    return [step["gave"] for step in steps if step.get("gave") and step["gave"].get("order")]


def balances(host: Sandbox, key: Row) -> dict[str, Decimal]:
    """BalanceEx, by the books' names; what is held."""
    names = {"ZUSD": "USD", "XXBT": "BTC", "XETH": "ETH"}
    found = host.private_of(key, "BalanceEx")
    told = {names[name]: Decimal(row["balance"]) for name, row in found.items()}
    return {asset: amount for asset, amount in told.items() if amount}


def booked(running: GuestDesk) -> dict[str, Decimal]:
    """What the books hold of each asset."""
    code, worth = running.zoe("equity", "--json")
    assert code == 0, worth
    told = {row["asset"]: Decimal(row["quantity"]) for row in worth["holdings"]}
    return {asset: amount for asset, amount in told.items() if amount}


def drift(running: GuestDesk) -> list[Row]:
    """Every step of every difference."""
    found: list[Row] = running.zoe("drift", "--all", "--json")[1]
    return found


class Planted:
    """What was done to the account and to its stream, in the exchange's words and in the hand's."""

    def __init__(self, truth: list[Row], spoiled: list[Row], done: list[Row]) -> None:
        self._truth = truth
        self._spoiled = spoiled
        self._done = done
        accepted = [row for row in truth if row["kind"] == "order_accepted"]
        self._by_hand = {row["order_id"] for row in accepted if row["cl_ord_id"] is None}

    def unlisted(self, drift: list[Row]) -> list[str]:
        """What is not listed with the cause that it has, what nobody explained, and what stands."""
        listed = {(row["subject"], row["cause"]) for row in drift}
        missing = [one for one in self._by_others() if (one, "external_action") not in listed]
        late = {subject for subject, cause in listed if cause in ("missed_message", "lag")}
        missing += self._dropped() - late
        newest = {row["number"]: row for row in drift}
        stands = [str(row) for row in newest.values() if row["status"] != "settled"]
        # With so little lag, a machine that has too much to do may alarm for a moment.
        return missing + stands + [str(row) for row in drift if LONG and row["cause"] == "unknown"]

    def _by_others(self) -> list[str]:
        """Orders, trades and moves of money that the desk has not caused."""
        kinds = ("deposit", "withdrawal", "staking")
        amended = self._amended_again()
        found = [f"order {r['order']}" for r in self._done if r["order"] not in amended]
        for row in self._truth:
            if row["kind"] == "fill" and row["order_id"] in self._by_hand:
                found.append(f"fill {row['exec_id']}")
            elif row["kind"] == "ledger" and row["type"] in kinds and row["ref_id"][0] == "F":
                found.append(row["id"])
        return found

    def _amended_again(self) -> set[str]:
        """Orders of the desk whose amend by hand the desk's next one may have hidden from it."""
        amends = [row["order_id"] for row in self._truth if row["kind"] == "order_amended"]
        meddled = [row["order"] for row in self._done if row["what"] == "amend_desks"]
        canceled = {row["order"] for row in self._done if row["what"] == "cancel_desks"}
        return {one for one in meddled if amends.count(one) > 1} - canceled

    def _dropped(self) -> set[str]:
        """What frames that never left would have told: rows, fills, ends of the desk's orders."""
        found: set[str] = set()
        for hit in self._spoiled:
            if hit["what"] == "gap" and hit["frame"]["type"] == "update":
                found.update(*map(self._names, hit["frame"]["data"]))
        return found

    def _names(self, row: Row) -> set[str]:
        if "ledger_id" in row:
            return {row["ledger_id"]}
        if row["order_id"] in self._by_hand:
            return set()
        trade = {f"fill {row['exec_id']}"} if row["exec_type"] == "trade" else set()
        return trade | ({f"order {row['order_id']}"} if row["exec_type"] in ENDS else set())


def tell(drift: list[Row], spoiled: list[Row], done: list[Row]) -> None:
    print(Counter((row["cause"], row["status"], row["subject"].split(" ")[0][:5]) for row in drift))
    print(Counter((row["where"], row["what"]) for row in spoiled))
    print(Counter(row["what"] for row in done))
