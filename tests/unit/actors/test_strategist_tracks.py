"""What is news to whoever reads decisions: another price, another reason, or another quantity by enough."""

from collections import Counter
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.actors.strategist_report import by_reason
from zoe.actors.strategist_tracks import IDLE_NS, Track
from zoe.domain.order import Side
from zoe.domain.strategy.view import Want

BID = Want("bid.0", "X/USD", Side.BUY, 100, 1_000, True, 1, "low")
ASK = Want("ask.0", "X/USD", Side.SELL, 110, 1_000, True, 1, "high")
WHY = ("QUOTING",)


def told(*wants: Want) -> Track:
    return Track(told=(wants, WHY))


@pytest.mark.parametrize(
    ("before", "change", "is_news"),
    [
        (BID, {"valid_until_ns": 2, "reason": "lower"}, False),
        (BID, {"quantity": 1_049}, False),
        (BID, {"quantity": 951}, False),
        (BID, {"quantity": 1_051}, True),
        (BID, {"price": 101}, True),
        (BID, {"post_only": False}, True),
        (ASK, {"quantity": 1_049}, False),
        # It may not sell what it has not any more.
        (ASK, {"quantity": 999}, True),
    ],
)
def test_a_want_is_news_where_its_order_would_be_changed(
    before: Want, change: dict[str, Any], *, is_news: bool
) -> None:
    track, now = told(before), attrs.evolve(before, **change)
    assert track.is_news((now,), WHY, 0, exact=False) is is_news
    if not is_news:
        assert track.as_told((now,)) == (attrs.evolve(now, quantity=before.quantity),)


def test_a_position_is_wanted_to_the_last_coin() -> None:
    changed = attrs.evolve(BID, quantity=1_001)
    assert told(BID).is_news((changed,), WHY, 0, exact=True)


def test_another_reason_and_another_slot_are_news() -> None:
    assert told(BID).is_news((BID,), ("EXIT",), 0, exact=False)
    assert told(BID).is_news((BID, ASK), WHY, 0, exact=False)
    assert told(BID).is_news((), WHY, 0, exact=False)
    assert Track().is_news((), WHY, 0, exact=False)


def test_why_nothing_is_wanted_is_news_now_and_then_and_an_alarm_at_once() -> None:
    idle = Track(told=((), ("NO_EDGE",)), written_ns=1)
    assert not idle.is_news((), ("JUMP",), IDLE_NS, exact=False)
    assert idle.is_news((), ("JUMP",), IDLE_NS + 1, exact=False)
    assert idle.is_news((), ("STOP_BLIND",), 2, exact=False)
    assert not idle.is_news((), ("NO_EDGE",), 2 * IDLE_NS, exact=False)


@given(st.lists(st.lists(st.lists(st.sampled_from("ABCD"), max_size=4).map(tuple))))
def test_each_reason_is_counted_once_in_every_decision_that_it_had_a_part_in(
    pairs: list[list[tuple[str, ...]]],
) -> None:
    counted = by_reason(Counter(decisions) for decisions in pairs)
    for reason in "ABCD":
        times = sum(reason in reasons for decisions in pairs for reasons in decisions)
        assert counted.get(reason, 0) == times
    assert list(counted.values()) == sorted(counted.values(), reverse=True)
