"""The desk's own sandbox: what it is started with."""

from pathlib import Path

import pytest

from zoe.app.own_sandbox import seed_of
from zoe.domain.errors import ConfigError


def test_each_sandbox_has_a_seed_of_its_own_that_stays(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
    assert seed_of(first) == seed_of(first)
    (first / "journal.jsonl").write_text("{}\n")
    assert seed_of(first) == seed_of(first)
    assert seed_of(first) != seed_of(second)


def test_a_sandbox_that_was_begun_without_a_seed_keeps_the_first_of_all(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text("{}\n")
    assert seed_of(tmp_path) == 0
    assert not (tmp_path / "seed").exists()


def test_a_seed_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "seed").write_text("")
    with pytest.raises(ConfigError, match="holds no number"):
        seed_of(tmp_path)
