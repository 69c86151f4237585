"""``zoe``: reads the command, runs its handler, and turns what went wrong into an exit code."""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from zoe.cli.parser import parse
from zoe.domain.errors import ZoeError

if TYPE_CHECKING:
    import argparse

INTERRUPTED: Final = 130
#: As for any program whose reader has gone: 128 and the number of SIGPIPE.
READER_GONE: Final = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _sandbox(words) if words[:1] == ["sandbox"] else _run(parse(words))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes once more when it ends: to where nobody minds.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _sandbox(words: list[str]) -> int:
    """The sandbox reads its own options."""
    return _handler("zoe.sandbox.main:main")(words[1:])


def _run(arguments: "argparse.Namespace") -> int:
    handle = _handler(arguments.handler)
    try:
        return handle(arguments)
    except BrokenPipeError:
        raise
    except (ZoeError, OSError) as problem:
        from zoe.cli import failures

        return failures.tell(problem, json=arguments.json)


def _handler(name: str) -> Callable[..., int]:
    module, _, function = name.partition(":")
    found: Callable[..., int] = getattr(importlib.import_module(module), function)
    return found


if __name__ == "__main__":
    sys.exit(main())
