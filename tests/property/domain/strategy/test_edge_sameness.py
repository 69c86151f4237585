"""What changes nothing for the Edge Factory: scale, mirrors, order, the same View; what ends it."""

import edge_plain
import edge_sameness
from edge_pulls import pulled
from edge_views import Case, cases, worked_cases
from hypothesis import given
from rule_examples import RULE


@RULE
@given(worked_cases())
def test_quotes_scale_with_prices_and_nothing_else_changes(case: Case) -> None:
    edge_sameness.scales(case)


@RULE
@given(cases())
def test_a_mirrored_book_has_a_mirrored_fair_value(case: Case) -> None:
    edge_sameness.mirrors(case)


@RULE
@given(cases())
def test_siblings_in_any_order_give_the_same_fair_value(case: Case) -> None:
    edge_sameness.order_of_siblings(case)


@RULE
@given(cases())
def test_any_fair_value_lies_among_its_sources(case: Case) -> None:
    edge_sameness.among_sources(case)


@RULE
@given(worked_cases())
def test_an_unchanged_view_gives_unchanged_wants_and_teaches_nothing(case: Case) -> None:
    edge_sameness.unchanged(case)


@RULE
@given(cases())
def test_what_works_as_it_was_wanted_is_wanted_where_it_is(case: Case) -> None:
    edge_sameness.stays(case)


@RULE
@given(cases())
def test_a_decision_made_again_from_its_record_is_the_same(case: Case) -> None:
    edge_sameness.recorded(case)


@RULE
@given(worked_cases())
def test_any_reason_to_stand_aside_and_any_fault_empties_the_wants(case: Case) -> None:
    edge_sameness.pull_empties(case)


@RULE
@given(cases())
def test_a_side_that_is_off_wants_nothing_and_the_other_one_still_may(case: Case) -> None:
    edge_sameness.side_off(case)


@RULE
@given(worked_cases())
def test_the_formulas_written_down_plainly_give_the_same_decision_bit_for_bit(case: Case) -> None:
    edge_plain.is_the_same(case if case.number % 4 else pulled(case, case.number // 4))
