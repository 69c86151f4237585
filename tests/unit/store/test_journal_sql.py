"""What the SQL of the journal must know of the domain."""

from zoe.domain.order import CONCLUDED, TERMINAL
from zoe.store.journal import ENDED
from zoe.store.migrate import steps


def test_the_states_that_end_an_order_for_good_are_the_domains_in_query_and_index() -> None:
    assert set(ENDED) == {state.value for state in TERMINAL}
    assert {state.value for state in CONCLUDED} > set(ENDED)
    assert f"IN {ENDED}" in steps()[0].sql
