"""What a sandbox can be told on its command line."""

import argparse
import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

_EXAMPLE: Final = "example: zoe sandbox --port 8080 --seed 7 --tier pro --journal sandbox.jsonl"
_HIGHEST_PORT: Final = 65_535


class _Parser(argparse.ArgumentParser):
    """argparse with one line for an error."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, and exits with 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")

    def refuse(self, word: str) -> NoReturn:
        """Says that a word means nothing, and what may have been meant."""
        near = _guess(word.partition("=")[0], self._option_string_actions)
        self.error(f"{word} is not known{near}")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options.

    Raises:
        SystemExit: With 2 after one line about what is wrong, with 0 after ``--help``.
    """
    parser = _parser()
    wanted, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.refuse(unknown[0])
    return wanted


def _parser() -> _Parser:
    parser = _Parser(
        prog="zoe sandbox",
        description="A Kraken-compatible exchange on this machine. It prints one JSON line when "
        "it accepts connections, and runs until SIGTERM or SIGINT.",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )

    def add(name: str, text: str, **how: Any) -> None:
        parser.add_argument(name, help=text, **how)

    add("--port", "on 127.0.0.1; 0 (default) takes any that is free", type=_port, default=0)
    add("--seed", "of everything left to chance; default: another each time", type=int)
    add(
        "--tier",
        "of accounts: starter (default), intermediate or pro",
        type=_one_of("starter", "intermediate", "pro"),
        default="starter",
        metavar="TIER",
    )
    add(
        "--limits",
        "of new accounts: both (default), engine (calls are not counted) or none, which also lifts "
        "the limit of connects",
        type=_one_of("both", "engine", "none"),
        default="both",
        metavar="LIMITS",
    )
    add("--catalog", "a WS v2 instrument snapshot, or a CSV of pairs", type=Path, metavar="FILE")
    add("--pairs", "BTC/USD,ETH/USD or all; default: the well-known ones", metavar="LIST")
    add(
        "--market",
        "synthetic (default), lively (bursts, trends, thin pairs), each with :N for N events a "
        "second, quiet, or replay:FILE",
        default="synthetic",
        metavar="HOW",
    )
    add("--lag-ms", "how far REST's views lie behind", type=_span, default=(0, 0), metavar="A:B")
    add("--faults", "faults to begin with, in JSON as POSTed", type=Path, metavar="FILE")
    add("--journal", "kept here, and gone on with", type=Path, metavar="FILE")
    text = "what it prints is JSON with and without it"
    parser.add_argument("--json", help=text, action="store_true")
    parser.add_argument("--life-line", action="store_true", help=argparse.SUPPRESS)
    return parser


def _guess(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


def _one_of(*known: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in known:
            near = _guess(text, known)
            raise argparse.ArgumentTypeError(f"{text} is none of {', '.join(known)}{near}")
        return text

    return convert


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text} is not a port (0 to {_HIGHEST_PORT})")
    return int(text)


def _span(text: str) -> tuple[int, int]:
    parts = text.split(":")
    if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > 2:
        raise argparse.ArgumentTypeError(f"{text} is not A:B in milliseconds")
    low, high = int(parts[0]), int(parts[-1])
    if low > high:
        raise argparse.ArgumentTypeError(f"{text}: the first must not be greater")
    return low, high
