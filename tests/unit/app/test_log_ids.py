"""Which lines of the log bear an id."""

import json

import pytest

from zoe.app.log_reading import Wanted

LINE = {
    "level": "INFO",
    "event": "order.state_changed",
    "incarnation": 1,
    "message_id": 70,
    "order_id": "OABCDE-FGHIJ-KLMNOP",
    "filled": "0",
}


@pytest.mark.parametrize(
    ("wanted", "anywhere", "as_an_id"),
    [
        ("70", True, True),
        ("OABCDE-FGHIJ-KLMNOP", True, True),
        ("0", True, False),
        ("1", True, False),
        ("7", False, False),
    ],
)
def test_a_count_or_a_quantity_is_no_id_where_ids_are_asked_for(
    wanted: str, anywhere: bool, as_an_id: bool
) -> None:
    raw = json.dumps(LINE).encode()
    assert (Wanted((wanted,)).accepts(raw) is not None) is anywhere
    assert (Wanted((wanted,), named=True).accepts(raw) is not None) is as_an_id
