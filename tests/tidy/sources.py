"""The project's own files, as the house rules look at them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
#: Rules are about what people write; locks are written by a program.
MADE: Final = ("requirements.lock", "dev.lock", "foreign.lock", "longer.lock")
_SKIPPED: Final = {"node_modules", "__pycache__", "build", "dist"}


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(), filename=str(path))


def python_files(*folders: str) -> list[Path]:
    """Every Python file below the folders, in order."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if not _SKIPPED.intersection(path.parts)]


def tracked() -> list[Path]:
    """Files under version control; without git, every file that is not hidden."""
    listed = subprocess.run(
        ("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        return [ROOT / name for name in names if not any(p.startswith(".") for p in name.parts)]
    return [ROOT / name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]


def name_of(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


def place(path: Path, node: ast.expr | ast.stmt | ast.ExceptHandler) -> str:
    """File and line."""
    return f"{name_of(path)}:{node.lineno}"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted(node: ast.expr) -> str:
    """``a.b.c`` for an attribute of a name, else an empty text."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            before = dotted(value)
            return f"{before}.{attribute}" if before else ""
        case _:
            return ""
