"""The edge cases that ledger users get burnt by, in the order of the table in the ledger's model
(section 4), and what the books say afterwards."""

import random
from decimal import Decimal

import pytest
from ledger_story import Story, alarms, books_of, flows, lots, marks, uses

from zoe.domain.ledger import Books, Receipt, Ruling, Terms
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import ONE, Kind, units_of_text
from zoe.domain.marks import Mark


@pytest.fixture
def story() -> Story:
    """An account with dollars."""
    found = Story()
    found.row("deposit", "ZUSD", "10000")
    return found


def sound(books: Books) -> Books:
    assert violations(books) == []
    return books


def test_case_1_legs_of_one_trade_come_at_different_times_receive_first(story: Story) -> None:
    story.row("trade", "XETH", "1", refid="T", at=5.0)
    story.row("trade", "ZUSD", "-2000", "5.2", refid="T", at=5.0099)
    books = sound(books_of(story.rows))
    assert lots(books, "ETH") == [("1", "2005.2")]
    assert alarms(books) == []


def test_case_2_rows_without_a_refid_share_nothing(story: Story) -> None:
    story.row("deposit", "XETH", "1", refid="Unknown")
    story.row("deposit", "XETH", "2", refid="Unknown")
    story.row("earn/allocation", "XETH", "-1", refid="Unknown", at=9)
    story.row("earn/allocation", "ETH.F", "1", refid="Unknown", at=9)
    books = sound(books_of(story.rows))
    assert lots(books, "ETH") == [("1", "2000"), ("2", "4000")]
    assert len(books.groups) == 4


def test_case_2_rewards_of_one_time_without_a_refid_stay_apart(story: Story) -> None:
    for wallet, amount in (("DOT.F", "1"), ("DOT.B", "2")):
        story.row("earn/reward", wallet, amount, refid="Unknown", at=9)
    books = sound(books_of(story.rows))
    assert sorted(lots(books, "DOT")) == [("1", "5"), ("2", "10")]


def test_case_3_the_fee_is_what_the_ledger_says_not_an_estimate(story: Story) -> None:
    story.row("transfer", "KFEE", "100")
    story.row("trade", "XETH", "1", refid="T")
    story.row("trade", "ZUSD", "-2000", refid="T", at=3)
    story.row("trade", "KFEE", "0", "52", refid="T", at=3)
    books = sound(books_of(story.rows))
    assert lots(books, "ETH") == [("1", "2000")]
    assert books.accounts["expenses:fees", "KFEE"] == 52 * ONE
    assert books.balances["KFEE"] == 48 * ONE


def test_case_4_balances_are_of_the_ledgers_decimals(story: Story) -> None:
    story.row("trade", "XETH", "0.0207881200", refid="T")
    story.row("trade", "ZUSD", "-41.5762", "0", refid="T", at=2)
    assert sound(books_of(story.rows)).balances["USD"] == units_of_text("9958.4238")


def test_case_5_a_fee_on_the_base_leg_shrinks_the_lot_at_the_same_worth(story: Story) -> None:
    story.row("trade", "XETH", "1", "0.0026", refid="T", at=3)
    story.row("trade", "ZUSD", "-2000", refid="T", at=3)
    assert lots(sound(books_of(story.rows)), "ETH") == [("0.9974", "2000")]


def test_case_6_two_fees_in_one_trade(story: Story) -> None:
    story.row("spend", "ZUSD", "-1000", "10", refid="S", at=4)
    story.row("receive", "XETH", "0.5", "0.01", refid="S", at=4)
    books = sound(books_of(story.rows))
    assert lots(books, "ETH") == [("0.49", "1010")]
    assert books.accounts["expenses:fees", "USD"] == 10 * ONE


def test_case_7_one_fill_out_of_two_wallets(story: Story) -> None:
    story.row("deposit", "DOT", "1.55")
    story.row("deposit", "DOT.F", "29.86")
    story.row("trade", "DOT", "-1.55", refid="T", at=9)
    story.row("trade", "DOT.F", "-29.86", refid="T", at=9)
    story.row("trade", "ZUSD", "157.05", "0.05", refid="T", at=9)
    books = sound(books_of(story.rows))
    sold = sum(units_of_text(use[2]) for use in uses(books))
    assert sold == units_of_text("31.41")
    assert sum(units_of_text(use[4] or "0") for use in uses(books)) == 157 * ONE


def test_case_8_four_legs_of_a_tokenized_asset_whose_dollars_cancel(story: Story) -> None:
    story.row("deposit", "USDT", "500")
    for wallet, amount in (("USDT", "-400"), ("ZUSD", "400"), ("ZUSD", "-400"), ("AAPLx", "2")):
        story.row("spend" if amount[0] == "-" else "receive", wallet, amount, refid="S", at=9)
    books = sound(books_of(story.rows))
    assert lots(books, "AAPLx") == [("2", "400")]
    assert lots(books, "USDT") == [("100", "100")]


def test_case_9_equal_amounts_of_two_assets_do_not_cancel(story: Story) -> None:
    story.row("spend", "ZUSD", "-100", refid="S", at=3)
    story.row("receive", "USDT", "100", refid="S", at=3)
    assert lots(sound(books_of(story.rows)), "USDT") == [("100", "100")]


def test_case_10_a_withdrawal_that_failed_never_was(story: Story) -> None:
    story.row("deposit", "XXBT", "1")
    before = books_of(story.rows)
    story.row("withdrawal", "XXBT", "-0.5", "0.0001", refid="W")
    taken = sound(books_of(story.rows))
    assert [use[1] for use in uses(taken)] == ["transfer_out", "fee"]
    story.row("withdrawal", "XXBT", "0.5", "-0.0001", refid="W", at=86_000)
    after = sound(books_of(story.rows))
    assert lots(after, "BTC") == lots(before, "BTC")
    assert flows(after) == flows(before)
    assert after.balances == before.balances
    assert ("expenses:fees", "BTC") not in after.accounts


def test_case_11_dust_with_one_leg_is_worth_nothing_and_is_booked(story: Story) -> None:
    story.row("deposit", "XETH", "1")
    story.row("trade", "XETH", "-0.0000000001", refid="T")
    books = sound(books_of(story.rows))
    assert uses(books) == [("ETH", "sale", "0.0000000001", "0.0000002", "0")]
    assert alarms(books) == [("one_leg", "ETH")]


def test_case_11_a_young_trade_waits_for_its_other_leg(story: Story) -> None:
    story.row("trade", "XETH", "1", refid="T", at=100)
    late = story.row("trade", "ZUSD", "-2000", refid="T", at=100)
    books = Books()
    for row in story.rows[:-1]:
        books.add(row)
    books.settle(as_of_ns=101 * 10**9)
    assert books.open_lots() == []
    assert violations(books) == []
    books.add(late)
    books.settle(as_of_ns=102 * 10**9)
    assert lots(books, "ETH") == [("1", "2000")]


def test_case_11_a_sale_of_what_still_waits_waits_too(story: Story) -> None:
    story.row("trade", "XETH", "1", refid="T", at=100)
    late = story.row("trade", "ZUSD", "-2000", refid="T", at=100)
    story.row("trade", "XETH", "-1", refid="S", at=100.5)
    story.row("trade", "XXBT", "0.04", refid="S", at=100.5)
    books = Books(marks())
    for row in story.rows:
        if row is not late:
            books.add(row)
    books.settle(as_of_ns=101 * 10**9)
    assert (books.stopped, alarms(books)) == (frozenset(), [])
    assert sorted(books.waiting) == ["S:trade", "T:trade"]
    assert violations(books) == []
    books.add(late)
    books.settle(as_of_ns=102 * 10**9)
    assert books.waiting == {}
    assert lots(sound(books), "BTC") == [("0.04", "2000")]


@pytest.mark.parametrize(
    "words", ["adjustment", "transfer/", "transfer/delistingconversion", "earn/", "new/thing"]
)
def test_case_12_what_cannot_be_paired_stands_in_suspense(story: Story, words: str) -> None:
    story.row(words, "LUNA2", "5")
    story.row(words, "LUNA2", "-2")
    books = sound(books_of(story.rows))
    assert books.accounts["suspense:unpaired", "LUNA2"] == -3 * ONE
    assert books.open_lots("LUNA2") == []
    assert alarms(books) == [("suspense", "LUNA2")] * 2


def test_case_12_a_person_pairs_a_delisting_whose_legs_have_other_refids(story: Story) -> None:
    story.row("deposit", "DOT", "10")
    out = story.row("adjustment", "DOT", "-10")
    into = story.row("adjustment", "SOL", "1")
    ruling = Ruling(Kind.TRADE, "delisting of DOT")
    terms = Terms(rulings={out.ledger_id: ruling, into.ledger_id: ruling})
    books = sound(books_of(story.rows, terms))
    assert lots(books, "SOL") == [("1", "50")]
    assert lots(books, "DOT") == []
    assert not [name for name, _ in books.accounts if name.startswith("suspense")]


def test_case_13_earning_wallets_fold_into_their_asset(story: Story) -> None:
    story.row("deposit", "DOT", "10")
    story.row("transfer/spottostaking", "DOT", "-6", refid="M", at=5)
    story.row("transfer/stakingfromspot", "DOT28.S", "6", refid="M", at=6)
    story.row("earn/reward", "DOT28.S", "0.1", at=7)
    story.row("earn/reward", "DOT.F", "0.2", "0.05", at=8)
    books = sound(books_of(story.rows))
    assert lots(books, "DOT") == [("10", "50"), ("0.1", "0.5"), ("0.15", "0.75")]
    assert flows(books)["income"] == "1.25"
    assert ("assets:kraken:in-transit", "DOT") not in books.accounts


def test_case_13_a_negative_reward_takes_income_back(story: Story) -> None:
    story.row("earn/reward", "DOT.F", "1")
    story.row("earn/reward", "DOT.F", "-0.4")
    books = sound(books_of(story.rows))
    assert lots(books, "DOT") == [("0.6", "3")]
    assert flows(books)["income"] == "3"


def test_case_13_an_unknown_wallet_suffix_is_not_guessed(story: Story) -> None:
    story.row("deposit", "DOT.ZZ", "1")
    books = sound(books_of(story.rows))
    assert alarms(books) == [("suspense", "DOT.ZZ")]
    assert books.balances["DOT.ZZ"] == ONE


def test_case_15_rows_sent_again_are_known(story: Story) -> None:
    row = story.row("deposit", "XETH", "1")
    books = books_of(story.rows)
    before = state_hash(books)
    assert books.add(row) is Receipt.KNOWN
    assert books.settle().booked == ()
    assert state_hash(books) == before


def test_case_16_two_fills_of_one_order_at_one_time_stay_two(story: Story) -> None:
    for refid in ("T1", "T2"):
        story.row("trade", "XETH", "1", refid=refid, at=5)
        story.row("trade", "ZUSD", "-2000", refid=refid, at=5)
    assert lots(sound(books_of(story.rows)), "ETH") == [("1", "2000")] * 2


def test_case_20_fees_in_three_currencies_are_postings_of_their_own(story: Story) -> None:
    story.row("deposit", "USDT", "100")
    story.row("transfer", "KFEE", "100")
    story.row("trade", "XETH", "1", "0.001", refid="T", at=9)
    story.row("trade", "ZUSD", "-2000", "1", refid="T", at=9)
    story.row("trade", "KFEE", "0", "5", refid="T", at=9)
    books = sound(books_of(story.rows))
    fees = {asset: n for (account, asset), n in books.accounts.items() if "fees" in account}
    assert fees == {"ETH": ONE // 1000, "USD": ONE, "KFEE": 5 * ONE}
    assert lots(books, "ETH") == [("0.999", "2001")]


def test_case_21_partial_exits_realize_what_their_slices_cost(story: Story) -> None:
    story.row("trade", "XETH", "3", refid="T", at=3)
    story.row("trade", "ZUSD", "-1000", refid="T", at=3)
    for number in range(3):
        story.row("trade", "XETH", "-1", refid=f"S{number}", at=4 + number)
        story.row("trade", "ZUSD", "400", refid=f"S{number}", at=4 + number)
    books = sound(books_of(story.rows))
    assert [use[3] for use in uses(books)] == ["333.3333333333"] * 2 + ["333.3333333334"]
    assert flows(books)["sale_gain"] == "200"


def test_case_23_a_deposit_without_a_basis_gets_the_markets_and_says_so(story: Story) -> None:
    story.row("deposit", "XXBT", "1")
    declared = story.row("deposit", "XXBT", "1")
    books = sound(books_of(story.rows, Terms(declared={declared.ledger_id: 7 * ONE})))
    assert lots(books, "BTC") == [("1", "50000"), ("1", "7")]
    assert [lot.fmv_assumed for lot in books.open_lots("BTC")] == [True, False]


def test_case_23_a_deposit_that_no_mark_values_says_so_too(story: Story) -> None:
    story.row("deposit", "PEPE", "1")
    books = sound(books_of(story.rows))
    assert [(lot.basis, lot.unvalued) for lot in books.open_lots("PEPE")] == [(0, True)]
    assert alarms(books) == [("unvalued", "PEPE")]


def test_case_24_rewards_that_are_sold_were_acquired(story: Story) -> None:
    story.row("staking", "DOT.S", "2")
    story.row("trade", "DOT.S", "-2", refid="T", at=5)
    story.row("trade", "ZUSD", "11", refid="T", at=5)
    books = sound(books_of(story.rows))
    assert uses(books) == [("DOT", "sale", "2", "10", "11")]


def test_case_25_a_withdrawal_fee_shows_as_expense_and_as_gain(story: Story) -> None:
    row = story.row("deposit", "XXBT", "1")
    story.row("withdrawal", "XXBT", "-0.5", "0.001")
    books = sound(books_of(story.rows, Terms(declared={row.ledger_id: 20_000 * ONE})))
    assert uses(books) == [
        ("BTC", "transfer_out", "0.5", "10000", None),
        ("BTC", "fee", "0.001", "20", "50"),
    ]
    assert flows(books)["fee_gain"] == "30"
    assert flows(books)["fee_expense"] == "50"


class Fickle:
    """A market that has moved on whenever it is asked."""

    def __init__(self) -> None:
        self.price = 0

    def mark(self, asset: str, at_ns: int) -> Mark:
        """Another price each time."""
        self.price += 100
        return Mark(asset, Decimal(self.price), at_ns, "made")


def test_case_26_an_old_deposit_keeps_the_mark_it_was_booked_with(story: Story) -> None:
    older = story.row("deposit", "XETH", "1")
    story.row("deposit", "SOL", "1")
    books = Books(Fickle())
    for row in (story.rows[0], story.rows[2]):
        books.add(row)
    books.settle()
    assert lots(books, "SOL") == [("1", "100")]
    books.add(older)
    assert [outcome.key for outcome in books.settle().undone] == ["R003:deposit"]
    assert lots(books, "SOL") == [("1", "100")]
    assert lots(books, "ETH") == [("1", "200")]


def test_case_27_lots_of_one_date_do_not_depend_on_the_order_of_rows(story: Story) -> None:
    for number, price in enumerate(("1000", "2000", "3000")):
        story.row("trade", "XETH", "1", refid=f"T{number}", at=5)
        story.row("trade", "ZUSD", f"-{price}", refid=f"T{number}", at=5)
    story.row("trade", "XETH", "-1", refid="S", at=6)
    story.row("trade", "ZUSD", "5000", refid="S", at=6)
    first = state_hash(books_of(story.rows))
    for seed in range(10):
        shuffled = story.rows[:]
        random.Random(seed).shuffle(shuffled)
        assert state_hash(books_of(shuffled)) == first


def test_case_27_of_one_time_what_was_bought_first_can_be_sold(story: Story) -> None:
    # By ledger id alone the sale would come first: the chain of the wallet knows better.
    story.row("trade", "XETH", "1", refid="B", at=5)
    story.row("trade", "ZUSD", "-2000", refid="B", at=5)
    story.row("trade", "XETH", "-1", refid="S", at=5)
    story.row("trade", "ZUSD", "2100", refid="S", at=5)
    deposit, *bought = story.rows[:3]
    later = [row._replace(ledger_id=f"Z-{row.ledger_id}") for row in bought]
    books = sound(books_of((deposit, *later, *story.rows[3:])))
    assert books.stopped == frozenset()
    assert flows(books)["sale_gain"] == "100"


def test_case_30_a_great_many_rows_at_once_have_no_cap(story: Story) -> None:
    for _ in range(2_000):
        story.row("deposit", "USDT", "1")
    assert len(sound(books_of(story.rows)).open_lots("USDT")) == 2_000


def test_case_31_a_negative_transfer_is_not_booked_as_a_buy(story: Story) -> None:
    story.row("deposit", "DOT", "3")
    story.row("transfer/spottofutures", "DOT", "-3")
    books = books_of(story.rows)
    assert [use[1] for use in uses(books)] == []
    assert books.accounts["suspense:unpaired", "DOT"] == 3 * ONE
