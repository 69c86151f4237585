"""A pair's step of prices and its minimum are changed while a desk trades it: its next orders and amends keep the
new ones, and none is refused for the old."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sandboxes
from desks import BUSY, PATIENCE_SECONDS, Row
from guests import GuestDesk, guest
from sandboxes import Sandbox

STEP = Decimal(5)
STEPS = 6


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Sandbox]:
    options = ("--port", "0", "--market", "lively", "--pairs", "BTC/USD", "--seed", "7")
    with sandboxes.running(tmp_path, *options) as made:
        yield made


@pytest.mark.slow
def test_the_next_order_and_the_next_amend_keep_the_new_steps_and_minimums(
    tmp_path: Path, host: Sandbox
) -> None:
    with guest(tmp_path, BUSY, host) as running:
        running.start()
        running.ready()
        running.until(lambda: len(steps(running)) >= STEPS, PATIENCE_SECONDS)
        assert any(Decimal(str(row["price"])) % STEP for row in steps(running))
        change(running, {"price_increment": "5"})
        running.pause(1)  # what was on its way may be refused
        before, refused = len(steps(running)), refusals(running)
        running.until(lambda: len(steps(running)) >= before + STEPS, PATIENCE_SECONDS)
        later = steps(running)[before:]
        assert {row["kind"] for row in later} == {"order_accepted", "order_amended"}
        assert not [row for row in later if Decimal(str(row["price"])) % STEP]
        change(running, {"qty_min": "0.5"})
        running.until(lambda: not running.listed("orders"), PATIENCE_SECONDS)
        ended = len(steps(running))
        running.pause(5)
        assert len(steps(running)) == ended
        change(running, {"qty_min": "0.0001"})
        running.until(lambda: len(steps(running)) > ended, PATIENCE_SECONDS)
        assert running.zoe("halt", "--why", "seen enough")[0] == 0
        assert refusals(running) == refused
        assert running.stop() == 0


def change(running: GuestDesk, wanted: dict[str, str]) -> None:
    """Changes the pair at the exchange; returns once the desk has heard of it."""

    def heard() -> int:
        return sum(line["event"] == "catalogue.changed" for line in running.log())

    before = heard()
    running.host.admin("steps", {"symbol": "BTC/USD"} | wanted)
    running.until(lambda: heard() > before)


def steps(running: GuestDesk) -> list[Row]:
    """What the exchange has taken: orders, and amends."""
    kinds = ("order_accepted", "order_amended")
    return [row for row in running.truth() if row["kind"] in kinds]


def refusals(running: GuestDesk) -> list[str]:
    """Orders that the exchange did not take."""
    rows = running.listed("orders", "--all")
    return [row["intent_id"] for row in rows if row["state"] == "REJECTED"]
