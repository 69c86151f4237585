"""The sandbox's command line: what it takes, and one line for what it does not."""

import pytest

from zoe.sandbox.main import main
from zoe.sandbox.options import parse


def test_nothing_needs_to_be_said() -> None:
    wanted = parse([])
    assert wanted.limits == "both"
    assert (wanted.port, wanted.tier, wanted.market, wanted.lag_ms) == (
        0,
        "starter",
        "synthetic",
        (0, 0),
    )


def test_a_lag_is_one_number_or_a_span() -> None:
    assert parse(["--lag-ms", "0:3000"]).lag_ms == (0, 3000)
    assert parse(["--lag-ms", "20"]).lag_ms == (20, 20)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port", "70000"], "70000 is not a port"),
        (["--port", "-1"], "--port"),
        (["--lag-ms", "5:1"], "must not be greater"),
        (["--lag-ms", "1:2:3"], "is not A:B"),
        (["--lag-ms", "x"], "is not A:B"),
        (["--tier", "amateur"], "--tier"),
        (["--limits", "some"], "--limits"),
        (["--tier", "stater"], "did you mean starter?"),
        (["--prot", "1"], "did you mean --port?"),
        (["now"], "now is not known"),
        (["--market", "calm"], "quiet"),
        (["--market", "synthetic:x"], "synthetic:N"),
        (["--market", "replay:"], "replay:FILE"),
        (["--pairs", "BTC/USDD"], "did you mean BTC/USD?"),
        (["--catalog", "missing.csv"], "No such file"),
        (["--faults", "missing.json"], "No such file"),
        (["--journal", "missing/journal"], "No such file"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line_with_exit_code_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    try:
        code = main(words)
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        code = ended.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "example: zoe sandbox" in out
    assert "--json" in out and parse(["--json"]).json
    assert "life-line" not in out
