"""The Desk door's commands about strategies: list, show and mode.

A part of the door, which owns it.
"""

import difflib
from typing import Final

from zoe.actors.door_talks import DONE, NO, USAGE, Request, Talks
from zoe.messages.strategy import ReportStrategy, SetStrategyMode, StrategyReported
from zoe.runtime.actor import Actor

LIST: Final = "strategy.list"
SHOW: Final = "strategy.show"
MODE: Final = "strategy.mode"


class StrategyCommands:
    """Questions about strategies, and changes of their modes."""

    def __init__(self, door: Actor, talks: Talks, names: tuple[str, ...]) -> None:
        self._door = door
        self._talks = talks
        self._names = names

    def list(self, ref: int, request: Request) -> None:
        """Every strategy in a line."""
        if not self._names:
            self._talks.answer(ref, DONE, {"strategies": []})
        for name in self._names:
            self._door.tell(self._door.find(f"strategy/{name}"), ReportStrategy(ref))

    def show(self, ref: int, request: Request) -> None:
        """One strategy, pair by pair."""
        name = self._named(ref, request)
        if name is not None:
            self._door.tell(self._door.find(f"strategy/{name}"), ReportStrategy(ref, details=True))

    def set_mode(self, ref: int, request: Request) -> None:
        """Another mode for one strategy."""
        name = self._named(ref, request)
        if name is not None:
            mode, why = str(request.params.get("mode")), str(request.params.get("why") or "by hand")
            wish = SetStrategyMode(ref, mode, why, self._door.me)
            self._door.tell(self._door.find(f"strategy/{name}"), wish)

    def _named(self, ref: int, request: Request) -> str | None:
        name = str(request.params.get("name"))
        if name in self._names:
            return name
        near = difflib.get_close_matches(name, self._names, 1, 0)
        hint = f"; did you mean {near[0]}?" if near else ""
        self._talks.answer(ref, USAGE, None, ("unknown_strategy", f"no strategy {name} runs{hint}"))
        return None

    def reported(self, news: StrategyReported) -> None:
        """Adds what a strategist reports of itself; the command is answered once all have."""
        talk = self._talks.get(news.ref)
        if talk is None:
            return
        if news.refusal:
            self._talks.answer(news.ref, NO, None, ("refused", news.refusal))
        elif talk.request.command == LIST:
            talk.gathered[news.name] = news.report
            if len(talk.gathered) == len(self._names):
                found = [talk.gathered[name] for name in self._names]
                self._talks.answer(news.ref, DONE, {"strategies": found})
        else:
            self._talks.answer(news.ref, DONE, dict(news.report))
