"""Commands about the trading state of a running desk: halt, reduce, resume, flatten."""

import sys
import uuid
from argparse import Namespace
from pathlib import Path
from typing import Any, Final

from zoe.app.door_client import Answer, Command, DoorClient, NoAnswer, ask
from zoe.cli import configured, show
from zoe.cli.desk_commands import document, show_answer, show_error, simple
from zoe.domain.errors import ConfigError

NO: Final = 1


def halt(arguments: Namespace) -> int:
    """Stops trading."""
    return simple("halt", {"why": arguments.why, "all": arguments.all}, arguments)


def reduce(arguments: Namespace) -> int:
    """Lets only what reduces through."""
    return simple("reduce", {"why": arguments.why}, arguments)


def resume(arguments: Namespace) -> int:
    """Lets the desk trade."""
    return simple("resume", {"why": arguments.why}, arguments)


def flatten(arguments: Namespace) -> int:
    """Closes positions; a person at a terminal sees what that means first."""
    settings = configured.load(arguments)
    plan = Command("flatten", {"dry_run": True, "all": arguments.all}, timeout_seconds=15)
    if arguments.dry_run:
        return _show(ask(settings.door_path, plan), arguments)
    if sys.stdin.isatty() and not arguments.yes:
        answer = ask(settings.door_path, plan)
        if arguments.json:
            raise ConfigError("flatten: give --yes, or --dry-run to see what it would do")
        if answer.exit or not _agreed(answer):
            show.note("nothing was done")
            return answer.exit or NO
    return _flatten(arguments, settings.door_path)


def _flatten(arguments: Namespace, door: Path) -> int:
    key = arguments.key or str(uuid.uuid4())
    params = {"why": arguments.why, "all": arguments.all}
    with DoorClient(door) as desk:
        if arguments.key is None:
            # Ahead of the request: whatever happens to the answer, the key is known.
            show.note(f"key {key}")
        try:
            answer = desk.ask(Command("flatten", params, key, arguments.timeout))
        except NoAnswer as problem:
            raise NoAnswer(f"{problem}; ask again with --key {key}") from problem
    return _show(answer, arguments)


def _agreed(answer: Answer) -> bool:
    """Whether the person at the terminal wants what they have just seen."""
    result = dict(answer.result or {})
    _tables(result)
    if not result["orders"]:
        print("No order would be placed; working orders would be canceled.")
    print("The desk lets only what reduces through from then on, until zoe resume.")
    try:
        return input("Close these positions? Type yes: ").strip().lower() == "yes"
    except EOFError:
        return False


def _show(answer: Answer, arguments: Namespace) -> int:
    if arguments.json:
        show.document(document(answer))
        return answer.exit
    result = dict(answer.result or {})
    if "orders" not in result:
        return show_answer(answer, arguments)
    if "state" in result:
        show.facts({"state": result["state"]})
    _tables(result)
    if not result["orders"] and not result["left"]:
        print("There is no position to close.")
    show_error(answer)
    return answer.exit


def _tables(result: dict[str, Any]) -> None:
    columns = ("times", "pair", "side", "quantity", "limit_price", "filled_quantity", "outcome")
    if result["orders"]:
        show.table((*columns, "intent_id"), result["orders"])
    if result["left"]:
        print("\nleft as it is")
        show.table(("name", "quantity", "reason"), result["left"])
