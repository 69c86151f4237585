"""How long a doubt lasted, and what of that was not the desk's own."""

import json

from zoe.app.simulation.doubts import Doubt, doubts
from zoe.app.simulation.scenario import Story
from zoe.app.simulation.seeds import Totals, line_of

SECOND = 1_000_000_000


def row(kind: str, at_s: int, state: str) -> tuple[object, ...]:
    return (1, "order/a/1", 1, kind, at_s * SECOND, 1, json.dumps({"state": state}))


ROWS = [row("order.in_doubt", 10, "IN_DOUBT"), row("order.working", 30, "WORKING")]


def test_a_doubt_lasts_from_the_row_that_begins_it_to_the_one_that_ends_it() -> None:
    (found,) = doubts(ROWS, (), ())
    assert found == Doubt(20_000, held=False, away_ms=0)
    assert found.name == ""


def test_what_held_it_up_is_named_and_only_what_lies_within_it_counts() -> None:
    (away,) = doubts(ROWS, ((40 * SECOND, 50 * SECOND),), ((5 * SECOND, 15 * SECOND),))
    assert (away.away_ms, away.held, away.name) == (5_000, False, "exchange away")
    (both,) = doubts(ROWS, ((29 * SECOND, 50 * SECOND),), ((5 * SECOND, 15 * SECOND),))
    assert both.name == "exchange away, rest counter full"


def test_a_clock_that_is_set_meanwhile_is_named_and_one_before_or_after_is_not() -> None:
    (during,) = doubts(ROWS, (), (), clock_set=(20 * SECOND,))
    assert during.name == "clock set"
    (apart,) = doubts(ROWS, (), (), clock_set=(9 * SECOND, 31 * SECOND))
    assert apart.name == ""


def test_the_totals_keep_the_classes_apart() -> None:
    totals = Totals()
    story = Story(1, tier="pro", doubts=[Doubt(8_000, False), Doubt(60_000, False, 50_000)])
    totals.add(line_of(story))
    shown = totals.line(1)["doubts"]
    assert shown["pro"] == {"count": 1, "p50_ms": 8_000, "p99_ms": 8_000, "max_ms": 8_000}
    assert shown["pro, exchange away"]["p99_ms_without_maintenance"] == 10_000
