"""A desk whose machine's clock is set while it trades."""

from pathlib import Path

import pytest
from desks import BUSY, ROOT, desk

SET_CLOCK = Path(__file__).with_name("set_clock")
HOUR_SECONDS = 3_600
#: Pings measure the exchange's clock every five seconds; the rest is for a busy machine.
SOON_SECONDS = 180
#: Orders that are taken or amended.
STEPS = 4


@pytest.mark.slow
def test_a_clock_that_is_set_stops_orders_for_seconds_and_not_for_as_long_as_it_was_set_by(
    tmp_path: Path,
) -> None:
    ahead = tmp_path / "ahead"
    ahead.write_text("0")
    environ = {"CLOCK_AHEAD": str(ahead), "PYTHONPATH": f"{SET_CLOCK}:{ROOT}"}
    with desk(tmp_path, BUSY) as running:
        running.start(environ=environ)
        running.ready()
        running.trades_on()
        for seconds in (HOUR_SECONDS, 0, -HOUR_SECONDS, 20, 0):
            fresh = ahead.with_name("fresh")
            fresh.write_text(str(seconds))
            fresh.replace(ahead)
            wanted = running.steps() + STEPS
            running.until(lambda wanted=wanted: running.steps() >= wanted, SOON_SECONDS)
        assert running.settled() == []
        assert running.stop() == 0
