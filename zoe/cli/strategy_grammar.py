"""The grammar of the commands about strategies; nothing here imports the desk."""

from collections.abc import Callable
from typing import Any, Final

from zoe.cli.parser import Parser, one_of

Command = Callable[..., Parser]
MODES: Final = ("off", "shadow", "live")
#: As zoe.app.engines has them, and the one of one pair.
NAMES: Final = ("edge_factory", "crypto_trader", "quote_keeper")


def add(commands: Any, command_of: Command, timeout: Callable[[Parser, int], None]) -> None:
    """Adds the commands about strategies."""
    strategy: Parser = commands.add_parser(
        "strategy",
        help="show why strategies trade or do not, and change their modes",
        description="Strategies of the running desk.",
        epilog="example: zoe strategy show edge_factory",
    )
    below = strategy.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    words = ("list strategies, with their modes, reasons and sleeves", "zoe strategy list --json")
    timeout(command_of(below, "list", "strategy_commands:list_all", words), 5)
    words = (
        "show why a strategy trades or does not, pair by pair",
        "zoe strategy show crypto_trader",
    )
    show = command_of(below, "show", "strategy_commands:show_one", words)
    show.add_argument(
        "name", type=one_of(*NAMES), metavar="NAME", help=f"one of {', '.join(NAMES)}"
    )
    timeout(show, 5)
    words = (
        "change a strategy's mode; it stays so until the configuration's value changes",
        "zoe strategy mode edge_factory shadow",
    )
    mode = command_of(below, "mode", "strategy_commands:mode", words)
    mode.add_argument(
        "name", type=one_of(*NAMES), metavar="NAME", help=f"one of {', '.join(NAMES)}"
    )
    mode.add_argument(
        "mode",
        type=one_of(*MODES),
        metavar="MODE",
        help="off; shadow: decides and writes down, sends nothing; or live",
    )
    mode.add_argument("--why", default="by hand", metavar="TEXT", help="for the journal")
    timeout(mode, 15)
