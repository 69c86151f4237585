"""What ``zoe why`` makes of words that are no id."""

import pytest

from zoe.cli import grammar
from zoe.cli.why_command import why
from zoe.domain.errors import ConfigError


@pytest.mark.parametrize("nothing", ["", "  "])
def test_no_id_is_a_slip_and_not_what_has_an_empty_one(nothing: str) -> None:
    with pytest.raises(ConfigError, match="an id is needed"):
        why(grammar.build().parse_args(["why", nothing]))
