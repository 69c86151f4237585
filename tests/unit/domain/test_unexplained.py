"""Differences of balances and the rows that explain them: all of them, or none yet."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.amounts import added
from zoe.domain.ledger_row import LedgerRow, units
from zoe.domain.unexplained import MOST_IDS, MOST_ROWS, MOVES, PATIENCE_NS, Unexplained

ASSETS = ("USD", "BTC", "SOL")


def row(number: int, kind: str, asset: str, amount: int, time_ns: int = 10) -> LedgerRow:
    """A row with a fee of one."""
    count = units(Decimal(amount + 1))
    return LedgerRow(
        *(f"L{number}", f"R{number}", time_ns, kind, "", asset),
        *(count, units(Decimal(1)), 0),
    )


def traded(found: Unexplained) -> Mapping[str, Decimal] | None:
    explanation = found.explained()
    return None if explanation is None else explanation.trades


ROWS = st.lists(
    st.tuples(
        st.sampled_from(("trade", "deposit", "withdrawal", "transfer", "staking")),
        st.sampled_from(ASSETS),
        st.integers(-100, 100).filter(bool),
        st.sampled_from(("missed", "booked", "booked late")),
    ),
    max_size=12,
)


@given(ROWS, st.randoms())
def test_trades_are_what_rows_that_nobody_booked_say_in_whatever_order_all_is_heard(
    drawn: list[tuple[str, str, int, str]], random: Random
) -> None:
    found = Unexplained(9)
    rows = [row(number, *one[:3]) for number, one in enumerate(drawn)]
    booked = {r.ledger_id for r, one in zip(rows, drawn, strict=True) if one[3] == "booked"}
    acts: list[Callable[[], None]] = [partial(found.read, [r], booked) for r in rows * 2]
    trades: dict[str, Decimal] = {}
    differ: dict[str, Decimal] = {}
    for kind, asset, amount, fate in drawn:
        if fate == "missed":
            change = {asset: Decimal(amount)}
            acts.append(partial(found.differ, change, 0))
            differ = added(differ, change)
            trades = trades if kind in MOVES else added(trades, change)
    random.shuffle(acts)
    for act in acts:
        act()
    for r, one in zip(rows, drawn, strict=True):
        if one[3] == "booked late":
            found.booked(r.ledger_id, r.time_ns)
    assert traded(found) == (trades if differ else None)
    assert traded(found) is None


def test_half_of_a_trade_explains_nothing() -> None:
    found = Unexplained(9)
    found.differ({"USD": Decimal(-50), "BTC": Decimal(1)}, 0)
    found.read([row(1, "trade", "USD", -50)], ())
    assert traded(found) is None
    found.read([row(2, "trade", "BTC", 1)], ())
    assert traded(found) == {"USD": Decimal(-50), "BTC": Decimal(1)}


def test_rows_of_what_was_known_before_explain_nothing() -> None:
    found = Unexplained(9)
    found.differ({"USD": Decimal(5)}, 0)
    found.read([row(1, "trade", "USD", 5, 9)], ())
    assert traded(found) is None
    found.read([row(2, "deposit", "USD", 5, 10)], ())
    assert traded(found) == {}


def test_rows_that_are_in_no_snapshot_yet_are_kept_up_to_a_bound() -> None:
    found = Unexplained(9)
    found.read((row(n, "trade", "USD", 1) for n in range(MOST_ROWS + 5)), ())
    found.differ({"USD": Decimal(MOST_ROWS)}, 0)
    assert traded(found) == {"USD": Decimal(MOST_ROWS)}


def test_what_has_explained_a_difference_explains_no_other_in_this_run_or_the_next() -> None:
    found = Unexplained(9)
    first, second = row(1, "trade", "USD", 5), row(2, "trade", "USD", 7)
    found.differ({"USD": Decimal(5)}, 0)
    found.read([first], ())
    explanation = found.explained()
    assert explanation is not None
    assert (explanation.newest_ns, explanation.newest) == (10, ("L1",))
    found.read([first], ())
    found.differ({"USD": Decimal(7)}, 0)
    body = found.to_body()
    assert body is not None
    for life in (found, Unexplained.from_body(body, 0)):
        life.read([first, second], ())
        assert traded(life) == {"USD": Decimal(7)}


def test_a_difference_that_nothing_explains_is_given_up_for_the_next_ones_sake() -> None:
    found = Unexplained(9)
    found.differ({"ODD": Decimal(1)}, 1)
    found.read([row(1, "trade", "USD", 5)], ())
    found.differ({"BTC": Decimal(2)}, PATIENCE_NS + 2)
    found.read([row(2, "trade", "BTC", 2)], ())
    assert traded(found) == {"BTC": Decimal(2)}


def test_too_much_to_remember_is_not_left_to_a_next_run() -> None:
    found = Unexplained(9)
    assert found.to_body() is None
    found.differ({"USD": Decimal(5)}, 0)
    for number in range(MOST_IDS):
        found.booked(f"L{number}", 10)
    assert found.to_body() is not None
    found.booked("L-more", 10)
    assert found.to_body() is None
