"""Nonces that grow whoever takes them; pages that shift while they are read."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken.history_calls import PAGE, Window
from zoe.adapters.kraken.nonce_file import NonceBusy, NonceFile
from zoe.adapters.kraken.paging import MOST_PAGES, all_pages
from zoe.domain.errors import WireError

TAKER = """
import sys
from pathlib import Path
from zoe.adapters.kraken.nonce_file import NonceFile
nonces = NonceFile(Path(sys.argv[1]), "KEY")
for _ in range(200):
    with nonces.taken(120) as nonce, open(sys.argv[2], "a") as seen:
        seen.write(f"{nonce}\\n")
"""


def test_nonces_grow_across_processes_in_the_order_in_which_they_are_used(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    command = [sys.executable, "-c", TAKER, str(tmp_path / "nonces"), str(seen)]
    takers = [subprocess.Popen(command) for _ in range(3)]
    assert [taker.wait(120) for taker in takers] == [0, 0, 0]
    used = [int(line) for line in seen.read_text().splitlines()]
    assert len(used) == 600
    assert used == sorted(set(used))


def test_a_nonce_is_above_the_highest_ever_given_even_if_the_clock_was_ahead(
    tmp_path: Path,
) -> None:
    nonces = NonceFile(tmp_path, "KEY")
    ahead = 9_000_000_000_000_000_000
    nonces.path.write_text(f"{ahead:020d}\n")
    with nonces.taken(1) as first:
        assert first == ahead + 1
    with NonceFile(tmp_path, "KEY").taken(1) as second:
        assert second == ahead + 2
    with NonceFile(tmp_path, "OTHER").taken(1) as other:
        assert other < ahead


def test_the_key_is_locked_until_its_request_is_answered(tmp_path: Path) -> None:
    nonces = NonceFile(tmp_path, "KEY")
    with nonces.taken(1), pytest.raises(NonceBusy), NonceFile(tmp_path, "KEY").taken(0.01):
        raise AssertionError("the lock was given twice")
    with nonces.taken(1):
        pass


def test_a_damaged_file_costs_nothing_and_names_no_key(tmp_path: Path) -> None:
    nonces = NonceFile(tmp_path, "KEY")
    nonces.path.write_text("damaged")
    with nonces.taken(1) as nonce:
        assert nonce > 1_700_000_000_000_000_000
    assert int(nonces.path.read_text()) == nonce
    assert "KEY" not in nonces.path.name
    assert nonces.path.stat().st_mode & 0o077 == 0 or nonces.path.stat().st_size


class History:
    """Rows newest first, of which some may only be seen after a while."""

    def __init__(self, count: int, late: Mapping[int, int]) -> None:
        self.rows = list(range(count))
        self.late = dict(late)
        self.asked = 0

    def page(self, window: Window) -> dict[str, int]:
        visible = [row for row in self.rows if self.late.get(row, 0) <= self.asked]
        self.asked += 1
        newest_first = sorted(visible, reverse=True)[window.offset :][:PAGE]
        return {f"L{row}": row for row in newest_first}


@given(st.integers(0, 260), st.dictionaries(st.integers(0, 260), st.integers(1, 6), max_size=40))
def test_pages_that_shift_lose_no_row_and_double_none(count: int, late: dict[int, int]) -> None:
    history = History(count, late)
    found = all_pages(history.page, None, 10**9)
    there_at_first = {f"L{row}" for row in range(count) if row not in late}
    assert there_at_first <= set(found) <= {f"L{row}" for row in range(count)}


def test_the_end_is_frozen_and_a_full_last_page_is_asked_beyond() -> None:
    windows: list[Window] = []

    def page(window: Window) -> dict[str, int]:
        windows.append(window)
        return {str(n): n for n in range(window.offset, min(window.offset + PAGE, 100))}

    assert len(all_pages(page, 5, 17)) == 100
    assert [(w.start, w.end, w.offset) for w in windows] == [(5, 17, 0), (5, 17, 50), (5, 17, 100)]


def test_pages_that_never_end_are_refused() -> None:
    same = {str(n): n for n in range(PAGE)}
    calls: list[Window] = []

    def page(window: Window) -> dict[str, int]:
        calls.append(window)
        return same

    with pytest.raises(WireError, match="pages"):
        all_pages(page, None, 1)
    assert len(calls) == MOST_PAGES
