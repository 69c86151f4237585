"""What is printed: exact, aligned, and harmless to a terminal."""

import io
import json
from contextlib import redirect_stdout
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.cli import desk_commands, rows, show

NS = st.integers(0, 4_102_444_800 * 10**9)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_value_can_command_the_terminal(value: object) -> None:
    assert show.cell(value).isprintable()


@given(NS)
def test_a_moment_keeps_every_nanosecond(at_ns: int) -> None:
    text = show.moment(at_ns)
    assert text is not None and text.endswith("Z")
    whole, fraction = text.removesuffix("Z").split(".")
    seconds = round(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    assert seconds * 10**9 + int(fraction) == at_ns
    assert (show.clock(at_ns) or "").replace(" ", "T") == f"{whole}.{fraction[:3]}"


@given(
    st.lists(
        st.fixed_dictionaries({"name": st.text("ab é", max_size=9), "n": st.integers()}), min_size=1
    )
)
def test_columns_of_text_are_aligned(given_rows: list[dict[str, object]]) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        show.table(("name", "n"), given_rows)
    lines = out.getvalue().splitlines()
    assert len(lines) == len(given_rows) + 1
    ends = {len(line) for line in lines}
    assert len(ends) == 1, "numbers end in one column"


def test_a_column_that_nothing_fills_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    show.table(("a", "b"), [{"a": 1, "b": None}, {"a": 22}])
    assert capsys.readouterr().out == " a\n 1\n22\n"


def test_a_document_is_one_line_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    show.document({"a": ["\n", None]})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"a": ["\n", None]}


def test_a_note_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    show.note("two\nlines \x1b[1m")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "\x1b" not in said.err


def test_an_order_goes_by_the_exchanges_id_once_there_is_one() -> None:
    assert rows.order({"intent_id": "i"})["id"] == "i"
    assert rows.order({"intent_id": "i", "order_id": "O"})["id"] == "O"
    shown = rows.order({"source": "strategy/quote_keeper", "slot": "bid.0"})
    assert shown["source"] == "quote_keeper bid.0"


def test_a_part_of_the_desk_that_is_an_actor_stands_among_the_actors_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parts = [
        {"component": "actor/orders", "status": "ok"},
        {"component": "store", "status": "down"},
    ]
    desk_commands._show_status({"boot": 1, "components": parts, "actors": [{"name": "orders"}]})
    said = capsys.readouterr().out
    assert said.count("orders") == 1
    assert "store" in said and "actor/orders" not in said
