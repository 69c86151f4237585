"""The grammar of the commands that ask an exchange; nothing here imports the desk."""

from collections.abc import Callable
from typing import Any, Final

from zoe.cli.parser import Parser, one_of

EXCHANGES: Final = ("sandbox", "kraken", "robinhood")
CHECKS: Final = (
    *("system_status", "tradable_pairs", "balance", "open_orders", "ws_public", "ws_private"),
    *("clock", "key_permissions", "database", "disk"),
)
_DEFAULT: Final = "default: EXCHANGE, or as configured"


def choose(command: Parser, more: str = _DEFAULT) -> None:
    """Lets the command's user say which exchange is meant, over environment and file."""
    command.add_argument(
        *("--exchange",),
        type=one_of(*EXCHANGES),
        metavar="NAME",
        help=f"one of {', '.join(EXCHANGES)}; {more}",
    )


def add(commands: Any, command: Callable[..., Parser], timeout: Callable[..., None]) -> None:
    """Adds doctor, catalog and budget."""
    _doctor(commands, command)
    _catalog(commands, command)
    words = ("show both rate counters, predicted and as the exchange tells them", "zoe budget")
    timeout(command(commands, "budget", "budget_command:budget", words), 5)


def _doctor(commands: Any, command: Callable[..., Parser]) -> None:
    words = (
        "check exchange, key and machine, a line each; exit code 1 when a check failed",
        "zoe doctor --exchange kraken --only key_permissions",
    )
    doctor = command(commands, "doctor", "doctor_command:examine", words)
    choose(doctor)
    doctor.add_argument(
        *("--only",), type=one_of(*CHECKS), metavar="NAME", help=f"one of {', '.join(CHECKS)}"
    )


def _catalog(commands: Any, command: Callable[..., Parser]) -> None:
    words = (
        "list pairs with all their names, steps and minimums; exit code 1 when none is found",
        "zoe catalog --exchange kraken --search btc",
    )
    catalog = command(commands, "catalog", "catalog_command:catalog", words)
    choose(catalog)
    catalog.add_argument("--search", metavar="TEXT", help="part of any of a pair's names")
