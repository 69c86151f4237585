"""House rules about what may stand in the source, each seen to notice a violation."""

import ast
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import sources

Rule = Callable[[Path], list[int]]

CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "uuid.uuid4",
    "uuid.uuid1",
    "os.urandom",
}
ANYTHING = {"Exception", "BaseException"}
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
#: Something is excused from a check only with its reason behind it.
EXCUSE = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?::?\s*\[?[\w,\s-]*\]?)?\s*$")
#: Where packages come from, and how folders are called, is this machine's business.
ADDRESSES = re.compile(
    r"pypi\.(?:org|python)|pythonhos"
    r"ted|/opt/(?:pypi|wheels)|registry\.npm"
    r"js"
    r"|extra-index|index-url|find-links"
)
MACHINE = re.compile(r"(?<![\w.~$}])/(?:work|root|home|farm|Users)/\w")


def floats(path: Path) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(sources.tree(path))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]


def sleeps(path: Path) -> list[int]:
    return calls(path, {"time.sleep", "sleep", "asyncio.sleep"})


def clocks(path: Path) -> list[int]:
    return calls(path, CLOCKS)


def calls(path: Path, names: set[str]) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call) and sources.dotted(node.func) in names
    ]


def swallows(path: Path) -> list[int]:
    """Handlers of everything that do not end by raising (a translation, or the error itself)."""
    return [
        node.lineno
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or catches_anything(node.type))
        and not isinstance(node.body[-1], ast.Raise)
    ]


def catches_anything(caught: ast.expr) -> bool:
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(sources.dotted(kind) in ANYTHING for kind in kinds)


def matching(pattern: re.Pattern[str]) -> Rule:
    def lines(path: Path) -> list[int]:
        try:
            text = path.read_text()
        except UnicodeDecodeError:  # a picture, or another file without lines
            return []
        return [n for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]

    return lines


def found(rule: Rule, files: list[Path]) -> list[str]:
    others = [path for path in files if path != Path(__file__)]  # this one names what it seeks
    return [f"{sources.name_of(path)}:{line}" for path in others for line in rule(path)]


def test_no_float_is_near_money() -> None:
    files = [f for f in sources.python_files("zoe/domain") if "strategy" not in f.parts]
    assert found(floats, files) == []


def test_tests_do_not_sleep() -> None:
    assert found(sleeps, sources.python_files("tests")) == []


def test_no_clock_or_random_id_is_taken_from_the_air() -> None:
    files = sources.python_files("zoe/domain", "zoe/messages", "zoe/ports", "zoe/actors")
    assert found(clocks, files) == []


def test_only_the_runtime_answers_for_every_exception() -> None:
    files = [f for f in sources.python_files("zoe", "bin") if "runtime" not in f.parts]
    assert found(swallows, files) == []


@pytest.mark.parametrize(
    "pattern", [MARKS, EXCUSE], ids=["nothing is left to do", "no excuse lacks its reason"]
)
def test_source_is_finished(pattern: re.Pattern[str]) -> None:
    assert found(matching(pattern), sources.python_files("zoe", "tests", "bin")) == []


@pytest.mark.parametrize("pattern", [ADDRESSES, MACHINE], ids=["registries", "folders"])
def test_no_tracked_file_names_a_registry_or_this_machine(pattern: re.Pattern[str]) -> None:
    assert found(matching(pattern), sources.tracked()) == []


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        (floats, "x = 0.1", "x = Decimal('0.1')"),
        (floats, "def f(x: float): ...", "def f(x: int): ..."),
        (sleeps, "import time\ntime.sleep(1)", "stop.wait(1)"),
        (clocks, "at = datetime.now(UTC)", "at = clock.wall_ns()"),
        (clocks, "key = uuid.uuid4()", "key = UUID(text)"),
        (swallows, "try: f()\nexcept Exception: log()", "try: f()\nexcept OSError: log()"),
        (swallows, "try: f()\nexcept: pass", "try: f()\nexcept BaseException: undo(); raise"),
        (swallows, "try: f()\nexcept (OSError, Exception): pass", "try: f()\nfinally: g()"),
        (matching(MARKS), "# TODO later", "# to do so is wrong"),
        (matching(EXCUSE), "x = 1  # noqa", "x = 1  # noqa: E501  # a table"),
        (matching(EXCUSE), "x = y  # type: ignore[arg-type]", "x = y  # type: Any"),
        (matching(ADDRESSES), "a = 'https://pypi.org/simple'", "a = 'httptools'"),
        (matching(MACHINE), "cd /work/main", "in ~/work/main, $HOME/work/x or net/work/x"),
        (matching(MACHINE), "at '/root/x'", "at /var/lib/zoe"),
    ],
)
def test_each_rule_sees_what_it_looks_for(tmp_path: Path, rule: Rule, bad: str, good: str) -> None:
    for text, expected in ((bad, 1), (good, 0)):
        file = tmp_path / f"planted_{expected}.py"
        file.write_text(textwrap.dedent(text) + "\n")
        assert len(rule(file)) == expected, text
