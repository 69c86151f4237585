"""zoe watch: the live market in a terminal, straight from the public stream of the running desk's
exchange, or of another."""

import os
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import attrs

from zoe.adapters.kraken.stream import Callbacks, KrakenStream
from zoe.app import logs, market_table
from zoe.app.door_client import NoAnswer, NoDesk
from zoe.app.log_stream import is_dumb
from zoe.app.market_table import KEYS, MarketSession, Marks, Order, Window
from zoe.app.settings import Settings
from zoe.cli import configured, show
from zoe.cli.configured import Exchange
from zoe.cli.interruption import Until
from zoe.cli.key_presses import KeyPresses
from zoe.cli.reading_commands import read
from zoe.domain.errors import ExchangeUnavailable, ZoeError
from zoe.store.connection import Database
from zoe.store.market_reading import focus, ranks

#: Four times a second.
FRAME_SECONDS: Final = 0.25
MARKS_SECONDS: Final = 15
#: Of the terminal's lines: the head, one between, and the foot.
_AROUND: Final = 3
#: An exchange says something each second, whatever the market does.
_SILENT_NS: Final = 3_000_000_000
_NONE: Final = Marks()
#: Another exchange than that of the running desk, or no desk runs.
_UNKNOWN: Final = Marks(known=False)
_KEYS: Final = " ".join(KEYS)


def watch(arguments: Namespace) -> int:
    """Shows the market until told to end; without a terminal once, after some seconds."""
    settings = configured.load(arguments)
    logs.silence()
    url, ask_marks = _place(settings, arguments.url)
    session = MarketSession()
    with KeyPresses() as keys:
        view = View(arguments, session, ask_marks, keys)
        try:
            KrakenStream(url, session, Callbacks(on_lost=view.hear_loss)).run(view)
        finally:
            view.close()
    if not session.tickers:
        raise ExchangeUnavailable(f"{url}: {view.lost or 'no ticker came'}")
    if not view.live:
        view.print()
    return 0


def _place(settings: Settings, url: str | None) -> tuple[str, Callable[[], Marks]]:
    """Where to look, and how to ask what the desk that trades there makes of its pairs."""
    try:
        desk = configured.running_desk(settings)
    except (NoDesk, NoAnswer):
        if url is None:
            raise
        return url, _unknown
    public = desk.urls[Exchange.PUBLIC.value]
    if url is None or url == public:
        return public, partial(_marked, settings, desk.account_id)
    return url, _unknown


def _unknown() -> Marks:
    return _UNKNOWN


def _marked(settings: Settings, account_id: str) -> Marks:
    def find(database: Database) -> Marks:
        return Marks(focus(database, account_id), ranks(database, account_id))

    try:
        found = read(settings, find, _NONE)
    except ZoeError:
        found = _NONE  # the market can be seen without a store
    return attrs.evolve(found, focus={*settings.desk.focus, *found.focus})


class View:
    """Draws when it is time to; the stream asks it whether to end after each frame."""

    def __init__(
        self,
        arguments: Namespace,
        session: MarketSession,
        ask_marks: Callable[[], Marks],
        keys: KeyPresses,
    ) -> None:
        self._arguments = arguments
        self._session = session
        self._marks = _NONE
        self._ask_marks = ask_marks
        self._next = self._next_marks = 0.0
        # One that cannot be cleared gets what a file gets.
        self.live = sys.stdout.isatty() and not is_dumb() and not arguments.json
        self._over = Until(arguments.seconds or (None if self.live else 5))
        self._display: Any = None
        self._order = Order(arguments.sort, arguments.reverse)
        self._window = Window()
        #: Why there is no connection, as long as there is none.
        self.lost = ""
        self._keys = keys
        self._told_to_end = False

    def __call__(self) -> bool:
        for key in self._keys.pressed():
            self._told_to_end = self._told_to_end or key == "q"
            self._order = self._order.pressed(key)
            self._window = self._window.pressed(key)
            self._next = 0.0
        now = time.monotonic()
        if self.live and now >= self._next:
            self._next = now + FRAME_SECONDS
            self._draw(now)
        return self._told_to_end or self._over()

    def print(self) -> None:
        """One table, for a file or another program."""
        self._marks = self._ask_marks()
        if not self._marks.known:
            show.note(
                "focus and ranks are not known: no running desk of this state directory trades there"
            )
        found = self._rows(0, self._most())
        if self._arguments.json:
            show.document(found)
        else:
            show.table(market_table.COLUMNS, found)

    def hear_loss(self, reason: str) -> None:
        """The connection ended; it is opened again."""
        self.lost = reason

    def close(self) -> None:
        """Gives the terminal back."""
        if self._display is not None:
            self._display.stop()

    def _rows(self, begin: int, end: int) -> list[dict[str, Any]]:
        tickers = self._session.tickers.values()
        shown = market_table.first(tickers, self._order, end, self._marks)
        return market_table.rows(shown[begin:], self._marks, time.time_ns())

    def _most(self) -> int:
        count = len(self._session.tickers)
        return min(count, self._arguments.top or count)

    def _draw(self, now: float) -> None:
        from rich.live import Live
        from rich.text import Text

        if now >= self._next_marks:
            self._next_marks = now + MARKS_SECONDS
            self._marks = self._ask_marks()
        drawn = Text(self._picture(shutil.get_terminal_size()), no_wrap=True, overflow="crop")
        if self._display is None:
            self._display = Live(auto_refresh=False, screen=True)
            self._display.start()
        self._display.update(drawn, refresh=True)

    def _picture(self, size: os.terminal_size) -> str:
        window = self._window.fitted(max(size.lines - _AROUND, 1), self._most())
        self._window = window
        # One text: a table of rich's own would cost three times as much, four times a second.
        rows = self._rows(window.first, window.first + window.height)
        table = market_table.text(rows, size.columns, self._order.sort)
        return f"{table}\n{self._notice()}\n{self._caption()}"

    def _notice(self) -> str:
        """What a person must know who takes the table for the market."""
        heard_ns = self._session.heard_ns
        silent_ns = time.time_ns() - heard_ns
        if abs(silent_ns) < _SILENT_NS:
            self.lost = ""
            return ""
        since = f"for {silent_ns // 1_000_000_000} s" if heard_ns else "yet"
        return market_table.shown(f"nothing heard {since}" + (self.lost and f": {self.lost}"))

    def _caption(self) -> str:
        focus = "* in focus" if self._marks.known else "focus and ranks unknown here"
        return f"{self._window} by {self._order}, q ends (keys {_KEYS}, arrows), {focus}"
