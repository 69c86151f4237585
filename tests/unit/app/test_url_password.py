"""The password of a database's URL is in no line, by itself neither."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.app.logs import Redactor
from zoe.app.settings import load
from zoe.app.url_password import SHORTEST, spellings


def cleaned(url: str, line: str) -> str:
    return Redactor(load(None, {}, {"DATABASE_URL": url}).secrets).clean(line)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="<"), min_size=SHORTEST, max_size=30)
)
def test_a_password_is_hidden_however_it_is_written(password: str) -> None:
    url = f"postgresql://desk:{quote(password, safe='')}@h/d"
    for written in (password, quote(password, safe=""), repr(password)[1:-1], url):
        assert cleaned(url, f"<{written}>") == "<[redacted]>"


def test_a_password_is_hidden_as_its_url_spells_it() -> None:
    url = "postgresql://desk:p%2fss%C3%9F%77ord@h/d"
    for written in ("p%2fss%C3%9F%77ord", "p/ssßword"):
        assert cleaned(url, f"refused: {written}!") == "refused: [redacted]!"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:a@h/d",
        "postgresql://u:%70%61%67%65%73@h/d",
        "postgresql://u:@h/d",
        "postgresql://u@h/d",
        "postgresql:///d?host=/run",
        "postgresql://postgres:postgres@h/d",
        "postgresql://u:postgres@h/postgres",
        "postgresql://[u:a-long-password@h/d",
    ],
)
def test_what_lines_need_is_not_hidden_for_a_password(url: str) -> None:
    line = "a page of pages: postgres, /usr/lib/postgresql, %70%61%67%65%73"
    assert cleaned(url, line) == line and spellings(url) == ()
    assert cleaned(url, f"cannot use {url}") == "cannot use [redacted]"
