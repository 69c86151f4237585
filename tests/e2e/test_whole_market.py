"""A desk on a sandbox that lists every pair the exchange has: all are seen, the best come into focus, a strategy
trades, no decision is made on old data, and a fill is followed back to its tick and its pair's rank.

``ZOE_MARKET`` says for how many seconds, 600 is the whole of it; without it nothing is run.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import sandboxes
from commands import ZOE
from desks import PATIENCE_SECONDS, ROOT, Row
from guests import GuestDesk, guest
from sandboxes import Sandbox

SECONDS: Final = int(os.environ.get("ZOE_MARKET", "0"))
PAIRS: Final = ROOT.parent / "shared" / "fixtures" / "kraken-pairs.csv"
#: What RiskOfficer accepts.
OLDEST_MS: Final = 5_000
LOUD: Final = ("WARNING", "ERROR", "CRITICAL")
CONFIG: Final = f"""
[exchange]
tier = "pro"
[risk]
max_quote_age_ms = {OLDEST_MS}
[desk]
focus = []
[scout]
enabled = true
min_turnover_usd = 0
max_spread_bps = 200
kept = 100
[focus]
warm_up_seconds = 10
min_stay_seconds = 60
[strategy.quote_keeper]
half_spread_bps = 1
refresh_bps = 1
[repeg]
price_band = "0.00005"
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Sandbox]:
    options = ("--port", "0", "--catalog", str(PAIRS), "--market", "lively", "--seed", "7")
    with sandboxes.running(tmp_path, *options, command=(*ZOE, "sandbox")) as made:
        yield made


@pytest.mark.slow
@pytest.mark.skipif(not SECONDS, reason="ZOE_MARKET says for how many seconds")
def test_every_pair_is_seen_and_a_fill_is_followed_to_its_tick_and_its_rank(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not PAIRS.exists():
        pytest.skip(f"{PAIRS} is not here")
    host: Sandbox = request.getfixturevalue("host")
    with guest(tmp_path, CONFIG, host) as running:
        running.start()
        running.ready()
        end = time.monotonic() + SECONDS
        running.until(lambda: promoted(running), 5 * PATIENCE_SECONDS)
        running.until(lambda: running.listed("fills"), 5 * PATIENCE_SECONDS)
        running.until(lambda: time.monotonic() > end, SECONDS + PATIENCE_SECONDS)
        code, status = running.zoe("status", "--json")
        assert code == 0, status
        fills, orders = running.listed("fills"), running.listed("orders", "--all")
        told = followed(running, fills)
        show(running, status, fills, orders, told)
        assert ages(status)["max_ms"] <= OLDEST_MS
        assert not running.sent_twice()
        assert running.zoe("halt", "--why", "seen enough", "--timeout", "60")[0] == 0
        assert running.stop() == 0


def promoted(running: GuestDesk) -> list[Row]:
    """What the log says of pairs that came into focus by their rank."""
    lines = [line for line in running.log() if line["event"] == "market.promoted"]
    return [line for line in lines if str(line.get("reason", "")).startswith("rank ")]


def ages(status: Row) -> Row:
    """How old what decisions saw was, as ``zoe status`` tells it."""
    found: Row = status["quote_age_at_decision"]
    return found


def followed(running: GuestDesk, fills: list[Row]) -> Row:
    """What ``zoe why`` tells of the newest fill that it follows to a tick and a rank."""
    told: Any = None
    for fill in reversed(fills[-20:]):
        code, told = running.zoe("why", str(fill["exec_id"]), "--json")
        assert code == 0, told
        if told["ticks"] and told["ranks"]:
            return dict(told)
    raise AssertionError(f"no fill of {len(fills)} has a tick and a rank: {told}")


def show(running: GuestDesk, status: Row, fills: list[Row], orders: list[Row], told: Row) -> None:
    """The figures, for whoever runs it for long."""
    events = Counter(line["event"] for line in running.log())
    moves = {name: events[f"market.{name}"] for name in ("promoted", "demoted", "book_broken")}
    print(f"{SECONDS} s: {moves}, orders {len(orders)}, fills {len(fills)}, ages {ages(status)}")
    print(f"refused {Counter(row['reason'] for row in orders if row['state'] == 'DENIED')}")
    for row in status["components"]:
        print(f"  {row['component']:14} {row['status']:9} {row['detail']}")
    warned = {line["event"] for line in running.log() if line.get("level") in LOUD}
    print(f"warned of { ({name: events[name] for name in sorted(warned)}) }")
    print(f"why: {[row['kind'] for row in told['rows']]}, {told['ticks']}, {told['ranks']}")
