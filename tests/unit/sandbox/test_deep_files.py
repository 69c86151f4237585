"""Files that are nested without end: one line, as for any that cannot be read."""

from pathlib import Path

import pytest

from zoe.sandbox import main


@pytest.mark.parametrize("deep", ["[" * 99_999, '{"a":' * 99_999], ids=["list", "object"])
@pytest.mark.parametrize("option", ["--faults", "--catalog", "--market"])
def test_a_file_that_is_nested_without_end_stops_the_start_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, deep: str
) -> None:
    path = tmp_path / "deep.json"
    path.write_text(deep)
    named = f"replay:{path}" if option == "--market" else str(path)
    assert main.main((option, named)) == 2
    assert capsys.readouterr().err.count("\n") == 1
