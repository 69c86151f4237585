"""The sandbox's clock never goes back."""

import time

import pytest

from zoe.sandbox.clock import RealTime


def test_it_follows_the_system_forward_and_goes_on_steadily_when_that_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall, steady = [1_000], [10]
    monkeypatch.setattr(time, "time_ns", lambda: wall[0])
    monkeypatch.setattr(time, "monotonic_ns", lambda: steady[0])
    clock = RealTime()
    assert clock.now_ns() == 1_000
    wall[0], steady[0] = 500, 15
    assert clock.now_ns() == 1_005
    wall[0], steady[0] = 5_000, 20
    assert clock.now_ns() == 5_000
    assert clock.now_ns() == 5_000
