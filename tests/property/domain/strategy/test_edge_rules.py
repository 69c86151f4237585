"""What the Edge Factory promises of its wants, for any View."""

import edge_rules
from edge_views import Case, cases, worked_cases
from hypothesis import given
from rule_examples import RULE


@RULE
@given(worked_cases())
def test_a_want_never_crosses_touches_or_takes(case: Case) -> None:
    edge_rules.never_takes(case)


@RULE
@given(worked_cases())
def test_prices_are_on_ticks_sizes_on_lots_and_both_over_the_minimums(case: Case) -> None:
    edge_rules.on_steps_over_minimums(case)


@RULE
@given(worked_cases())
def test_no_more_is_sold_than_the_sleeve_nor_bought_than_the_cash_fees_included(case: Case) -> None:
    edge_rules.within_sleeve_and_cash(case)


@RULE
@given(cases())
def test_the_indifferent_price_is_between_the_quotes_and_each_keeps_its_edge(case: Case) -> None:
    edge_rules.keeps_its_edge(case)


@RULE
@given(cases())
def test_more_inventory_never_raises_a_quote_nor_the_bids_size(case: Case) -> None:
    edge_rules.more_inventory_lowers(case)


@RULE
@given(cases())
def test_more_volatility_fee_or_adverse_selection_never_narrows_the_quotes(case: Case) -> None:
    edge_rules.worse_never_narrows(case)
