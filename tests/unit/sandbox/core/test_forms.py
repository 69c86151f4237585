"""Forms: what the library makes of a form, with or without quoted letters."""

from urllib.parse import parse_qsl

import pytest

from zoe.sandbox.core.forms import form


@pytest.mark.parametrize(
    "text",
    ["", "a=1&b=2", "a", "a=", "=b", "&&a=1&", "a=1=2", "a=1;b=2", "a=%31&b=+", "n=\u00e9&m=1&m=2"],
)
def test_a_forms_fields_are_those_that_the_library_finds(text: str) -> None:
    assert form(text.encode()) == dict(parse_qsl(text, keep_blank_values=True))


def test_what_is_no_text_is_read_all_the_same() -> None:
    assert form(b"a=\xff&b=1") == {"a": "\ufffd", "b": "1"}
