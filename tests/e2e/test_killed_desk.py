"""The desk is killed with -9 while it trades, again and again, and nothing is lost or doubled.

``ZOE_KILLS`` says how often; the seed of the moments is printed and can be given by ``ZOE_SEED``.
"""

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from desks import BUSY, FIRST_FILL_SECONDS, Desk, desk, differences

KILLS = int(os.environ.get("ZOE_KILLS", "20"))
#: A moment is a place in the exchange's journal: so many bytes are an order or two.
MOST_BYTES = 1_500


def settled(running: Desk) -> list[str]:
    """Halts the desk, which settles everything in flight, and compares; then lets it go on."""
    found = running.settled()
    code, answer = running.zoe("resume", "--json")
    assert code == 0, answer
    return found


@pytest.mark.slow
def test_a_desk_killed_while_it_trades_goes_on_with_the_same_orders(tmp_path: Path) -> None:
    seed = int(os.environ.get("ZOE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"ZOE_SEED={seed}")
    moments = random.Random(seed)
    with desk(tmp_path, BUSY) as running:
        for number in range(KILLS):
            running.start()
            running.ready()
            assert settled(running) == [], f"after {number} kills, seed {seed}"
            kill_at = running.truth_size() + moments.randrange(MOST_BYTES)
            running.until(lambda at=kill_at: running.truth_size() >= at)
            running.kill()
            running.until(lambda: not running.children())
        running.start()
        running.ready()
        # The kills may all have come before the first fill.
        running.until(lambda: running.filled() > 0, FIRST_FILL_SECONDS)
        assert running.settled() == []
        assert running.stop() == 0
        assert differences(running) == []
        assert len(running.listed("fills")) > 0
        assert len(running.listed("orders", "--all")) > KILLS


@pytest.mark.slow
def test_desk_exchange_and_database_killed_at_one_moment_go_on_with_the_same_orders(
    tmp_path: Path,
) -> None:
    with desk(tmp_path, BUSY) as running:
        for _ in range(2):
            running.start()
            running.ready()
            running.trades_on(2)
            for pid in running.children():
                # A server's own processes may have ended with it since they were listed.
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            running.kill()
            running.until(lambda: not running.children())
        running.start()
        running.ready()
        assert running.settled() == []
        assert running.stop() == 0
