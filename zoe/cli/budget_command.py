"""``zoe budget``: both of the exchange's rate counters, as the running desk predicts them."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any, Final

from zoe.app.door_client import Command, ask
from zoe.cli import configured, show

NOT_TOLD: Final = 1
_COLUMNS: Final = ("pair", "predicted", "ceiling", "reported", "difference", "owed", "paused_ms")


def budget(arguments: Namespace) -> int:
    """Shows the counters."""
    settings = configured.load(arguments)
    answer = ask(settings.door_path, Command("status", timeout_seconds=arguments.timeout))
    found = (answer.result or {}).get("budget")
    if arguments.json:
        show.document(found or {})
    if not found:
        show.note("the desk does not tell its budget: see zoe status")
        return NOT_TOLD
    if not arguments.json:
        _show(found)
    return 0


def _show(found: Mapping[str, Any]) -> None:
    rest = found.get("rest") or {}
    facts = {
        "tier": found.get("tier"),
        "engine limit per pair": found.get("threshold"),
        "REST calls": f"{rest.get('value')} of {rest.get('max')}",
        "REST paused ms": rest.get("paused_ms") or None,
    }
    show.facts({name: value for name, value in facts.items() if value is not None})
    rows = by_pair(found)
    if rows:
        print()
        show.table(_COLUMNS, rows)


def by_pair(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each pair that has a counter: what is predicted, and what the exchange said."""
    parts = {name: found.get(name) or {} for name in ("pairs", "reported", "owed", "paused_ms")}
    return [
        {
            "pair": pair,
            "predicted": parts["pairs"].get(pair),
            "ceiling": found.get("ceiling"),
            "reported": parts["reported"].get(pair, {}).get("value"),
            "difference": parts["reported"].get(pair, {}).get("difference"),
            "owed": parts["owed"].get(pair),
            "paused_ms": parts["paused_ms"].get(pair),
        }
        for pair in sorted({pair for part in parts.values() for pair in part})
    ]
