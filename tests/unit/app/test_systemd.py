"""What systemd is told, and how often."""

import socket
from pathlib import Path

import pytest

from zoe.app.systemd import notify, watchdog_seconds


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("30000000", 15),
        ("2000000", 1),
        ("1", 0.25),
        ("0", None),
        ("", None),
        ("-5", None),
        ("x", None),
        ("\u0663", None),
    ],
)
def test_a_watchdog_is_told_twice_in_the_time_that_it_waits(
    told: str, seconds: float | None
) -> None:
    assert watchdog_seconds({"WATCHDOG_USEC": told}) == seconds
    assert watchdog_seconds({}) is None


def test_whoever_listens_is_told_and_whoever_does_not_costs_nothing(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    assert not notify("READY=1", {"NOTIFY_SOCKET": address})
    assert not notify("READY=1", {})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        assert notify("READY=1", {"NOTIFY_SOCKET": address})
        assert listener.recv(100) == b"READY=1"
