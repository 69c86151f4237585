"""``zoe strategy``: why strategies of the running desk trade or do not, and their modes."""

from argparse import Namespace
from typing import Any, Final

from zoe.app.door_client import Answer, Command, ask
from zoe.cli import configured, show
from zoe.cli.desk_commands import document, show_answer, show_error, simple

_LIST: Final = ("name", "mode", "configured", "pairs", "wants", "decisions", "day_usd", "reasons")
_PAIRS: Final = ("pair", "warm", "held", "day_usd", "wants", "working", "reasons")
#: Reasons that a line has room for.
_MOST: Final = 4


def list_all(arguments: Namespace) -> int:
    """Every strategy in a line."""
    answer = _ask("strategy.list", {}, arguments)
    if arguments.json or answer.result is None:
        return show_answer(answer, arguments)
    rows = answer.result["strategies"]
    show.table(_LIST, [row | {"reasons": _counted(row["reasons"])} for row in rows])
    show_error(answer)
    return answer.exit


def show_one(arguments: Namespace) -> int:
    """One strategy, pair by pair."""
    answer = _ask("strategy.show", {"name": arguments.name}, arguments)
    if arguments.json:
        show.document(document(answer))
    elif answer.result is not None:
        _show(answer.result)
    show_error(answer)
    return answer.exit


def mode(arguments: Namespace) -> int:
    """Changes a mode."""
    params = {"name": arguments.name, "mode": arguments.mode, "why": arguments.why}
    return simple("strategy.mode", params, arguments)


def _ask(name: str, params: dict[str, str | bool | None], arguments: Namespace) -> Answer:
    settings = configured.load(arguments)
    return ask(settings.door_path, Command(name, params, timeout_seconds=arguments.timeout))


def _show(found: dict[str, Any]) -> None:
    facts = {
        "mode": f"{found['mode']} ({_why(found)})",
        "may not trade": found.get("forbidden"),
        "equity USD": found.get("equity_usd"),
        "today USD": found.get("day_usd"),
        "woken": found.get("wakes"),
        "decisions": found["decisions"],
        "reasons": _counted(found["reasons"], len(found["reasons"])),
    }
    scan = found.get("scan")
    if scan is not None:
        facts["gates"] = _counted(scan["gates"], len(scan["gates"]))
        facts["breadth"] = scan["breadth"]
        facts["candidates"] = " ".join(f"{row['pair']}={row['score']}" for row in scan["best"])
    show.facts({name: value for name, value in facts.items() if value not in (None, "")})
    if found["details"]:
        print()
        show.table(_PAIRS, [_pair(row) for row in found["details"]])


def _why(found: dict[str, Any]) -> str:
    if found["why"] == "configured" and found["mode"] == found["configured"]:
        return "as configured"
    return f"{found['why']}; configured {found['configured']}"


def _pair(row: dict[str, Any]) -> dict[str, Any]:
    wants = "; ".join(f"{w['slot']} {w['quantity']}@{_at(w)}" for w in row["wants"])
    working = "; ".join(
        f"{w['slot']} {w['remaining']}@{_at(w)} {w['stage']}" for w in row.get("working", ())
    )
    return row | {
        "warm": _warm(row),
        "wants": wants or None,
        "working": working or None,
        "reasons": ", ".join(row["reasons"]),
    }


def _at(row: dict[str, Any]) -> str:
    """A price, after the one that a stop waits for."""
    return f"{row['trigger']}>{row['price']}" if row.get("trigger") else str(row["price"])


def _warm(row: dict[str, Any]) -> str | None:
    """The warm-up clock: what is there of what is needed; None of a strategy that needs none."""
    parts = [
        f"{row[have]}/{row[needed]} {word}"
        for have, needed, word in (
            ("focus_seconds", "focus_needed", "s"),
            ("bars", "bars_needed", "bars"),
        )
        if row.get(needed) and row[have] < row[needed]
    ]
    return ", ".join(parts) or ("yes" if "focus_needed" in row else None)


def _counted(reasons: dict[str, int], most: int = _MOST) -> str:
    shown = [f"{name} {count}" for name, count in list(reasons.items())[:most]]
    return ", ".join(shown)
