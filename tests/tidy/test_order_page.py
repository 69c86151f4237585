"""The page about the life of an order is the table of states, and nothing else."""

import re

import order_page

from zoe.domain import amend
from zoe.domain.order import NEXT, STALE


def test_the_page_is_made_from_the_table() -> None:
    assert order_page.PAGE.read_text() == order_page.page()


def test_the_page_shows_every_row_of_the_table_and_every_stale_fact() -> None:
    text = order_page.page()
    shown = {
        (here, why, there)
        for here, there, whys in re.findall(r"^    (\w+) --> (\w+): (.+)$", text, re.MULTILINE)
        for why in whys.split(", ")
    }
    orders = {(here.value, why.value, there.value) for (here, why), there in NEXT.items()}
    amends = {(here.value, why.value, to.value) for (here, why), to in amend.NEXT.items()}
    assert shown == orders | amends
    rows = re.findall(r"^\| ([A-Z_]+) \| (.+) \|$", text, re.MULTILINE)
    stale = {(state, why) for state, whys in rows for why in whys.split(", ")}
    assert stale == {(state.value, why.value) for state, why in STALE}
