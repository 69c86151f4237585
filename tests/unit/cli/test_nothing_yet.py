"""Commands that read, where there is nothing to read yet: nothing is an answer, and no mistake."""

import json
from pathlib import Path
from typing import Any

import pytest
import stores

from zoe.cli.main import main

EMPTY = [
    (("orders",), []),
    (("fills",), []),
    (("balances",), []),
    (("drift",), []),
    (("ledger", "lots"), []),
    (("pnl",), {"days": []}),
    (("pnl", "--split"), {"pairs": [], "totals": []}),
    (("equity",), {"account": None, "currency": "USD", "equity": "0", "unmarked": []}),
    (("ledger", "report"), {"account": None, "days": [], "fees": {}}),
    (("ledger", "verify"), {"account": None, "verdict": "ok", "booked": 0, "problems": []}),
]


@pytest.fixture(autouse=True)
def _nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOE_STATE_DIR", str(tmp_path / "state"))
    for name in ("DATABASE_URL", "KRAKEN_API_KEY", "KRAKEN_API_SECRET", "EXCHANGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("words", "answer"), EMPTY, ids=lambda part: " ".join(part))
def test_where_no_desk_has_run_there_is_nothing_and_nothing_is_made(
    words: tuple[str, ...], answer: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main((*words, "--json")) == 0
    said = capsys.readouterr()
    _agrees(json.loads(said.out), answer)
    assert "no desk has run there yet" in said.err
    assert not (tmp_path / "state").exists()
    assert main(words) == 0


def test_a_database_without_an_account_has_empty_books(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", stores.url_of(stores.fresh_database()))
    for words, answer in EMPTY:
        assert main((*words, "--json")) == 0, words
        _agrees(json.loads(capsys.readouterr().out), answer)


@pytest.mark.parametrize("words", [("orders",), ("orders", "--all"), ("fills",), ("balances",)])
def test_a_person_is_told_in_words_that_there_is_nothing(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out == ""  # said already: no desk has run
    monkeypatch.setenv("DATABASE_URL", stores.url_of(stores.fresh_database()))
    assert main(words) == 0
    assert "no " in capsys.readouterr().out.lower()


def _agrees(told: Any, answer: Any) -> None:
    if isinstance(answer, dict):
        assert told | answer == told
    else:
        assert told == answer
