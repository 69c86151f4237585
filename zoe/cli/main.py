"""``zoe``: reads the command, runs its handler, and turns what went wrong into an exit code."""

import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from zoe.cli.grammar import parse
from zoe.cli.parser import Misuse
from zoe.domain.errors import ZoeError

if TYPE_CHECKING:
    import argparse

INTERRUPTED: Final = 130
#: As for any program whose reader has gone: 128 and the number of SIGPIPE.
READER_GONE: Final = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    _open_all()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character shows its number.
            stream.reconfigure(errors="backslashreplace")
    try:
        own = words[2:] if words[:1] == ["--config"] else words
        own = own[1:] if own[:1] and own[0].startswith("--config=") else own
        if own[:1] == ["sandbox"]:  # an exchange by itself: it reads no configuration of ours
            return _handler("zoe.sandbox.main:main")(own[1:])
        return _run(_parse(words))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return READER_GONE
    finally:
        _let_go()


def _open_all() -> None:
    """Whoever starts us without one of the three streams wants nothing of it; the next file that is
    opened must not be taken for it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, mode)))


def _parse(words: list[str]) -> "argparse.Namespace":
    try:
        return parse(words)
    except Misuse as misuse:
        if "--json" in words:
            from zoe.cli import show

            show.document({"error": {"code": "usage", "text": misuse.text}})
        raise


def _run(arguments: "argparse.Namespace") -> int:
    handle = _handler(arguments.handler)
    try:
        code = handle(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        raise
    except (ZoeError, OSError) as problem:
        from zoe.cli import failures

        return failures.tell(problem, json=arguments.json)


def _handler(name: str) -> Callable[..., int]:
    module, _, function = name.partition(":")
    found: Callable[..., int] = getattr(importlib.import_module(module), function)
    return found


def _let_go() -> None:
    """Output that nobody takes any more is left to itself: the interpreter would complain of it
    once more at its end, and end with a code of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
