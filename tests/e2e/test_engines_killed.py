"""A desk on which both strategies of many pairs are live is killed with -9 again and again while it trades.

``ZOE_ENGINES_KILLS`` says how often (20 is the whole of it; without it nothing is run), ``ZOE_SEED`` when,
``ZOE_ENGINES_STOPS=exchange`` lets the stops rest at the exchange.
After each restart the sleeves still come to what the account has, no signal has been opened twice, and every
position is watched again.
"""

import os
import random
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import engine_desks as engines
import pytest
from desks import PATIENCE_SECONDS, Row, differences
from guests import GuestDesk, guest
from sandboxes import Sandbox

from zoe.domain.strategy.trader_state import State

KILLS: Final = int(os.environ.get("ZOE_ENGINES_KILLS", "0"))
STOPS: Final = os.environ.get("ZOE_ENGINES_STOPS", "desk")
#: Coins that CryptoTrader is given: positions from the first second on, with stops that are hit now and then.
#: Of the first there are more than one order may be for; a stop that rests is one order.
GIVEN: Final = {
    "BTC": "0.04" if STOPS == "exchange" else "0.5",
    "ETH": "1",
    "SOL": "30",
    "XRP": "2000",
    "ADA": "9000",
    "LTC": "40",
}
#: Most things that happen at the exchange between a restart and a kill.
MOST_ROWS: Final = 40


def config() -> str:
    """Warm at once, with positions."""
    claims = ", ".join(f'"{coin}/USD {quantity}"' for coin, quantity in GIVEN.items())
    rests = ('stops = "exchange"', "[desk]\ndead_man = false") if STOPS == "exchange" else ()
    return engines.config(5, f"claim = [{claims}]", "max_positions = 20", *rests)


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("ZOE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"ZOE_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def host(tmp_path: Path, chance: random.Random) -> Any:
    with engines.lively(tmp_path, "--seed", str(chance.randrange(1 << 32))) as made:
        yield made


@pytest.mark.slow
@pytest.mark.skipif(not KILLS, reason="ZOE_ENGINES_KILLS=20 kills a desk so often")
def test_kills_while_both_strategies_trade_keep_sleeves_signals_and_stops(
    tmp_path: Path, host: Sandbox, chance: random.Random
) -> None:
    with guest(tmp_path, config(), host, more=GIVEN) as desk:
        held: tuple[str, ...] = ()
        for number in range(KILLS):
            start(desk, held, number)
            trade_until_a_kill_is_due(desk, chance)
            held = positions(desk)
            desk.kill()
            desk.until(lambda: not desk.children())
        start(desk, held, KILLS)
        halted(desk)
        desk.until(lambda: differences(desk) == [], PATIENCE_SECONDS)
        assert desk.sent_twice() == []
        assert desk.zoe("ledger", "verify", "--json")[0] == 0
        print("fills", dict(engines.executed(desk)))
        assert desk.stop() == 0


def start(desk: GuestDesk, held: tuple[str, ...], number: int) -> None:
    """Starts a desk and looks whether everything is as it was."""
    desk.start()
    desk.ready()
    guarded(desk, held, number)
    halted(desk)
    if number:
        assert engines.opened_twice(desk) == []
    code, answer = desk.zoe("resume", "--json")
    assert code == 0, answer


def halted(desk: GuestDesk) -> None:
    """Nothing moves any more: the sleeves come to what the account has won, and to what was given."""
    code, answer = desk.zoe("halt", "--why", "comparing", "--timeout", "60", "--json")
    assert code == 0, answer
    given = {coin: Decimal(quantity) for coin, quantity in GIVEN.items()}
    with suppress(AssertionError):  # what differs then is said below
        desk.until(lambda: engines.apart(desk, given) == {}, PATIENCE_SECONDS)
    assert engines.apart(desk, given) == {}


def trade_until_a_kill_is_due(desk: GuestDesk, chance: random.Random) -> None:
    """Until something more is executed: its report is under way; or in the midst of anything."""
    if chance.random() < 0.5:
        before = desk.filled()
        desk.until(lambda: desk.filled() > before, 3 * PATIENCE_SECONDS)
    else:
        rows = len(desk.truth()) + chance.randrange(MOST_ROWS)
        desk.until(lambda: len(desk.truth()) >= rows, 3 * PATIENCE_SECONDS)


def positions(desk: GuestDesk) -> tuple[str, ...]:
    """Pairs in which CryptoTrader has coins and a stop, as its newest state says."""
    trades = (engines.states(desk) or [State()])[-1].trades
    assert all(trade.stop > 0 for trade in trades)
    return tuple(trade.pair for trade in trades if trade.opened_ns)


def guarded(desk: GuestDesk, held: tuple[str, ...], number: int) -> None:
    """Every position of the last desk is decided about on a live quote before it is anything else's turn."""
    desk.until(lambda: guards(desk).keys() >= set(held), PATIENCE_SECONDS)
    lines = desk.log_of_this_run()
    (reconciled,) = (line for line in lines if line["event"] == "reconciler.reconciled")
    began = at(reconciled)
    late = [round(at(line) - began, 3) for line in guards(desk).values()]
    print(f"{number}: {len(held)} positions, watched {late} s after all was reconciled", flush=True)
    if STOPS == "exchange":
        desk.until(lambda: resting(desk) >= set(positions(desk)), PATIENCE_SECONDS)


def resting(desk: GuestDesk) -> set[str]:
    """Pairs with a stop that rests at the exchange, as our books say."""
    return {row["pair"] for row in desk.listed("orders") if row["order_type"] == "stop-loss-limit"}


def guards(desk: GuestDesk) -> dict[str, Row]:
    """The line about each position that this desk has begun to watch."""
    lines = desk.log_of_this_run()
    return {line["pair"]: line for line in lines if line["event"] == "strategy.guards"}


def at(line: Row) -> float:
    return datetime.fromisoformat(line["ts"]).timestamp()
