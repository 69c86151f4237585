"""Functions and files stay small enough to read in one go."""

import ast
from pathlib import Path

import sources

FUNCTION_LINES = 60
FILE_LINES = 400
PARAMETERS = 5
#: What may be larger, and why. An entry that is not needed any more fails too.
LARGER: dict[str, int] = {}
TABLES = {
    "zoe/app/tree.py": {"tree"},  # the supervision tree, as data
}
MORE_PARAMETERS: dict[str, set[str]] = {}


def long_functions(path: Path) -> set[str]:
    return {
        function.name
        for function in sources.functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES
    }


def crowded_functions(path: Path) -> set[str]:
    return {
        function.name for function in sources.functions(path) if parameters(function) > PARAMETERS
    }


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return sum(argument.arg not in ("self", "cls") for argument in given)


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_functions_fit_on_a_page() -> None:
    files = sources.python_files("zoe", "tests", "bin")
    long = {sources.name_of(path): found for path in files if (found := long_functions(path))}
    assert long == TABLES


def test_functions_take_few_parameters() -> None:
    crowded = {
        sources.name_of(path): found
        for path in sources.python_files("zoe", "bin")
        if (found := crowded_functions(path))
    }
    assert crowded == MORE_PARAMETERS


def test_files_stay_small() -> None:
    large = {
        sources.name_of(path): lines(path)
        for path in sources.python_files("zoe", "tests", "bin")
        if lines(path) > FILE_LINES
    }
    assert {name: size for name, size in large.items() if size > LARGER.get(name, 0)} == {}
    assert set(LARGER) <= set(large), "not larger any more: take it off the list"


def test_the_rules_about_sizes_see_what_they_look_for(tmp_path: Path) -> None:
    file = tmp_path / "planted.py"
    body = "    pass\n" * FUNCTION_LINES
    file.write_text(f"def long(self, a, b, c, d, *, e, f):\n{body}def short(self, a): pass\n")
    assert crowded_functions(file) == {"long"}
    assert long_functions(file) == {"long"}
    assert lines(file) == 62
