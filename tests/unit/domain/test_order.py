"""The table of states, read as a whole, and the order's own answers about its quantities."""

from decimal import Decimal
from itertools import product

import attrs
import pytest

from zoe.domain.amend import Amend, Terms
from zoe.domain.errors import IllegalCommand, UnexpectedFact
from zoe.domain.order import (
    COMMANDS,
    CONCLUDED,
    EXTERNAL,
    INFERRED,
    NEXT,
    STALE,
    TERMINAL,
    CancelProgress,
    Fact,
    Fill,
    Input,
    Intent,
    Order,
    OrderType,
    Route,
    Side,
    State,
)
from zoe.domain.order_inputs import amending, apply, command, sending, waiting
from zoe.domain.quantity import NOTHING, Price, Quantity

INTENT = Intent(
    "i-1",
    "person",
    None,
    "BTC/USD",
    Side.BUY,
    OrderType.LIMIT,
    Quantity.of("4"),
    Price.of("100"),
)
# As lists: tests are told apart by their order too.
ORDERS = [happened for happened in Input if happened in COMMANDS]
FACTS = [happened for happened in Input if happened not in COMMANDS]
ENDS = [state for state in State if state in TERMINAL]
SUSPECT = [state for state in State if state in INFERRED]


def order(state: State, **changes: object) -> Order:
    return attrs.evolve(Order(INTENT, state), **changes)  # type: ignore[arg-type]  # by test


def fill(exec_id: str, quantity: str) -> Fill:
    amount = Quantity.of(quantity)
    cost = amount.value * 100
    return Fill(
        exec_id, 1, "O-1", "BTC/USD", Side.BUY, amount, Price.of("100"), cost, Decimal(0),
        "USD", "m", 1,
    )  # fmt: skip


def fact(happened: Input, **changes: object) -> Fact:
    made = fill("T-1", "1") if happened is Input.FILL else None
    terms = Terms(Quantity.of("3"), Price.of("99")) if happened is Input.AMENDED else None
    return attrs.evolve(Fact(happened, "O-1", fill=made, terms=terms), **changes)  # type: ignore[arg-type]  # by test


GONE = fact(Input.VANISHED)


def reachable(start: State) -> set[State]:
    found, new = {start}, [start]
    while new:
        state = new.pop()
        for (here, _), there in NEXT.items():
            if here is state and there not in found:
                found.add(there)
                new.append(there)
    return found


def test_an_order_that_has_not_left_is_as_order_makes_it() -> None:
    made = Order(INTENT, State.WAITING)
    assert vars(waiting(INTENT)) == vars(made)
    assert waiting(INTENT) == made


def test_an_order_that_is_about_to_leave_is_what_send_makes_of_it() -> None:
    way = {"cl_ord_id": "c-1", "route": Route.WEBSOCKET, "not_after_ns": 5}
    made = command(Order(INTENT, State.WAITING), Input.SEND, **way)
    assert vars(sending(INTENT, "c-1", 5)) == vars(made)


@pytest.mark.parametrize("state", ENDS, ids=lambda state: state.value)
def test_a_terminal_state_has_no_way_out_but_keeps_late_fills(state: State) -> None:
    ways = {happened: there for (here, happened), there in NEXT.items() if here is state}
    assert set(ways.values()) <= {state}
    assert set(ways) <= {Input.FILL}


def test_an_order_that_was_denied_takes_no_fill() -> None:
    with pytest.raises(UnexpectedFact):
        apply(order(State.DENIED), fact(Input.FILL))


def test_every_state_can_be_reached_from_the_first() -> None:
    assert reachable(State.WAITING) == set(State)


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_every_state_can_end(state: State) -> None:
    assert reachable(state) & TERMINAL


def test_a_fact_is_either_applied_or_stale_or_a_contradiction() -> None:
    assert not STALE & set(NEXT)
    assert {happened for _, happened in STALE} <= set(FACTS)
    assert set(NEXT.values()) <= set(State)


def test_states_are_sorted_once() -> None:
    assert not TERMINAL & INFERRED


@pytest.mark.parametrize(("state", "wanted"), list(product(State, ORDERS)))
def test_a_command_follows_the_table_or_is_refused_and_changes_nothing(
    state: State, wanted: Input
) -> None:
    before = order(state)
    unchanged = attrs.evolve(before)
    if (state, wanted) in NEXT:
        assert command(before, wanted).state is NEXT[state, wanted]
    else:
        with pytest.raises(IllegalCommand, match=f"{wanted.value} while {state.value}"):
            command(before, wanted)
    assert before == unchanged


@pytest.mark.parametrize(("state", "happened"), list(product(State, FACTS)))
def test_a_fact_follows_the_table(state: State, happened: Input) -> None:
    before = order(state)
    if (state, happened) in NEXT:
        assert apply(before, fact(happened)).state is NEXT[state, happened]
    elif (state, happened) in STALE:
        assert apply(before, fact(happened)).state is state
    else:
        with pytest.raises(UnexpectedFact, match=f"{happened.value} while {state.value}"):
            apply(before, fact(happened))


def test_facts_are_no_commands_and_commands_no_facts() -> None:
    with pytest.raises(AssertionError):
        command(order(State.WORKING), Input.FILL)
    with pytest.raises(AssertionError):
        apply(order(State.WAITING), Fact(Input.SEND))


def test_a_fact_that_says_nothing_new_gives_the_same_object_back() -> None:
    known = order(State.WORKING, order_id="O-1", reported_filled=Quantity.of("1"))
    assert apply(known, fact(Input.LIVE, filled_quantity=Quantity.of("1"))) is known
    filled = apply(known, fact(Input.FILL))
    assert apply(filled, fact(Input.FILL)) is filled


def test_a_stale_fact_still_teaches_the_id_and_the_larger_quantity() -> None:
    after = apply(order(State.WORKING), fact(Input.LIVE, filled_quantity=Quantity.of("3")))
    assert (after.order_id, after.filled, after.state) == ("O-1", Quantity.of("3"), State.WORKING)


def test_a_late_fill_after_cancel_is_kept() -> None:
    canceled = apply(order(State.WORKING, order_id="O-1"), fact(Input.CANCELED))
    late = apply(canceled, fact(Input.FILL))
    assert (late.state, late.filled) == (State.CANCELED, Quantity.of("1"))
    assert late.remaining == NOTHING


def test_a_completed_order_whose_fills_are_unknown_says_so_until_they_come() -> None:
    total = Quantity.of("4")
    done = apply(order(State.WORKING), fact(Input.COMPLETED, filled_quantity=total))
    assert (done.state, done.filled, done.fills_missing) == (State.FILLED, total, True)
    for number, part in enumerate(("1", "1.5", "1.5")):
        made = fill(f"T-{number}", part)
        done = apply(done, fact(Input.FILL, fill=made))
    assert (done.state, done.filled, done.fills_missing) == (State.FILLED, total, False)


def test_the_filled_quantity_is_the_larger_of_the_fills_and_the_report() -> None:
    seen = apply(order(State.WORKING), fact(Input.FILL, filled_quantity=Quantity.of("3")))
    assert (seen.filled, seen.remaining) == (Quantity.of("3"), Quantity.of("1"))
    older = apply(seen, fact(Input.LIVE, filled_quantity=Quantity.of("2")))
    assert older.filled == Quantity.of("3")


def test_more_than_was_ordered_is_a_contradiction() -> None:
    with pytest.raises(UnexpectedFact, match="filled 5 of 4"):
        apply(order(State.WORKING), fact(Input.LIVE, filled_quantity=Quantity.of("5")))


def test_of_an_order_that_has_ended_more_is_counted_than_was_ordered() -> None:
    """Somebody had enlarged it, and nobody will tell any more."""
    after = apply(order(State.CANCELED), fact(Input.LIVE, filled_quantity=Quantity.of("5")))
    assert (after.state, after.filled) == (State.CANCELED, Quantity.of("5"))


def test_somebody_elses_order_may_have_been_enlarged_since() -> None:
    theirs = order(State.WORKING, intent=attrs.evolve(INTENT, source=EXTERNAL))
    after = apply(theirs, fact(Input.COMPLETED, filled_quantity=Quantity.of("5")))
    assert (after.state, after.filled, after.remaining) == (
        State.FILLED,
        Quantity.of("5"),
        NOTHING,
    )


def test_one_order_has_one_id_at_the_exchange() -> None:
    with pytest.raises(UnexpectedFact, match="order id O-2 after O-1"):
        apply(order(State.WORKING, order_id="O-1"), fact(Input.LIVE, order_id="O-2"))


@pytest.mark.parametrize("state", SUSPECT, ids=lambda state: state.value)
@pytest.mark.parametrize("sign", [Input.ACKNOWLEDGED, Input.LIVE, Input.FILL])
def test_any_later_sign_takes_an_inference_back(state: State, sign: Input) -> None:
    assert apply(order(state), fact(sign)).state not in CONCLUDED


@pytest.mark.parametrize("state", SUSPECT, ids=lambda state: state.value)
@pytest.mark.parametrize(
    "late", [Input.REFUSED, Input.NOT_SENT, Input.NOT_FOUND, Input.VANISHED, Input.LOST]
)
def test_a_late_no_changes_no_inference(state: State, late: Input) -> None:
    before = order(state, order_id="O-1")
    assert apply(before, fact(late)) is before


def test_an_order_that_vanished_takes_its_amend_along_and_keeps_what_it_traded() -> None:
    partly = apply(order(State.WORKING, order_id="O-1"), fact(Input.FILL))
    gone = apply(amending(partly, Amend(Terms(Quantity.of("2"), Price.of("99")), 1, 9)), GONE)
    assert (gone.state, gone.amend, gone.filled) == (State.ABSENT, None, Quantity.of("1"))
    assert gone.settled and gone.state in CONCLUDED
    assert apply(gone, fact(Input.LIVE)).state is State.WORKING, "it was an inference"
    ended = apply(partly, fact(Input.CANCELED))
    assert apply(ended, GONE) is ended


def test_seen_and_then_refused_is_a_doubt() -> None:
    assert apply(order(State.PENDING), fact(Input.REFUSED)).state is State.IN_DOUBT


def test_canceled_and_expired_are_two_words_for_one_end() -> None:
    for state, other in ((State.CANCELED, Input.EXPIRED), (State.EXPIRED, Input.CANCELED)):
        assert apply(order(state), fact(other)).state is state


def test_a_terminal_state_ends_the_wish_to_cancel_and_an_inference_does_not() -> None:
    wanted = order(State.IN_DOUBT, cancel=CancelProgress.REQUESTED)
    assert apply(wanted, fact(Input.CANCELED)).cancel is CancelProgress.NONE
    assert apply(wanted, fact(Input.NOT_FOUND)).cancel is CancelProgress.REQUESTED


def test_the_newest_reason_stays() -> None:
    refused = apply(order(State.SENDING), fact(Input.REFUSED, reason="EOrder:Post only order"))
    assert refused.reason == "EOrder:Post only order"
    assert apply(refused, fact(Input.LIVE)).reason == "EOrder:Post only order"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"quantity": NOTHING}, "greater than 0"),
        ({"limit_price": None}, "a limit order has a limit price"),
        ({"order_type": OrderType.MARKET}, "a market order has none"),
        ({"order_type": OrderType.MARKET, "limit_price": None, "post_only": True}, "post-only"),
    ],
)
def test_an_intent_that_makes_no_sense_is_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        attrs.evolve(INTENT, **changes)  # type: ignore[arg-type]  # on purpose


def test_an_order_of_a_type_we_never_send_can_be_described() -> None:
    stop = attrs.evolve(INTENT, order_type=OrderType.STOP_LOSS, limit_price=None)
    assert stop.order_type.value == "stop-loss"


def test_a_fill_comes_with_its_own_fact_only() -> None:
    with pytest.raises(ValueError, match="a fill comes with FILL"):
        Fact(Input.FILL, "O-1")
    with pytest.raises(ValueError, match="a fill comes with FILL"):
        Fact(Input.LIVE, "O-1", fill=fill("T-1", "1"))


def test_a_fill_belongs_to_the_order_that_the_fact_is_about() -> None:
    with pytest.raises(ValueError, match="a fill of O-1 told of O-2"):
        Fact(Input.FILL, "O-2", fill=fill("T-1", "1"))
