"""Folders are decided, named for what they hold, and open with a docstring only."""

import ast
from pathlib import Path

import sources

#: A folder of zoe that is not here fails: first decide its layer (setup.cfg) and its purpose.
ROOMS = {
    "actors",
    "adapters",
    "adapters/kraken",
    "adapters/polygon",
    "adapters/robinhood",
    "app",
    "app/simulation",
    "app/simulation/auditor",
    "cli",
    "console",
    "domain",
    "domain/strategy",
    "messages",
    "ports",
    "runtime",
    "sandbox",
    "store",
}
#: Words that say nothing about what is inside.
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "core", "base", "manager", "misc"}
#: The sandbox's sans-I/O part is called its core by the plan of the house.
NAMED_BY_THE_PLAN = {"zoe/sandbox/core", "tests/unit/sandbox/core"}


def rooms(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_dir() and any(path.glob("*.py"))
    }


def empty_words(names: list[str]) -> list[str]:
    return [
        name
        for name in names
        if EMPTY_WORDS.intersection(Path(name).with_suffix("").name.split("_"))
        and name not in NAMED_BY_THE_PLAN
    ]


def more_than_a_docstring(path: Path) -> bool:
    body = ast.parse(path.read_text()).body
    return len(body) != 1 or ast.get_docstring(ast.Module(body, [])) is None


def test_every_room_of_the_house_has_been_decided() -> None:
    undecided = {
        room
        for room in rooms(sources.ROOT / "zoe") - ROOMS
        if not room.startswith("sandbox/")  # a product in itself: one floor outside, its own inside
    }
    assert undecided == set()


def test_every_room_has_its_docstring_and_nothing_else() -> None:
    doors = [path for path in sources.python_files("zoe") if path.name == "__init__.py"]
    assert {sources.name_of(path.parent) for path in doors} >= {f"zoe/{room}" for room in ROOMS}
    assert [sources.name_of(path) for path in doors if more_than_a_docstring(path)] == []


def test_no_name_says_nothing() -> None:
    files = sources.python_files("zoe", "tests", "bin")
    names = {sources.name_of(path) for path in files}
    names |= {sources.name_of(path.parent) for path in files}
    assert empty_words(sorted(names)) == []


def test_the_rules_about_rooms_see_what_they_look_for(tmp_path: Path) -> None:
    (tmp_path / "attic").mkdir()
    (tmp_path / "attic" / "box.py").touch()
    assert rooms(tmp_path) == {"attic"}
    assert empty_words(["zoe/order_utils.py", "zoe/core", "zoe/score.py"]) == [
        "zoe/order_utils.py",
        "zoe/core",
    ]
    for text, bad in (('"""Doc."""\n', False), ("", True), ('"""Doc."""\nimport os\n', True)):
        (tmp_path / "__init__.py").write_text(text)
        assert more_than_a_docstring(tmp_path / "__init__.py") is bad
