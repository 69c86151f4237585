"""A profit's parts by an example that can be worked out by hand, and whose fair value is whose."""

from decimal import Decimal

from zoe.domain.fair_marks import HORIZON_NS, NEAR_NS, FairMark, FairMarks
from zoe.domain.order import Side
from zoe.domain.profit_split import Execution, split

D = Decimal


def test_bought_below_and_sold_above_fair_value_that_ran_against_the_purchase() -> None:
    bought = Execution("X/USD", Side.BUY, D(99), D(2), D(198), D("0.5"), "USD", D(100), D("99.7"))
    sold = Execution("X/USD", Side.SELL, D(101), D(1), D(101), D("0.25"), "USD", D(100), D(100))
    found = split("X/USD", [bought, sold], D(98))
    assert found.spread == 2 + 1
    assert found.adverse == D("-0.6")  # 0.3 on each of two
    assert found.inventory == D("-3.4") + 2  # two from 99.7 to 98, one sold at 100
    assert found.fees == D("-0.75")
    assert found.profit == 101 - 198 - D("0.75") + 98
    assert (found.unmarked, found.pending) == (0, 0)
    assert found.held == 1


def test_a_fee_out_of_the_coins_counts_at_its_execution_and_in_other_assets_by_itself() -> None:
    coins = Execution("X/USD", Side.BUY, D(100), D(1), D(100), D("0.01"), "X", D(100), D(100))
    other = Execution("X/USD", Side.BUY, D(100), D(1), D(100), D(3), "KFEE", D(100), None)
    found = split("X/USD", [coins, other], D(110))
    assert found.fees == -1
    assert found.held == D("1.99")
    assert found.other_fees == (("KFEE", D(3)),)
    assert found.pending == 1


def test_without_a_mark_what_the_newest_execution_knew_stands_in() -> None:
    one = Execution("X/USD", Side.BUY, D(100), D(1), D(100), D(0), "USD", D(101), D(102))
    assert split("X/USD", [one], None).mark == 102
    assert split("X/USD", [], None).profit == 0


def test_an_execution_has_its_own_marks_and_else_those_of_the_minutes_near_it() -> None:
    at_ns = 1_000 * NEAR_NS
    own = FairMark("X/USD", at_ns + 5, D(7), "E1")
    later = FairMark("X/USD", at_ns + HORIZON_NS + 9, D(8), "E1", is_later=True)
    before, after = FairMark("X/USD", at_ns - NEAR_NS, D(5)), FairMark("Y/USD", at_ns, D(1))
    marks = FairMarks([own, later, before, after])
    assert marks.at("X/USD", "E1", at_ns) == 7
    assert marks.after("X/USD", "E1", at_ns) == 8
    # Told of another one at the same moment: the newest before it, and the first a horizon later.
    assert marks.at("X/USD", "E2", at_ns) == 5
    assert marks.at("X/USD", "E2", at_ns + 1) is None
    assert marks.after("X/USD", "E2", at_ns) == 8
    assert marks.after("X/USD", "E2", at_ns + 2 * NEAR_NS) is None
    assert marks.newest("X/USD") == 8
    assert marks.newest("Z/USD") is None
