"""``zoe simulate``: deterministic simulation of the whole desk."""

import json
import sys
import time
from argparse import Namespace
from typing import Any, Final

from zoe.app import logs
from zoe.app.simulation import acts, seeds
from zoe.app.simulation.scenario import tell
from zoe.cli import progress, show
from zoe.cli.interruption import Interrupts
from zoe.domain.words import counted

#: What a line of the message log begins with; its rest is the message.
_LOGGED: Final = ("at_ns", "actor", "message_id", "correlation_id", "causation_id")
_NUMBERS: Final = frozenset(_LOGGED) - {"actor"}


def simulate(arguments: Namespace) -> int:
    """Runs seeds and audits each; 1 on a violation."""
    logs.silence()
    interrupts = Interrupts()
    if arguments.as_worker:
        seeds.work(arguments.seeds, arguments.faults, sys.stdout)
        return 0
    if arguments.story is not None or arguments.trace:
        return _tell_story(arguments)
    told = show_json if arguments.json else show_line
    totals, began = seeds.Totals(), time.monotonic()
    lines = seeds.run(arguments.seeds, arguments.faults, arguments.workers)
    watched = progress.over(arguments.seeds, "seeds")
    for _, line in zip(watched, lines, strict=True):
        interrupts.heed()
        told(totals.add(line))
    last = totals.line(time.monotonic() - began)
    if arguments.json:
        show_json(last)
    else:
        rows = ", ".join(
            f"{used} of {last['rows_total'][table]} rows of the {table} table"
            for table, used in last["rows_used"].items()
        )
        print(
            f"{counted(totals.seeds, 'seed')}, {counted(totals.orders, 'order')}, "
            f"{counted(totals.fills, 'fill')}, {totals.crashes} crashes, "
            f"{counted(totals.violations, 'violation')}; "
            f"{last['lifecycles_per_second']} lifecycles/s; "
            f"used: {rows}"
        )
        for name, times in last["doubts"].items():
            ranks = " ".join(f"{rank} {value}" for rank, value in times.items())
            print(f"doubts, {name}: {ranks}")
    return 1 if totals.violations else 0


def show_json(line: dict[str, Any]) -> None:
    """One JSON document a line."""
    print(json.dumps(line, separators=(",", ":")), flush=True)


def show_line(line: dict[str, Any]) -> None:
    """A seed in a line, and what was wrong with it."""
    faults = " ".join(f"{name} {count}" for name, count in line["faults"].items())
    print(
        f"seed {line['seed']:5}  {line['orders']:4} orders {line['fills']:4} fills  "
        f"{line['verdict']:9}  {line['hash'][:12]}  {faults}"
    )
    for violation in line["violations"]:
        print(f"    {show.plain(violation)}")


def _tell_story(arguments: Namespace) -> int:
    """One story, with the log of its messages where that is wanted."""
    told = None if arguments.story is None else acts.read(arguments.story)
    if len(arguments.seeds) > 1:
        show.note(f"one story is told: seed {arguments.seeds.start} alone")
    trace = _Trace(in_json=arguments.json)
    story = tell(arguments.seeds.start, arguments.faults, trace if arguments.trace else None, told)
    if trace.broken is not None:
        raise trace.broken
    if arguments.json or not arguments.trace:
        told_of = seeds.Totals().add(seeds.line_of(story))
        show_json(told_of) if arguments.json else show_line(told_of)
        return 1 if story.violations else 0
    for violation in story.violations:
        show.note(violation)
    show.note(f"{story.verdict}: {counted(story.orders, 'order')}, hash {story.hash}")
    return 1 if story.violations else 0


class _Trace:
    """Writes lines; a reader that goes away, or a full disk, must not look like a fault of the
    desk's actors."""

    def __init__(self, *, in_json: bool) -> None:
        self._in_json = in_json
        self.broken: OSError | None = None

    def __call__(self, line: str) -> None:
        if self.broken is not None:
            return
        try:
            sys.stdout.write(_document(line) if self._in_json else line)
        except OSError as gone:
            self.broken = gone


def _document(line: str) -> str:
    """A line of the message log as JSON."""
    *numbers, message = line.rstrip("\n").split(" ", len(_LOGGED))
    told: dict[str, Any] = dict(zip(_LOGGED, numbers, strict=True))
    for name in _NUMBERS:
        told[name] = None if told[name] == "None" else int(told[name])
    return f"{json.dumps(told | {'message': message}, separators=(',', ':'))}\n"
