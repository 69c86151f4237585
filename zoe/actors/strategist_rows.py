"""What a strategist writes down and reads back: decisions, states, and its mode; a part of that actor.

A decision is a row when what is wanted, or why, has changed; the View and the state it came from go with it,
compressed, so that it can be made again. A state has a stream of its own a memory; the newest row counts.
"""

import base64
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from zoe.actors import hydration
from zoe.actors.strategist_purse import Mark
from zoe.actors.strategist_scan import LISTED, Scanner
from zoe.domain.order_record import canonical
from zoe.domain.quantity import scaled_text
from zoe.domain.strategy import record
from zoe.domain.strategy.view import Decision, View, Want
from zoe.messages.journal import Hydrate, Hydrated, Record, Row, StoredRow
from zoe.runtime.actor import Actor

DECISION: Final = "decision.made"
STATE: Final = "strategy.state"
MODE: Final = "strategy.mode"
MARK: Final = "sleeve.marked"


def packed(text: str) -> str:
    """A text for a row that would be too long for it; harder packing takes three times as long."""
    return base64.b64encode(zlib.compress(text.encode(), 1)).decode()


def unpacked(text: str) -> str:
    """The text that ``packed`` made a value of."""
    return zlib.decompress(base64.b64decode(text)).decode()


@attrs.frozen
class Made:
    """A decision of one pair, with what led to it."""

    view: View
    before: Any
    decision: Decision
    reasons: tuple[str, ...]


class Rows:
    """Streams of one strategy, with their versions.

    Args:
        about: What stands in every decision: the strategy, its code and parameters.
    """

    def __init__(self, actor: Actor, account_id: str, about: Mapping[str, str]) -> None:
        self._actor = actor
        self._about = dict(about)
        name = about["strategy"]
        self.decisions = f"strategy/{account_id}/{name}"
        self._states = f"strategy-state/{account_id}/{name}"
        self.mode = f"strategy-mode/{account_id}/{name}"
        self.scans = f"scan/{account_id}/{name}"
        self._listed = f"scan-listed/{account_id}/{name}"
        self.marks = f"strategy-sleeve/{account_id}/{name}"
        self.fairs = f"strategy-marks/{account_id}/{name}"
        self._versions: dict[str, int] = {}
        self._asked: dict[int, Callable[[tuple[StoredRow, ...]], None]] = {}
        self._refs = 0
        self._newest: dict[str, int] = {}

    # Reading

    def ask(self, stream: str, then: Callable[[tuple[StoredRow, ...]], None]) -> None:
        """The newest row of a stream, for ``then``; its version is known from then on."""

        def read(rows: tuple[StoredRow, ...]) -> None:
            self._versions[stream] = rows[-1].version if rows else 0
            then(rows)

        self._hydrate(read, stream=stream, last=True)

    def ask_scans(self, scanner: Scanner | None) -> None:
        """Where its passes end, and when it first saw each pair."""
        self.ask(self.scans, lambda _: None)

        def read(rows: tuple[StoredRow, ...]) -> None:
            self._versions[self._listed] = rows[-1].version if rows else 0
            if scanner is not None:
                scanner.remember(row.body for row in rows)

        self._hydrate(read, stream=self._listed)

    def ask_fills(
        self, source: str, then: Callable[[tuple[StoredRow, ...]], None], *, after: int = 0
    ) -> None:
        """Every execution of the orders of a source, from behind a number of the journal."""
        self._hydrate(then, filled_for=source, after=after)

    def ask_state(self, memory: str, then: Callable[[tuple[StoredRow, ...]], None]) -> None:
        """The newest state of a memory."""
        self.ask(self._state_stream(memory), then)

    def _hydrate(self, then: Callable[[tuple[StoredRow, ...]], None], **wanted: Any) -> None:
        self._refs += 1
        self._asked[self._refs] = then
        ref = hydration.number(self._actor, self._refs)
        self._actor.tell(self._actor.find("journal"), Hydrate(ref, self._actor.me, **wanted))

    def hydrated(self, answer: Hydrated) -> bool:
        """Whether everything that was asked for has just become known."""
        question = hydration.question(self._actor, answer)
        then = None if question is None else self._asked.pop(question, None)
        if then is None:
            return False
        then(answer.rows)
        return not self._asked

    def _state_stream(self, memory: str) -> str:
        return f"{self._states}/{memory}" if memory else self._states

    # Writing

    def next(self, stream: str, kind: str, body: str) -> Row:
        """The next row of a stream that has been read."""
        self._versions[stream] += 1
        return Row(stream, self._versions[stream], kind, body)

    def state_row(self, memory: str, state: Any) -> Row:
        """The row that holds what a strategy remembers at present."""
        body = canonical({"memory": memory, "state": record.text(state)})
        return self.next(self._state_stream(memory), STATE, body)

    def mark_row(self, mark: Mark) -> Row:
        """How far executions have been read, and what they came to."""
        return self.next(self.marks, MARK, canonical({"state": record.text(mark)}))

    def decision_row(self, made: Made) -> Row:
        """A decision with its View."""
        symbol = made.view.instrument.symbol
        view = record.text(made.view)
        exact = {
            "view": view,
            "state": record.text(made.before),
            "wants": record.text(made.decision.wants),
        }
        body = {
            **self._about,
            "pair": symbol,
            "cause": str(made.view.cause),
            "now_ns": str(made.view.now_ns),
            "view_digest": record.digest_of(view),
            "quote": shown_quote(made.view),
            "inputs": _inputs(made.view),
            "trading_state": made.view.trading_state.value,
            "reasons": list(made.reasons),
            "wants": [shown_want(want, made.view) for want in made.decision.wants],
            "made": packed(canonical(exact)),
        }
        row = self.next(self.decisions, DECISION, canonical(body))
        self._newest[symbol] = row.version
        return row

    def link(self, symbol: str) -> str | None:
        """Stream and version of the pair's newest decision."""
        version = self._newest.get(symbol)
        return None if version is None else f"{self.decisions}@{version}"

    def note_listed(self, body: str | None) -> None:
        """Pairs that were not there before, if there are any."""
        if body is not None:
            self.write(self.next(self._listed, LISTED, body))

    def write(self, *rows: Row) -> None:
        """Makes rows durable, all or none."""
        self._actor.tell(self._actor.find("journal"), Record(rows))


def _inputs(view: View) -> dict[str, Any]:
    """Which inputs a decision was made on, and how old they were."""
    bars = view.closed_bars("5m")
    return {
        "book_ns": str(view.touch.received_ns),
        "book_age_ms": view.touch.age_ms,
        "bar_close_ns": str(bars[-1].close_ns) if bars else None,
        "siblings": {s.symbol: s.age_ms for s in view.siblings},
    }


def shown_quote(view: View) -> dict[str, Any]:
    """The quote of a view with decimals, as a person reads it; its keys stand in their order."""
    pair, touch = view.instrument, view.touch
    bid, ask, decimals = touch.bid, touch.ask, pair.price_precision
    return {
        "age_ms": touch.age_ms,
        "ask": None if ask is None else scaled_text(ask, decimals),
        "bid": None if bid is None else scaled_text(bid, decimals),
        "exchange_ns": None if touch.exchange_ns is None else str(touch.exchange_ns),
        "live": touch.live,
        "received_ns": str(touch.received_ns),
        "symbol": pair.symbol,
    }


def shown_want(want: Want, view: View) -> dict[str, str]:
    """A want with decimals; its keys stand in their order."""
    pair = view.instrument
    shown = {
        "price": scaled_text(want.price, pair.price_precision),
        "quantity": scaled_text(want.quantity, pair.qty_precision),
        "reason": want.reason,
        "side": want.side.value,
        "slot": want.key,
    }
    if want.trigger is not None:
        shown["trigger"] = scaled_text(want.trigger, pair.price_precision)
    return shown
