"""The grammar of the command line: every command explained, every mistake answered in one line."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.app.version import VERSION
from zoe.cli import books_grammar, grammar
from zoe.cli.main import main
from zoe.cli.parser import Parser
from zoe.domain.ledger_row import Kind

KEY = "0190A0A0-0000-8000-8000-00000000000A"


def commands(below: Parser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that does something, as the words that name it."""
    if not below.commands:
        yield words
    for name, found in below.commands.items():
        yield from commands(found, (*words, name))


ALL = sorted(commands(grammar.build()))
OWN = [words for words in ALL if words != ("sandbox",)]  # it reads its own options


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        grammar.parse(words)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1, "one line"
    return said.err


def test_to_read_a_command_line_imports_nothing_of_the_desk() -> None:
    look = "import sys, zoe.cli.grammar; zoe.cli.grammar.build(); print(*sorted(sys.modules))"
    done = subprocess.run((sys.executable, "-c", look), capture_output=True, check=True, text=True)
    named = {name for name in done.stdout.split() if name.startswith("zoe.")}
    rooms = {name.split(".")[1] for name in named - {"zoe.domain", "zoe.domain.words"}}
    assert rooms == {"cli"}
    assert "attr" not in done.stdout.split()


def test_the_kinds_of_rows_are_those_of_the_books() -> None:
    assert tuple(kind.value for kind in Kind) == books_grammar.KINDS


def test_the_commands_are_those_that_were_promised() -> None:
    assert [" ".join(words) for words in ALL] == [
        "balances",
        "budget",
        "catalog",
        "doctor",
        "drift",
        "equity",
        "fills",
        "flatten",
        "halt",
        "history",
        "keys import",
        "ledger accept",
        "ledger declare",
        "ledger import",
        "ledger lots",
        "ledger rebuild",
        "ledger replay",
        "ledger report",
        "ledger rule",
        "ledger verify",
        "logs",
        "order amend",
        "order cancel",
        "order place",
        "orders",
        "pnl",
        "record",
        "reduce",
        "replay",
        "resume",
        "run",
        "sandbox",
        "simulate",
        "status",
        "strategy list",
        "strategy mode",
        "strategy show",
        "watch",
        "why",
        "wire decode",
    ]


@pytest.mark.parametrize("words", OWN, ids=" ".join)
def test_every_command_explains_itself_with_an_example(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        grammar.parse((*words, "--help"))
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert f"example: zoe {' '.join(words)}" in told
    assert "--config FILE" in told


def test_the_version_is_said_and_nothing_else_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        grammar.parse(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"zoe {VERSION}\n")


@pytest.mark.parametrize("words", OWN, ids=" ".join)
def test_every_command_has_a_handler(words: tuple[str, ...]) -> None:
    found = grammar.build()
    for word in words:
        found = found.commands[word]
    module, _, function = found.get_default("handler").partition(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("words", OWN, ids=" ".join)
def test_every_command_can_print_json(words: tuple[str, ...]) -> None:
    found = grammar.build()
    for word in words:
        found = found.commands[word]
    assert "--json" in found.options


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (("ordres",), "orders"),
        (("statsu",), "status"),
        (("order", "plcae"), "place"),
        (("wire", "deocde"), "decode"),
        (("orders", "--al"), "--all"),
        (("status", "--jason"), "--json"),
        (("status", "--jason=1"), "--json"),
        (("order", "place", "--limt", "5", "buy", "BTC/USD", "1"), "--limit"),
        (("order", "place", "buy", "BTC/USD", "1", "--post_only"), "--post-only"),
        (("order", "place", "byu", "BTC/USD", "1"), "buy"),
        (("run", "--exchange", "krakn"), "kraken"),
        (("logs", "--level", "warn"), "warning"),
        (("ledger", "rule", "LABCDE", "--as", "trad"), "trade"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], guess: str
) -> None:
    assert f"did you mean {guess}?" in refusal(capsys, *words)


def test_an_option_of_one_value_is_given_once_and_others_as_often_as_one_likes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = ("order", "place", "buy", "BTC/USD", "1", "--limit", "50000")
    assert "--limit is given twice" in refusal(capsys, *order, "--limit=60000")
    grammar.parse(("--config", "a", "status", "--config", "b", "--json", "--json"))
    assert grammar.parse(("history", "--pair", "A/B", "--pair", "C/D")).pair == ["A/B", "C/D"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("order",),
        ("frobnicate",),
        ("orders", "--frobnicate"),
        ("orders", "-x"),
        ("orders", "more"),
        ("--frobnicate", "orders"),
        ("why",),
        ("order", "place"),
        ("order", "place", "buy", "BTC/USD", "1", "--limit"),
        ("run", "--for", "0"),
        ("run", "--for", "1.5"),
        ("run", "--for", "-5"),
        ("run", "--seed", "x"),
        ("status", "--timeout", "601"),
        ("order", "place", "buy", "BTC/USD", "1", "--key", "mine"),
        ("order", "place", "buy", "BTC USD", "1"),
        ("order", "place", "buy", "BTC\n/USD", "1"),
        ("halt", "--why"),
        ("watch", "--url", "ws.kraken.com"),
        ("record", "m.gz", "--pair", "BTC/USD", "--url", "https://ws.kraken.com/v2"),
        ("record", "m.gz", "--pair", "BTC/USD", "--url", "ws://[::1"),
    ],
)
def test_whatever_cannot_be_understood_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    refusal(capsys, *words)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0.0",
        "-1",
        "+1",
        "1e5",
        "1_000",
        "1,5",
        "nan",
        "inf",
        "",
        " 1",
        "1.",
        "\u0661",
        "1" * 31,
    ],
)
def test_an_amount_is_plain_decimal_text_above_nothing(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    refusal(capsys, "order", "place", "buy", "BTC/USD", text)
    refusal(capsys, "order", "place", "buy", "BTC/USD", "1", "--limit", text)


@given(
    st.decimals(min_value="0.0000000001", max_value="1000000000", places=10, allow_nan=False).map(
        lambda value: f"{value:f}"
    )
)
def test_an_amount_stays_the_text_that_was_given(text: str) -> None:
    words = ("order", "place", "buy", "BTC/USD", text, "--limit", text)
    found = grammar.parse(words)
    assert (found.quantity, found.limit) == (text, text)


@given(st.lists(st.text(), max_size=6))
def test_no_words_break_the_parser(words: list[str]) -> None:
    try:
        grammar.parse(words)
    except SystemExit as ended:
        assert ended.code in (0, 2)


def test_a_key_is_written_as_the_desk_writes_it() -> None:
    found = grammar.parse(("order", "place", "buy", "BTC/USD", "1", "--key", KEY.replace("-", "")))
    assert found.key == KEY.lower()


def test_the_configuration_may_be_named_before_or_after_the_command() -> None:
    before = grammar.parse(("--config", "a.toml", "orders"))
    after = grammar.parse(("orders", "--config", "a.toml"))
    assert str(before.config) == str(after.config) == "a.toml"
    assert grammar.parse(("orders",)).config is None


@pytest.mark.parametrize("before", [(), ("--config", "a.toml"), ("--config=a.toml",)])
def test_the_sandbox_reads_its_own_options_whatever_stands_before_it(
    capsys: pytest.CaptureFixture[str], before: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main((*before, "sandbox", "--prot", "1"))
    assert ended.value.code == 2
    assert "did you mean --port?" in capsys.readouterr().err


def test_the_value_of_an_option_is_never_taken_for_a_command() -> None:
    found = grammar.parse(("--config", "ordres", "orders", "--json"))
    assert found.handler.endswith(":orders")
    assert grammar.parse(("halt", "--why", "orders")).why == "orders"


def test_words_after_two_dashes_are_arguments() -> None:
    assert grammar.parse(("why", "--", "-odd-id")).id == "-odd-id"


@pytest.mark.parametrize(
    "words",
    [
        ("why", "{}"),
        ("logs", "--id", "{}"),
        ("order", "cancel", "{}"),
        ("halt", "--why", "{}"),
        ("pnl", "--account", "{}"),
        ("ledger", "rule", "{}", "LKAAAA-AAAAA-AAAAAA", "--as", "income", "--why", "so"),
    ],
    ids=" ".join,
)
def test_bytes_that_are_no_text_are_refused_but_in_the_name_of_a_file(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    wild = "\udcff"
    assert "is no text" in refusal(capsys, *(word.format(wild) for word in words))
    assert grammar.parse(("replay", wild)).file == Path(wild)


@pytest.mark.parametrize(
    "words", [("order", "cancel", " "), ("order", "amend", "", "--price", "5")]
)
def test_an_order_that_is_not_named_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert "argument ID: the id of an order is needed" in refusal(capsys, *words)


def test_who_asks_for_json_is_told_of_a_mistake_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(("status", "--timeout", "x", "--json"))
    assert ended.value.code == 2
    said = capsys.readouterr()
    error = json.loads(said.out)["error"]
    assert error["code"] == "usage"
    assert said.err == f"{error['text']}\n"


@pytest.mark.parametrize(
    "words", [("history", "BTC/USD"), ("strategy", "show", "quote_keeper", "x")]
)
def test_one_argument_too_many_points_to_the_help_of_its_own_command(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, *words)
    assert f"{words[-1]!r} is one argument too many" in said
    assert f"(see zoe {' '.join(words[:-1])} --help)".replace(" quote_keeper", "") in said
