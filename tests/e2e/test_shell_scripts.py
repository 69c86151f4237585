"""The scripts of bin/, before any program of ours runs: called from wherever and however a shell can.

A stand-in for the environment's Python runs what finds and sets up, and tells what it would become.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
SCRIPTS: Final = {
    "zoe": ["-P", "-m", "zoe.cli.main"],
    "zoe-start": ["-P", "-m", "zoe.cli.main", "run"],
}
LOCK: Final = "requirements.lock"
STAND_IN: Final = f"""#!/bin/sh
case $1 in -I) exec "{sys.executable}" "$@" ;; esac
printf '%s\\n' "$@"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an environment that is set up, in a folder whose name shells stumble on."""
    root = tmp_path / "it's $HOME here"
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN)
    python.chmod(0o755)
    shutil.copytree(ROOT / "bin", root / "bin")
    (root / LOCK).write_text("nothing==1\n")
    finished = hashlib.sha256((root / LOCK).read_bytes()).hexdigest()
    (root / ".venv" / f"finished-{LOCK}").write_text(finished)
    return root


def told(
    script: Path | str, *words: str, cwd: Path, environ: Mapping[str, str] | None = None
) -> list[str]:
    done = subprocess.run(
        [str(script), *words],
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", SCRIPTS)
def test_arguments_reach_the_program_as_they_are(project: Path, name: str, tmp_path: Path) -> None:
    words = ["a b", "", "*", "$HOME", "-x"]
    assert told(project / "bin" / name, *words, cwd=tmp_path) == [*SCRIPTS[name], *words]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_link_to_a_script_is_the_script(project: Path, name: str, tmp_path: Path) -> None:
    below = tmp_path / "links" / "bin"
    below.mkdir(parents=True)
    first, second = below / "first", below / "second"
    first.symlink_to(Path("..") / ".." / project.name / "bin" / name)
    second.symlink_to("first")
    assert told(second, cwd=tmp_path) == SCRIPTS[name]


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("path", [".", ".:..", "elsewhere"])
def test_where_a_shell_looks_for_folders_is_no_matter(
    project: Path, name: str, path: str, tmp_path: Path
) -> None:
    (project / "elsewhere" / "bin").mkdir(parents=True)
    assert told(f"bin/{name}", cwd=project, environ={"CDPATH": path}) == SCRIPTS[name]


def test_whoever_starts_it_without_streams_is_served(project: Path) -> None:
    program = "print = __import__('os').write; print(3, b'served')"
    closed = f'exec 3>served; bin/foreign -c "{program}" <&- >&- 2>&-'
    (project / "foreign.lock").write_text("nothing==1\n")
    apart = project / ".venv-foreign"
    (apart / "bin").mkdir(parents=True)
    (apart / "bin" / "python").symlink_to(sys.executable)
    finished = hashlib.sha256((project / "foreign.lock").read_bytes()).hexdigest()
    (apart / "finished-foreign.lock").write_text(finished)
    done = subprocess.run(["/bin/sh", "-c", closed], cwd=project, check=False)
    assert (done.returncode, (project / "served").read_text()) == (0, "served")


def test_variables_meant_for_other_programs_do_not_reach_ours(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.write_text(STAND_IN + "env\n")
    strange = dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "LOGURU_LEVEL"), "/nowhere")
    strange |= {"PYTHONOPTIMIZE": "2", "PYTHONINSPECT": "1", "PYTHONHASHSEED": "7"}
    said = told(project / "bin" / "zoe", cwd=project, environ=strange)
    assert [line for line in said if line.partition("=")[0] in strange] == ["PYTHONHASHSEED=7"]


def test_a_python_that_cannot_be_run_is_named(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    target = project / "python that is none"
    target.write_text("")
    python.symlink_to(target)
    done = subprocess.run(
        [project / "bin" / "zoe", "status"],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (2, f"zoe: {target}: Permission denied\n")


def test_without_a_python_that_fits_it_says_which_would(project: Path) -> None:
    shutil.rmtree(project / ".venv")
    tools = project / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname", "readlink"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    (tools / "python3").write_text("#!/bin/sh\necho 'Python 3.9.2'\nexit 1\n")
    (tools / "python3").chmod(0o755)
    done = subprocess.run(
        [project / "bin" / "zoe-start"],
        env={"PATH": str(tools)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("zoe needs Python 3.11, 3.12 or 3.13")
