"""Words as people write them."""

import pytest

from zoe.domain.words import because, counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 orders"), (1, "1 order"), (2, "2 orders"), (1_000, "1000 orders")]
)
def test_one_thing_is_not_told_as_many(number: int, text: str) -> None:
    assert counted(number, "order") == text


def test_a_refusal_is_a_code_with_its_values_and_a_problem_is_a_sentence_already() -> None:
    assert because("LIMIT", [("value", "7"), ("limit", "5")]) == "LIMIT: value 7, limit 5"
    assert because("RULE", [("problem", "7 is below 9")]) == "RULE: 7 is below 9"
    assert because("TRADING_HALTED", ()) == "TRADING_HALTED"
