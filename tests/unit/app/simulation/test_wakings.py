"""The exchange's own time in a simulation: it is woken when something is due, once."""

import pytest

from zoe.app.simulation.scenario import still_setting
from zoe.app.simulation.world import World
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.wire import Delivery


def test_what_is_due_at_one_moment_wakes_the_exchange_once(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    wake = Exchange.wake

    def noted(exchange: Exchange, now_ns: int) -> list[Delivery]:
        woken.append(now_ns)
        return wake(exchange, now_ns)

    monkeypatch.setattr(Exchange, "wake", noted)
    world = World(3, still_setting(3))
    world.start()
    world.ready()
    world.run(20)
    assert len(woken) > 20
    assert len(set(woken)) == len(woken)
