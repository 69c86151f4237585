"""Whoever is called by a log line finds it in the runbook."""

import ast
import re
from pathlib import Path

import sources

RUNBOOK = sources.ROOT / "docs" / "runbook.md"
LEVELS = {"warning", "error", "critical", "opt_exception"}
CALLS = {*LEVELS, "debug", "info"}
EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
LEVEL = re.compile(r"^\| `([^`]+)` \| (\w+) \|", re.MULTILINE)
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def log_calls(path: Path, methods: set[str]) -> list[ast.Call]:
    """Calls such as ``log.warning(…)``, but not those of zoe/runtime/log.py on loguru itself."""
    return [
        node
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in methods
        and sources.dotted(node.func.value).rpartition(".")[2] == "log"
    ]


def events(path: Path, methods: set[str]) -> list[str]:
    return [constant(call) for call in log_calls(path, methods)]


def constant(call: ast.Call) -> str:
    match call.args:
        case [ast.Constant(value=str(event)), *_]:
            return event
        case _:
            return f"line {call.lineno}: not a constant"


def table() -> str:
    """Of the events: the page's first part."""
    return RUNBOOK.read_text().partition("\n## ")[0]


def rows() -> set[str]:
    return set(ROW.findall(table()))


def test_every_event_is_a_constant_dotted_name() -> None:
    every = [event for path in sources.python_files("zoe") for event in events(path, CALLS)]
    assert [event for event in every if not EVENT.fullmatch(event)] == []


def test_only_the_runtimes_log_and_the_log_set_up_use_loguru() -> None:
    users = {
        sources.name_of(path)
        for path in sources.python_files("zoe")
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "loguru"
    }
    assert users == {"zoe/runtime/log.py", "zoe/app/logs.py"}


def test_every_warning_and_worse_has_a_row_in_the_runbook() -> None:
    logged = {event for path in sources.python_files("zoe") for event in events(path, LEVELS)}
    assert logged - rows() == set()


def test_no_row_of_the_runbook_is_about_a_line_nobody_writes() -> None:
    logged = {event for path in sources.python_files("zoe") for event in events(path, LEVELS)}
    assert rows() - logged == set()


def test_a_row_of_the_runbook_has_the_level_of_its_line() -> None:
    said = {
        event: level
        for level in ("error", "warning", "critical")  # the worst one last
        for path in sources.python_files("zoe")
        for event in events(path, {level})
    }
    told = dict(LEVEL.findall(table()))
    assert {event: told[event].lower() for event in said} == said


def test_the_rules_about_events_see_what_they_look_for(tmp_path: Path) -> None:
    file = tmp_path / "planted.py"
    file.write_text('log.warning("a.b", x=1)\nlog.error(f"a.{x}")\nlog.info("c.d")\nother.error(1)')
    assert events(file, LEVELS) == ["a.b", "line 2: not a constant"]
    assert EVENT.fullmatch("Order filled") is None
