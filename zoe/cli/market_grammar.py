"""The grammar of the commands on the market and its recordings; nothing here imports the desk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoe.cli.parser import Parser, one_of, pair, stream, whole

#: What makes a command with all that every command has.
Command = Callable[..., Parser]


def add(commands: Any, command_of: Command) -> None:
    """Adds the commands about the market."""
    _watch(commands, command_of)
    _record(commands, command_of)
    _replay(commands, command_of)
    _history(commands, command_of)


def _watch(commands: Any, command_of: Command) -> None:
    words = (
        "show every pair, live",
        "zoe watch --url wss://ws.kraken.com/v2 --sort spread --top 20",
    )
    command = command_of(commands, "watch", "watch_command:watch", words)
    sorts = ("turnover", "pair", "rank", "bid", "ask", "spread", "last", "volume", "age")
    command.add_argument(
        *("--sort",),
        type=one_of(*sorts),
        default="turnover",
        metavar="HOW",
        help=f"one of {', '.join(sorts)}; in a terminal also by a key",
    )
    command.add_argument("--reverse", action="store_true", help="the other way round")
    command.add_argument(
        "--top", type=whole(1, 10**6), metavar="N", help="no more rows than this; default: all"
    )
    _stream(command, "the running desk's")


def _stream(command: Parser, default: str) -> None:
    command.add_argument(
        "--url", type=stream, metavar="URL", help=f"of the public stream; default: {default}"
    )
    command.add_argument(
        "--for", dest="seconds", type=whole(1, 10**7), metavar="SECONDS", help="then end"
    )


def _record(commands: Any, command_of: Command) -> None:
    words = (
        "write public frames to a compressed file, to be replayed",
        "zoe record market.gz --pair BTC/USD --url wss://ws.kraken.com/v2 --for 3600",
    )
    command = command_of(commands, "record", "record_command:record", words)
    command.add_argument("file", type=Path, metavar="FILE", help="goes on behind what is in it")
    command.add_argument(
        "--pair", type=pair, action="append", required=True, metavar="PAIR", help="may be repeated"
    )
    _stream(command, "the exchange of the configuration, or the running desk's own sandbox")


def _replay(commands: Any, command_of: Command) -> None:
    words = (
        "feed recorded frames through the real decoder, books and MarketWatch; or decide once more",
        "zoe replay recorded.json --bench",
    )
    command = command_of(commands, "replay", "replay_command:replay", words)
    command.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="recorded WebSocket v2 frames"
    )
    command.add_argument(
        *("--decision",),
        metavar="ID",
        help="instead: stream@version of a decision; exit code 1 when it comes out otherwise",
    )
    command.add_argument(
        "--bench", action="store_true", help="repeat for some seconds and show the spread"
    )
    command.add_argument(
        *("--decide",),
        action="store_true",
        help="rank, focus and quote on the frames as a desk would; prints a hash of all decisions",
    )


def _history(commands: Any, command_of: Command) -> None:
    words = (
        "fill missing minutes of pairs from the exchange's candles; run again, it goes on",
        "zoe history --pair BTC/USD --pair ETH/USD",
    )
    command = command_of(commands, "history", "history_command:fill", words)
    command.add_argument(
        *("--pair",),
        type=pair,
        action="append",
        metavar="PAIR",
        help="may be repeated; default: those in focus",
    )
