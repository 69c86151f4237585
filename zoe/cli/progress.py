"""How far a command is: a bar on standard error for whoever waits longer than two seconds."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Self, TypeVar

#: Whoever waits longer is told for how long still.
PATIENCE_SECONDS: Final = 2
#: Between two drawings; nobody sees more.
DRAWN_EACH_SECONDS: Final = 0.1
#: Below, a rate is told with a digit behind the point.
_SLOW: Final = 10

T = TypeVar("T")


class Progress:
    """One bar for all stages of a command: each is called with its items (``domain.watched``).

    It stands until the block ends, since an answer must not be printed into it.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:  # also where whoever waited has had enough: it hides the cursor
            self._bar.stop()

    def __call__(self, items: Iterable[T], unit: str, total: int, /) -> Iterable[T]:
        """The items; how many, how fast and how long still is shown meanwhile."""
        return self._watched(items, unit, total) if sys.stderr.isatty() else items

    def _watched(self, items: Iterable[T], unit: str, total: int) -> Iterator[T]:
        began = time.monotonic()
        drawn = 0.0
        for done, item in enumerate(items):
            now = time.monotonic()
            if now - self._began > PATIENCE_SECONDS and now - drawn > DRAWN_EACH_SECONDS:
                if not drawn:
                    self._begin(total)
                rate = done / max(now - began, 1e-9)
                digits = 1 if rate < _SLOW else 0
                told = f"{rate:,.{digits}f} {unit}/s"
                self._bar.update(0, completed=done, rate=told, refresh=True)
                drawn = now
            yield item

    def _begin(self, total: int) -> None:
        if self._bar is None:
            self._bar = _bar()
        self._bar.reset(0, total=total, rate="")


def over(items: Sequence[T], unit: str) -> Iterator[T]:
    """The items of work that has one stage."""
    with Progress() as watched:
        yield from watched(items, unit, len(items))


def _bar() -> Any:
    from rich import progress as parts
    from rich.console import Console

    bar = parts.Progress(
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TextColumn("{task.fields[rate]}, still"),
        parts.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
        # What is printed meanwhile goes above the bar, unless the answer goes elsewhere.
        redirect_stdout=sys.stdout.isatty(),
    )
    bar.add_task("", total=None, rate="")
    bar.start()
    return bar
