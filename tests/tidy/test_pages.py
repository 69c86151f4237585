"""What a person can say to a program of ours stands on its page, and what stands there can be said."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sources

from zoe.cli import grammar
from zoe.sandbox import options
from zoe.sandbox.core import admin, faults

DOCS = sources.ROOT / "docs"
PAGES = (sources.ROOT / "README.md", *sorted(DOCS.glob("*.md")))
VARIABLE = re.compile(r"(ZOE|KRAKEN|RH)_[A-Z_]+|DATABASE_URL|EXCHANGE")
NAMED = re.compile(r"`([^`\n]+)`")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
#: Of pytest and of benchmarks, on lines that begin with those.
OTHERS = {"--hypothesis-profile", "--deep", "--foreign"}


def constants(path: Path) -> Iterator[str]:
    """Texts in the code of a file."""
    for node in ast.walk(sources.tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def rows(page: Path, heading: str) -> set[str]:
    """The names in the first column of tables below a heading."""
    found = page.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    firsts = re.findall(r"^\| ([^|]+) \|", found, re.MULTILINE)
    return {name for first in firsts for name in NAMED.findall(first)}


def flags(parser: argparse.ArgumentParser) -> set[str]:
    found: set[str] = set()
    for action in parser._actions:
        found |= set(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            found |= {flag for below in action.choices.values() for flag in flags(below)}
    return found


def test_every_variable_that_is_read_is_in_the_runbook_and_no_other() -> None:
    read = {
        text
        for path in sources.python_files("zoe")
        for text in constants(path)
        if VARIABLE.fullmatch(text)
    }
    told = {name for name in rows(DOCS / "runbook.md", "Where things are") if name.isupper()}
    assert told == read


def test_every_option_of_the_sandbox_is_on_its_page_and_no_other() -> None:
    known = {
        option
        for action in options._parser()._actions
        if action.help != argparse.SUPPRESS
        for option in action.option_strings
    }
    told = rows(DOCS / "sandbox.md", "By itself")
    assert told == known - {"-h", "--help", "--json"}


def test_every_call_of_its_admin_and_every_fault_is_on_its_page_and_no_other() -> None:
    told = rows(DOCS / "sandbox.md", "What only a sandbox does")
    assert {name for name in told if " " not in name} == faults.WHATS
    named = {name.split()[1] for name in told if " " in name}
    known = {
        word
        for node in ast.walk(sources.tree(Path(admin.__file__)))
        if isinstance(node, ast.MatchSequence)
        for text in ast.walk(node)
        if isinstance(text, ast.Constant)
        for word in [str(text.value)]
    }
    assert named == known - {"POST", "GET", "DELETE"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_flag_on_a_page_is_one_of_a_command(page: Path) -> None:
    known = flags(grammar.build()) | flags(options._parser()) | OTHERS
    assert set(FLAG.findall(page.read_text())) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_names_is_there(page: Path) -> None:
    places = r"`((?:zoe|tests|docs|conf|benchmarks|bin)/[\w./-]+)"
    named = set(re.findall(places, page.read_text()))
    links = {str(page.parent / link) for link in re.findall(r"\]\(([\w./-]+)\)", page.read_text())}
    gone = {name for name in named | links if not (sources.ROOT / name).exists()}
    assert gone == set()


def options_of(path: Path) -> set[str]:
    """Options that a program's parser takes and shows."""
    return {
        str(node.args[0].value)
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "add_argument"
        and isinstance(node.args[0], ast.Constant)
        and not any(sources.dotted(word.value) == "argparse.SUPPRESS" for word in node.keywords)
    }


@pytest.mark.parametrize("path", sources.python_files("benchmarks"), ids=lambda path: path.name)
def test_the_head_of_a_benchmark_has_all_its_options_and_no_other(path: Path) -> None:
    head = ast.get_docstring(sources.tree(path)) or ""
    assert set(FLAG.findall(head)) == options_of(path)


def test_every_actor_is_on_the_page_of_the_architecture_in_its_group() -> None:
    page = (DOCS / "architecture.md").read_text().split("## Who lives there")[1]
    told = re.findall(r"^\| (\w+) \| (.+) \|$", page.split("\n## ")[0], re.MULTILINE)[1:]
    groups = [
        node.args[0].value
        for node in ast.walk(sources.tree(sources.ROOT / "zoe" / "app" / "tree.py"))
        if isinstance(node, ast.Call)
        and sources.dotted(node.func) == "Group"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert [name for name, _ in told] == groups
    actors = {
        node.name
        for path in sources.python_files("zoe/actors")
        for node in sources.tree(path).body
        if isinstance(node, ast.ClassDef) and "Actor" in map(sources.dotted, node.bases)
    }
    named = {word for _, text in told for word in re.findall(r"[A-Z]\w+", text)}
    assert actors - named == set()
