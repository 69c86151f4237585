"""Places that PostgreSQL is handed are ours, and closed to all others."""

import os
from pathlib import Path

import pytest

from zoe.domain.errors import ConfigError
from zoe.store.rights import Rights


def test_a_directory_of_ours_is_closed_to_all_others(tmp_path: Path) -> None:
    place = tmp_path / "socket"
    for mode in (None, 0o777):
        if mode is not None:
            place.chmod(mode)
        Rights().own_directory(place)
        assert place.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_somebody_else_made_first_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "socket"
    place.mkdir(mode=0o755)
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        Rights().own_directory(place)
    assert place.stat().st_mode & 0o777 == 0o755


def test_a_link_is_no_directory_of_ours(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    place = tmp_path / "socket"
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        Rights().own_directory(place)
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755
