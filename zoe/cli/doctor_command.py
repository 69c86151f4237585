"""``zoe doctor``: is everything there that a desk needs?"""

import os
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from zoe.app import dotenv, logs
from zoe.app.doctor import NAMES, Doctor
from zoe.app.door_client import Command, NoAnswer, NoDesk, ask
from zoe.app.findings import Finding
from zoe.app.settings import Settings
from zoe.cli import configured, show

FAILED: Final = 1
_ASK_SECONDS: Final = 5


def examine(arguments: Namespace) -> int:
    """Runs the checks; a line each, as soon as it is known."""
    settings = configured.load(arguments)
    # The answer is on standard output; what the store does for it is nobody's concern.
    logs.silence()
    wanted = NAMES if arguments.only is None else (arguments.only,)
    found: list[Finding] = []
    for finding in _findings(settings, wanted):
        found.append(finding)
        if not arguments.json:
            _show(finding)
    ok = all(finding.ok for finding in found)
    if arguments.json:
        show.document({"ok": ok, "checks": [attrs.asdict(finding) for finding in found]})
    return 0 if ok else FAILED


def _findings(settings: Settings, wanted: Iterable[str]) -> Iterator[Finding]:
    if settings.exchange.name != "robinhood":
        return Doctor(settings, running_desk(settings)).examine(wanted)
    # Its signatures' library takes longer to load than the rest of a command.
    from zoe.app.robinhood_doctor import RobinhoodDoctor

    return RobinhoodDoctor(settings, dotenv.over(os.environ)).examine(wanted)


def running_desk(settings: Settings) -> Mapping[str, Any] | None:
    """What the running desk says of itself; None where none runs or it does not say."""
    try:
        return ask(settings.door_path, Command("status", timeout_seconds=_ASK_SECONDS)).result
    except (NoDesk, NoAnswer):
        return None


def _show(finding: Finding) -> None:
    word = "ok" if finding.ok else "failed"
    parts = (f"{word:6}  {finding.milliseconds:5} ms  {finding.name:15}", finding.detail)
    line = "  ".join(map(show.plain, parts))
    print(f"{line}: {show.plain(finding.advice)}" if finding.advice else line, flush=True)
