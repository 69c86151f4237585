"""Commands whose standard streams somebody has closed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ZOE = f"{sys.executable} -P -m zoe.cli.main"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("orders --json >&-", 0),
        ("orders --json 2>&-", 0),
        ("orders --json <&- >&- 2>&-", 0),
        ("ordres >&- 2>&-", 2),
        ("--help >&-", 0),
        ("status 2>&-", 3),
    ],
)
def test_a_stream_that_is_closed_changes_no_exit_code(
    tmp_path: Path, words: str, code: int
) -> None:
    surroundings = os.environ | {"ZOE_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    shell = ("sh", "-c", f"{ZOE} {words}")
    done = subprocess.run(shell, env=surroundings, capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
