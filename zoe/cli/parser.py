"""argparse as zoe uses it: one line for a mistake, a guess at what was meant, and what values look
like. Nothing here imports the desk."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from zoe.domain.words import hint

_DECIMAL: Final = re.compile(r"(?=.*[1-9])[0-9]{1,30}(\.[0-9]{1,30})?|\.[0-9]{0,29}[1-9][0-9]*")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_PAIR: Final = re.compile(r"[A-Za-z0-9.]{1,20}(/[A-Za-z0-9.]{1,20})?")
_STREAM: Final = re.compile(r"wss?://(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:[0-9]{1,5})?(/\S*)?")
_SUBCOMMANDS: Final = argparse._SubParsersAction
_ONE_VALUE: Final = argparse._StoreAction


class Misuse(SystemExit):
    """A command that is no command; people have been told."""

    def __init__(self, text: str) -> None:
        super().__init__(2)
        self.text = text


class Parser(argparse.ArgumentParser):
    """argparse with one line for an error, and a guess at what was meant."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Says what is wrong in one line, and exits with 2."""
        line = f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)"
        self._print_message(f"{line}\n", sys.stderr)
        raise Misuse(line)

    @property
    def options(self) -> dict[str, argparse.Action]:
        """Every option by each of its names."""
        return self._option_string_actions

    @property
    def commands(self) -> dict[str, "Parser"]:
        """The parsers of the commands below this one."""
        for action in self._actions:
            if isinstance(action, _SUBCOMMANDS):
                return dict(action.choices)
        return {}


class ShowVersion(argparse.Action):
    """Prints the version and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """The desk is asked for it only now."""
        from zoe.app.version import VERSION

        print(f"zoe {VERSION}")
        parser.exit()


def refuse_unknown(parser: Parser, argv: Sequence[str]) -> Parser:
    """Refuses unknown commands and options before argparse sees them: it would take the value of
    an unknown option for an argument, and complain about that instead. And an option with two
    values, of which it would take the last without a word: an order has one price.

    Returns:
        The parser of the command that is meant.
    """
    words = iter(argv)
    given: set[argparse.Action] = set()
    for word in words:
        if word == "--":
            return parser
        if word.startswith("-") and not re.fullmatch(r"-|-\.?[0-9].*", word):
            action = _option(parser, word)
            if action in given and isinstance(action, _ONE_VALUE):
                parser.error(f"{word.partition('=')[0]} is given twice")
            given.add(action)
            if action.nargs is None and "=" not in word and action.option_strings:
                next(words, None)
        elif parser.commands:
            below = parser.commands.get(word)
            if below is None:
                parser.error(f"unknown command {word!r}{hint(word, parser.commands)}")
            parser, given = below, set()
    if parser.commands and not {"-h", "--help", "--version"} & set(argv):
        parser.error(f"a command is needed: {', '.join(parser.commands)}")
    return parser


def refuse_bytes(parser: Parser, arguments: argparse.Namespace) -> None:
    """Refuses words that are no text: only a file may be called so, and its name is a Path."""
    for value in vars(arguments).values():
        for word in value if isinstance(value, list) else (value,):
            if isinstance(word, str) and any("\ud800" <= sign <= "\udfff" for sign in word):
                parser.error(f"{word!r} is no text: its bytes are not UTF-8")


def _option(parser: Parser, word: str) -> argparse.Action:
    name = word.partition("=")[0]
    known = parser.options.get(name)
    if known is None:
        parser.error(f"unknown option {name!r}{hint(name, parser.options)}")
    return known


# What values look like


def one_of(*known: str) -> Callable[[str], str]:
    """A type that takes one of a few words, in any case."""

    def convert(text: str) -> str:
        if text.lower() in known:
            return text.lower()
        near = hint(text, known)
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(known)}{near}")

    return convert


def amount(text: str) -> str:
    """Decimal text greater than 0; it stays text, so that no digit is lost."""
    if not _DECIMAL.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number greater than 0, such as 0.01 or 50000"
        )
    return text


def key(text: str) -> str:
    """A UUID."""
    if not _UUID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a UUID")
    bare = text.replace("-", "").lower()
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"


def name(text: str) -> str:
    """Any of an order's ids; which, the desk knows."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the id of an order is needed")
    return text


def pair(text: str) -> str:
    """What may be a pair's name; whether it is one, the desk knows."""
    if not _PAIR.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a pair, such as BTC/USD")
    return text


def seeds(text: str) -> range:
    """A type that takes one seed, or A:B for those from A to below B."""
    found = re.fullmatch(r"([0-9]{1,9})(?::([0-9]{1,9}))?", text)
    first, last = (0, 0) if found is None else (int(found[1]), int(found[2] or int(found[1]) + 1))
    if found is None or last <= first:
        raise argparse.ArgumentTypeError(f"{text!r} is no range of seeds such as 0:1000")
    return range(first, last)


def stream(text: str) -> str:
    """The address of a WebSocket."""
    if not _STREAM.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the address of a stream, such as wss://ws.kraken.com/v2"
        )
    return text


def whole(least: int, most: int) -> Callable[[str], int]:
    """A type that takes a whole number in a range."""

    def convert(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,19}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} to {most}"
            )
        return int(text)

    return convert
