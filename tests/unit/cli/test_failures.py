"""What ends a command, in one line that tells where to look."""

import json

import pytest

from zoe.cli import failures
from zoe.runtime.threads import ThreadRuntime

NO_SUCH_CPU = 100_000


def told(problem: OSError, capsys: pytest.CaptureFixture[str]) -> str:
    """What is told of it on both streams, which must be the same."""
    assert failures.tell(problem, json=True) == failures.USAGE
    out, err = capsys.readouterr()
    text: str = json.loads(out)["error"]["text"]
    assert err == f"zoe: {text}\n"
    return text


def test_an_error_that_names_no_file_is_told_with_the_call_of_ours_that_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(OSError) as refused:
        ThreadRuntime(1, 1, NO_SUCH_CPU)
    text = told(refused.value, capsys)
    assert text.startswith("Invalid argument (zoe/runtime/threads.py:")
    assert ": os.sched_setaffinity(" in text


def test_an_error_of_a_file_is_told_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError) as refused, open("/no/such/file"):
        pass
    assert told(refused.value, capsys) == "/no/such/file: No such file or directory"


def test_an_error_that_nobody_raised_is_told_in_its_own_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told(OSError(22, "Invalid argument"), capsys) == "Invalid argument"
    assert told(OSError("no reader"), capsys) == "no reader"
    assert told(TimeoutError(), capsys) == "TimeoutError"
