"""The ten rules and ten invariants of the ledger's model, each seen to hold or to be noticed."""

import pytest
from ledger_story import Story, alarms, books_of, flows, lots, uses

from zoe.domain.ledger import Books, Receipt, Terms
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_entry import Entry, entry_of
from zoe.domain.ledger_row import ONE, LedgerRow, units_of_text


def bought_and_sold() -> Story:
    """Ten dollars' worth bought in two lots, a part of it sold."""
    story = Story()
    story.row("deposit", "ZUSD", "10000")
    for refid, price in (("T1", "1000"), ("T2", "2000")):
        story.row("trade", "XETH", "1", refid=refid)
        story.row("trade", "ZUSD", f"-{price}", "1", refid=refid)
    story.row("trade", "XETH", "-1.5", refid="S")
    story.row("trade", "ZUSD", "4500", "3", refid="S")
    return story


def test_rule_2_the_ledger_id_is_the_key_and_the_refid_only_groups() -> None:
    books = books_of(bought_and_sold().rows)
    assert len(books.rows) == 7
    assert sorted(books.groups) == ["R001:deposit", "S:trade", "T1:trade", "T2:trade"]


def test_rule_3_lots_can_be_made_again_from_the_rows() -> None:
    story = bought_and_sold()
    assert state_hash(books_of(story.rows)) == state_hash(books_of(story.rows))


def test_rule_4_a_quote_fee_is_in_basis_and_proceeds_and_never_counted_twice() -> None:
    books = books_of(bought_and_sold().rows)
    assert uses(books) == [
        ("ETH", "sale", "1", "1001", "2998"),
        ("ETH", "sale", "0.5", "1000.5", "1499"),
    ]
    assert flows(books) == {"external_cash": "10000", "sale_gain": "2495.5"}
    assert books.accounts["expenses:fees", "USD"] == 5 * ONE


def test_rule_4_the_worked_example_comes_to_its_balance() -> None:
    story = Story()
    story.row("deposit", "XETH", "1")
    story.row("trade", "XETH", "-0.4000000000", "0", refid="T", at=3)
    row = story.row("trade", "ZEUR", "68.4269", "0.1642", refid="T", at=3.0011)
    books = books_of(story.rows)
    assert [(line.account, line.asset, line.amount) for line in entry_of(row).postings] == [
        ("assets:kraken:EUR", "EUR", units_of_text("68.4269")),
        ("trading:conversion", "EUR", -units_of_text("68.4269")),
        ("assets:kraken:EUR", "EUR", -units_of_text("0.1642")),
        ("expenses:fees", "EUR", units_of_text("0.1642")),
    ]
    assert books.balances["EUR"] == units_of_text("68.2627")
    assert uses(books) == [("ETH", "sale", "0.4", "800", "75.08897")]  # 68.2627 EUR at 1.1


def test_rule_5_slices_round_down_and_the_last_takes_the_rest() -> None:
    story = Story()
    story.row("deposit", "ZUSD", "1")
    story.row("trade", "SOL", "3", refid="T", at=2)
    story.row("trade", "ZUSD", "-1", refid="T", at=2)
    for number in range(3):
        story.row("trade", "SOL", "-1", refid=f"S{number}", at=3 + number)
        story.row("trade", "ZUSD", "1", refid=f"S{number}", at=3 + number)
    books = books_of(story.rows)
    assert sum(units_of_text(use[3]) for use in uses(books)) == ONE


def test_rule_6_a_row_that_does_not_follow_is_held_and_what_follows_it_too() -> None:
    story = Story()
    rows = [story.row("deposit", "ZUSD", "1") for _ in range(4)]
    books = books_of([rows[0], rows[2], rows[3]])
    assert books.balances["USD"] == ONE
    assert {wallet: (n, row.ledger_id) for wallet, (n, row) in books.gaps.items()} == {
        "USD": (ONE, "L003")
    }
    books.add(rows[1])
    assert len(books.settle().booked) == 3
    assert books.gaps == {}


def test_rule_6_an_older_row_rewinds_its_wallet() -> None:
    # The two missing rows sum to zero, so that the gap cannot be seen when the fourth comes.
    story = Story()
    story.row("deposit", "ZUSD", "5")
    story.row("deposit", "ZUSD", "3")
    story.row("withdrawal", "ZUSD", "-3")
    story.row("deposit", "ZUSD", "1")
    books = books_of([story.rows[0], story.rows[3]])
    assert books.balances["USD"] == 6 * ONE
    books.add(story.rows[1])
    assert [row.ledger_id for row in books.settle().booked] == ["L002"]
    assert [row.ledger_id for row in books.booked()] == ["L001", "L002"]
    books.add(story.rows[2])
    assert [row.ledger_id for row in books.settle().booked] == ["L003", "L004"]
    assert state_hash(books) == state_hash(books_of(story.rows))


def test_rule_6_an_event_waits_while_a_leg_of_it_is_held() -> None:
    story = Story()
    story.row("deposit", "ZUSD", "10000")
    missing = story.row("deposit", "XETH", "2")
    story.row("trade", "XETH", "-1", refid="S", at=3)
    story.row("trade", "ZUSD", "2500", refid="S", at=3)
    books = books_of(row for row in story.rows if row is not missing)
    assert books.balances["USD"] == 12_500 * ONE
    assert [outcome.key for outcome in books.outcomes] == ["R001:deposit"]
    assert violations(books) == []
    books.add(missing)
    books.settle()
    assert flows(books)["sale_gain"] == "500"
    assert violations(books) == []


def test_rule_7_entries_do_not_depend_on_what_else_is_known() -> None:
    # An older row makes the lots anew; the journal only grows.
    story = bought_and_sold()
    late = Books()
    entries: dict[str, Entry] = {}
    for row in (*story.rows[2:], *story.rows[:2]):
        late.add(row)
        entries |= {found.ledger_id: entry_of(found) for found in late.settle().booked}
    assert entries == {row.ledger_id: entry_of(row) for row in story.rows}


def test_rule_8_a_deposit_is_never_silently_free() -> None:
    story = Story()
    story.row("deposit", "XXBT", "2", "0.5")
    story.row("deposit", "ZEUR", "100")
    books = books_of(story.rows)
    assert lots(books, "BTC") == [("1.5", "75000")]
    assert lots(books, "EUR") == [("100", "110")]
    assert all(lot.fmv_assumed for lot in books.open_lots())


def test_rule_9_selling_more_than_the_lots_hold_stops_that_asset_only() -> None:
    story = Story()
    story.row("deposit", "ZUSD", "1000")
    story.row("adjustment", "XETH", "2")  # in the wallet, and in no lot
    story.row("trade", "XETH", "-1", refid="S", at=4)
    story.row("trade", "ZUSD", "2000", refid="S", at=4)
    story.row("trade", "XETH", "1", refid="B", at=5)
    story.row("trade", "ZUSD", "-1900", refid="B", at=5)
    story.row("trade", "SOL", "1", refid="C", at=6)
    story.row("trade", "ZUSD", "-100", refid="C", at=6)
    books = books_of(story.rows)
    assert books.stopped == {"ETH"}
    assert books.open_lots("ETH") == []
    assert uses(books) == []
    assert alarms(books) == [("suspense", "ETH"), ("oversold", "ETH"), ("stopped", "ETH")]
    assert lots(books, "SOL") == [("1", "100")]
    assert flows(books)["unbooked"] == "100"
    assert violations(books) == []


def test_invariant_1_every_entry_balances_for_each_asset() -> None:
    for row in bought_and_sold().rows:
        postings = entry_of(row).postings
        assert len(postings) in (2, 4)
        assert sum(posting.amount for posting in postings) == 0


def test_invariant_1_a_row_that_moves_nothing_has_no_postings() -> None:
    story = Story()
    assert entry_of(story.row("trade", "ZUSD", "0")).postings == ()
    assert violations(books_of(story.rows)) == []


def spoiled(books: Books, invariant: str) -> bool:
    return any(line.startswith(invariant) for line in violations(books))


def test_invariant_1_accounts_that_do_not_sum_to_zero_are_noticed() -> None:
    books = books_of(bought_and_sold().rows)
    books._accounts["income:rewards"]["ETH"] = 1
    assert spoiled(books, "I1")


def test_invariant_2_a_balance_that_is_not_the_exchanges_is_noticed() -> None:
    books = books_of(bought_and_sold().rows)
    chain = books.wallets["USD"].booked
    chain[1] = chain[1]._replace(balance=chain[1].balance + 1)
    assert spoiled(books, "I2")


def test_invariant_3_lots_that_are_not_what_wallets_hold_are_noticed() -> None:
    books = books_of(bought_and_sold().rows)
    books._booking.pools._held["ETH"] += 1
    assert spoiled(books, "I3")


def test_invariant_4_a_lot_that_lost_basis_is_noticed() -> None:
    books = books_of(bought_and_sold().rows)
    books.open_lots("ETH")[0].basis_left -= 1
    assert spoiled(books, "I4")


def test_invariant_5_a_row_that_is_neither_booked_nor_held_is_noticed() -> None:
    books = books_of(bought_and_sold().rows)
    books.wallets["ETH"].booked.pop()
    assert spoiled(books, "I5")


def test_invariant_6_a_slice_of_a_younger_lot_before_an_older_is_noticed() -> None:
    books = books_of(bought_and_sold().rows)
    last = books.outcomes[-1]
    books.outcomes[-1] = last._replace(uses=last.uses[::-1])
    assert spoiled(books, "I6")


def test_invariant_7_equity_that_nothing_explains_is_noticed() -> None:
    books = books_of(bought_and_sold().rows)
    flow = next(iter(books._flows))
    books._flows[flow] += 1
    assert spoiled(books, "I7")


def test_invariant_9_a_known_id_with_other_content_is_kept_apart() -> None:
    story = bought_and_sold()
    books = books_of(story.rows)
    before = state_hash(books)
    forged = story.rows[0]._replace(amount=20_000 * ONE, balance=20_000 * ONE)
    assert books.add(forged) is Receipt.CONFLICT
    assert books.add(forged) is Receipt.CONFLICT
    books.settle()
    assert books.conflicts == {"L001": [forged]}
    assert state_hash(books) == before
    assert forged.sha256 != story.rows[0].sha256


@pytest.mark.parametrize("exact_first", [True, False])
def test_a_time_that_an_export_cut_to_the_second_is_refined(exact_first: bool) -> None:
    story = Story()
    story.row("deposit", "ZUSD", "10000", at=1.25)
    story.row("trade", "XETH", "1", refid="T", at=2.5)
    story.row("trade", "ZUSD", "-2000", refid="T", at=2.75)
    cut = [
        row._replace(time_ns=row.time_ns // 10**9 * 10**9, subtype=row.subtype)
        for row in story.rows
    ]
    first, second = (story.rows, cut) if exact_first else (cut, story.rows)
    books = books_of(first)
    receipts = {books.add(row) for row in second}
    held = books.booked()
    settled = books.settle()
    assert receipts == {Receipt.KNOWN if exact_first else Receipt.REFINED}
    assert (settled.booked, books.booked()) == ((), held)
    assert state_hash(books) == state_hash(books_of(story.rows))
    assert violations(books) == []


def test_a_day_between_the_times_of_one_id_is_a_conflict() -> None:
    story = Story()
    row = story.row("deposit", "ZUSD", "1")
    books = books_of(story.rows)
    later = row._replace(time_ns=row.time_ns + 86_400 * 10**9)
    assert books.add(later) is Receipt.CONFLICT


def test_of_one_time_rows_follow_the_chain_of_balances() -> None:
    # Every row of the same second, ids in the wrong order, and twice the same balance between.
    changes = (("L9", 5, 5), ("L8", -5, 0), ("L1", 5, 5), ("L2", 2, 7), ("L7", -7, 0))
    rows = [
        LedgerRow(name, name, 10**9, "adjustment", "", "USD", amount, 0, balance)
        for name, amount, balance in changes
    ]
    books = books_of(rows)
    assert books.gaps == {}
    assert sorted(row.balance for row in books.wallets["USD"].booked) == [0, 0, 5, 5, 7]
    assert violations(books) == []


def test_terms_declare_what_a_deposit_cost() -> None:
    story = Story()
    row = story.row("deposit", "XXBT", "1")
    books = books_of(story.rows, Terms(declared={row.ledger_id: 123 * ONE}))
    assert flows(books) == {"deposit_basis": "123"}
