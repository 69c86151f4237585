"""The grammar of the command line, as data for argparse; nothing here imports the desk.

A handler is a text, ``module:function``, so that ``--help`` and a usage error cost no imports.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from zoe.cli import books_grammar, exchange_grammar, market_grammar, strategy_grammar
from zoe.cli.parser import (
    Parser,
    ShowVersion,
    amount,
    key,
    name,
    one_of,
    pair,
    refuse_bytes,
    refuse_unknown,
    seeds,
    whole,
)

LONGEST_SECONDS: Final = 600
#: As zoe.app.simulation.scenario has them; nothing of the desk is imported here.
FAULTS: Final = (
    *("none", "all", "kit", "steps", "kills", "requests", "streams", "store", "crashes"),
    *("people", "status", "looks", "hands", "clock"),
)
LEVELS: Final = ("debug", "info", "warning", "error", "critical")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of a command.

    Raises:
        SystemExit: With 2 after one line about what is wrong, with 0 after ``--help``.
    """
    parser = build()
    meant = refuse_unknown(parser, argv)
    arguments, more = parser.parse_known_args(argv)
    if more:
        meant.error(f"{more[0]!r} is one argument too many")
    refuse_bytes(parser, arguments)
    return arguments


def build() -> Parser:
    """The whole grammar."""
    main = Parser(
        prog="zoe",
        description="A trading desk for Kraken spot that one person can run and trust.",
        epilog=(
            "exit codes: 0 done; 1 the answer is no; 2 usage or configuration; 3 no desk is\n"
            "running; 4 refused, unreachable or not placed; 5 timed out; 6 another desk holds\n"
            "this account; 70 the desk gave up\n\n"
            "example: zoe run --for 60, and from another terminal: zoe status"
        ),
    )
    main.add_argument("--config", type=Path, metavar="FILE", help="default: conf/zoe.toml")
    main.add_argument("--version", action=ShowVersion, nargs=0, help="print it and exit")
    main.set_defaults(json=False)
    commands = main.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    _run(commands)
    _sandbox(commands)
    _status(commands)
    _order(commands)
    books_grammar.add(commands, _command)
    _logs(commands)
    _why(commands)
    _trading_state(commands)
    strategy_grammar.add(commands, _command, _timeout)
    market_grammar.add(commands, _command)
    _simulate(commands)
    _wire(commands)
    _keys(commands)
    exchange_grammar.add(commands, _command, _timeout)
    return main


def _command(
    commands: Any, name: str, handler: str, words: tuple[str, str], *, json: str = "print JSON"
) -> Parser:
    """A command with what every command has: ``words`` are its help and an example."""
    text, example = words
    found: Parser = commands.add_parser(
        name, help=text, description=text, epilog=f"example: {example}"
    )
    found.add_argument(
        *("--config",),
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="default: conf/zoe.toml",
    )
    found.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=json)
    found.set_defaults(handler=f"zoe.cli.{handler}")
    return found


def _run(commands: Any) -> None:
    words = ("run the desk in the foreground", "zoe run --exchange sandbox --for 60")
    about = "log lines in JSON on a terminal too; why it cannot start as a document"
    command = _command(commands, "run", "desk_process:run", words, json=about)
    exchange_grammar.choose(command, "the sandbox needs no keys; no desk trades on robinhood yet")
    command.add_argument(
        *("--for",),
        type=whole(1, 10**9),
        dest="seconds",
        metavar="SECONDS",
        help="stop in order after this time",
    )
    command.add_argument(
        "--seed", type=whole(0, 2**63 - 1), metavar="N", help="of every random choice"
    )
    command.add_argument(
        "--live", action="store_true", help="let named strategies trade on a real exchange"
    )


def _sandbox(commands: Any) -> None:
    """For the list of commands only: it reads its own options, and never comes here."""
    commands.add_parser("sandbox", help="run the Kraken-compatible exchange by itself")


def _status(commands: Any) -> None:
    words = ("show how the running desk is; exit code 0 when it is well", "zoe status --json")
    _timeout(_command(commands, "status", "desk_commands:status", words), 5)


def _order(commands: Any) -> None:
    order: Parser = commands.add_parser(
        "order",
        help="place, amend or cancel an order by hand",
        description="Orders by hand, through the running desk: risk limits, journal and all.",
        epilog="example: zoe order place buy BTC/USD 0.01 --limit 50000 --post-only",
    )
    below = order.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    _place(below)
    _amend(below)
    words = ("cancel an order by any of its ids", "zoe order cancel OABCDE-FGHIJ-KLMNOP")
    cancel = _command(below, "cancel", "desk_commands:cancel", words)
    _named(cancel)
    cancel.add_argument("--key", type=key, metavar="UUID", help="idempotency key")
    _printed(cancel)
    _timeout(cancel, 15)


def _place(commands: Any) -> None:
    words = (
        "place an order; without --limit a market order; one that rests nowhere is answered with its end",
        "zoe order place buy BTC/USD 0.01 --limit 50000 --post-only",
    )
    place = _command(commands, "place", "desk_commands:place", words)
    place.add_argument("side", type=one_of("buy", "sell"), metavar="SIDE", help="buy or sell")
    place.add_argument("pair", type=pair, metavar="PAIR", help="such as BTC/USD")
    place.add_argument(
        "quantity", type=amount, nargs="?", metavar="QUANTITY", help="in the base asset"
    )
    place.add_argument("--limit", type=amount, metavar="PRICE", help="the limit price")
    place.add_argument(
        "--notional", type=amount, metavar="N", help="instead of QUANTITY: N / limit or stop"
    )
    place.add_argument("--stop", type=amount, metavar="PRICE", help="trigger of a stop-loss order")
    place.add_argument(
        "--take-profit", type=amount, metavar="PRICE", help="trigger of a take-profit order"
    )
    place.add_argument("--post-only", action="store_true", help="never take liquidity")
    place.add_argument("--reduce-only", action="store_true", help="never open a position")
    place.add_argument(
        "--tif",
        type=one_of("gtc", "ioc", "fok", "gtd"),
        metavar="gtc|ioc|fok|gtd",
        help="how long it stays; default: gtc; gtd needs --expires",
    )
    place.add_argument(
        "--expires", metavar="WHEN", help="+SECONDS, or a time such as 2026-12-31T12:00:00Z"
    )
    place.add_argument(
        "--key",
        type=key,
        metavar="UUID",
        help="idempotency key: asked twice with the same key, the order is placed once",
    )
    _printed(place)
    _timeout(place, 15)


def _amend(commands: Any) -> None:
    words = (
        "change the total quantity or the limit price of a working order; it keeps its id",
        "zoe order amend OABCDE-FGHIJ-KLMNOP --price 50100",
    )
    amend = _command(commands, "amend", "desk_commands:amend", words)
    _named(amend)
    amend.add_argument(
        *("--price", "--limit"), type=amount, metavar="PRICE", help="the limit price that it gets"
    )
    amend.add_argument(
        "--quantity", type=amount, metavar="QUANTITY", help="in all, what is filled included"
    )
    amend.add_argument(
        "--key",
        type=key,
        metavar="UUID",
        help="idempotency key: asked twice with the same key, the order is amended once",
    )
    _printed(amend)
    _timeout(amend, 15)


def _named(below: Parser) -> None:
    words = "the exchange's, the client's or the intent's"
    below.add_argument("order", type=name, metavar="ID", help=words)


def _printed(command: Parser) -> None:
    command.add_argument(
        "--dry-run", action="store_true", help="print the exact request and send nothing"
    )
    command.add_argument(
        *("--route",),
        type=one_of("rest", "ws"),
        metavar="rest|ws",
        help="which request --dry-run prints; default: rest",
    )


def _timeout(command: Parser, default: int) -> None:
    command.add_argument(
        *("--timeout",),
        type=whole(1, LONGEST_SECONDS),
        default=default,
        metavar="SECONDS",
        help=f"how long to wait for the desk; default: {default}",
    )


def _logs(commands: Any) -> None:
    words = ("read the desk's log", "zoe logs -f --level warning")
    command = _command(commands, "logs", "log_commands:logs", words)
    command.add_argument("-f", "--follow", action="store_true", help="go on as it is written")
    command.add_argument("--id", metavar="ID", help="lines in which any field is this id")
    command.add_argument("--actor", metavar="NAME", help="lines of this actor, and those below it")
    command.add_argument(
        *("--level",),
        type=one_of(*LEVELS),
        default="debug",
        metavar="LEVEL",
        help=f"the least level: {', '.join(LEVELS)}",
    )
    command.add_argument(
        *("-n", "--lines"),
        type=whole(0, 10**9),
        metavar="N",
        help="only the last N; default: all, with -f the last 10",
    )


def _why(commands: Any) -> None:
    words = (
        "tell how something came about and what came of it, in time order",
        "zoe why OABCDE-FGHIJ-KLMNOP",
    )
    command = _command(commands, "why", "why_command:why", words)
    command.add_argument(
        "id",
        metavar="ID",
        help="of an order, intent, trade, ledger row, correlation or message, or stream@version",
    )


def _trading_state(commands: Any) -> None:
    words = (
        "stop new orders, cancel our working ones, return when all is settled",
        'zoe halt --why "going out"',
    )
    halt = _command(commands, "halt", "state_commands:halt", words)
    halt.add_argument(
        "--all",
        action="store_true",
        help="cancel every order of the account, those placed elsewhere too",
    )
    words = ("let only what reduces a position through", 'zoe reduce --why "going home"')
    reduce = _command(commands, "reduce", "state_commands:reduce", words)
    words = ("let the desk trade again after a halt", 'zoe resume --why "back"')
    resume = _command(commands, "resume", "state_commands:resume", words)
    words = ("close what the desk's own fills came to, then only reduce", "zoe flatten --dry-run")
    flatten = _command(commands, "flatten", "state_commands:flatten", words)
    flatten.add_argument(
        "--all", action="store_true", help="sell every balance, those deposited too"
    )
    flatten.add_argument("--dry-run", action="store_true", help="show what it would do, do nothing")
    flatten.add_argument("--yes", action="store_true", help="do not ask at a terminal")
    for command in (halt, reduce, resume, flatten):
        command.add_argument("--why", default="by hand", metavar="TEXT", help="for the journal")
        command.add_argument("--key", type=key, metavar="UUID", help="idempotency key")
        _timeout(command, 60 if command is flatten else 15)


def _simulate(commands: Any) -> None:
    words = (
        "run the whole desk in virtual time, from seeds, under faults, and audit it",
        "zoe simulate --seeds 0:1000 --workers 2 --json",
    )
    command = _command(commands, "simulate", "simulate_command:simulate", words)
    command.add_argument(
        "--seeds",
        type=seeds,
        default=range(20),
        metavar="A:B",
        help="from A to below B, or one; default: 0:20",
    )
    command.add_argument(
        "--faults",
        type=one_of(*FAULTS),
        default="all",
        help=f"one of {', '.join(FAULTS)}; default: all",
    )
    command.add_argument(
        "--workers", type=whole(1, 64), default=1, metavar="N", help="processes; default: 1"
    )
    command.add_argument(
        "--story", metavar="ACTS", help="one story in words, such as 'place 1 buy 0.002 at 89500'"
    )
    command.add_argument(
        "--trace", action="store_true", help="print the ordered message log of one seed"
    )
    command.add_argument("--as-worker", action="store_true", help=argparse.SUPPRESS)


def _wire(commands: Any) -> None:
    wire: Parser = commands.add_parser(
        "wire",
        help="look at captured frames",
        description="Captured WebSocket v2 frames.",
        epilog="example: zoe wire decode captured.jsonl",
    )
    below = wire.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    words = (
        "print a JSON line for each captured frame; exit code 1 when one was not understood",
        "zoe wire decode captured.jsonl",
    )
    command = _command(below, "decode", "frame_commands:decode", words)
    command.add_argument("file", type=Path, metavar="FILE", help="one JSON text a line")


def _keys(commands: Any) -> None:
    keys: Parser = commands.add_parser(
        "keys",
        help="import an API key",
        description="The API key that the desk trades with.",
        epilog="example: zoe keys import kraken.txt",
    )
    below = keys.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    words = (
        "take API key and private key from a text file, and nothing else, into .env",
        "zoe keys import kraken.txt",
    )
    command = _command(below, "import", "keys_command:take", words)
    command.add_argument("file", type=Path, metavar="FILE", help="in any of the usual layouts")
