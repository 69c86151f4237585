"""Words as people write them."""

import pytest

from zoe.domain.words import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 orders"), (1, "1 order"), (2, "2 orders"), (1_000, "1000 orders")]
)
def test_one_thing_is_not_told_as_many(number: int, text: str) -> None:
    assert counted(number, "order") == text
