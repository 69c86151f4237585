"""``zoe replay``: recorded frames through the real decoder, or a decision made once more."""

from argparse import Namespace
from typing import Any, Final

from zoe.app import engines, logs
from zoe.app.deciding import Again, decide_again
from zoe.cli import configured, frame_commands, show
from zoe.cli.reading_commands import read
from zoe.domain.errors import ConfigError
from zoe.store import reading

NO: Final = 1


def replay(arguments: Namespace) -> int:
    """Which of both was asked for."""
    if arguments.decision is not None:
        if arguments.file is not None:
            raise ConfigError("replay: give a FILE or --decision, not both")
        return _decision(arguments)
    if arguments.file is None:
        raise ConfigError("replay: give a FILE, or --decision ID")
    return frame_commands.replay(arguments)


def _decision(arguments: Namespace) -> int:
    """Decides once more on what is stored; 1 when it comes out otherwise or cannot be done."""
    settings = configured.load(arguments)
    logs.silence()
    nothing: list[dict[str, Any]] = []
    rows = read(settings, lambda found: reading.why(found, arguments.decision), nothing)
    stream, _, version = arguments.decision.partition("@")
    row = next((r for r in rows if (r["stream"], str(r["version"])) == (stream, version)), None)
    if row is None:
        show.note(f"no decision {arguments.decision}; zoe why shows them as stream@version")
        return NO
    strategy = engines.engine(settings, str(row["body"].get("strategy")))
    again = decide_again(row["body"], strategy)
    _show(again, arguments)
    return 0 if again.problem is None else NO


def _show(again: Again, arguments: Namespace) -> None:
    if arguments.json:
        show.document(
            {"same": again.problem is None, "problem": again.problem, "wants": list(again.wants)}
        )
        return
    if again.wants:
        show.table(("slot", "side", "quantity", "price", "reason"), again.wants)
    if again.problem is None:
        print("the same, bit for bit")
    else:
        show.note(again.problem)
