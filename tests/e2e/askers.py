"""People who each want an order, and ask with the same key until they know what became of it."""

import random
import threading
import time
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import attrs
from desks import PATIENCE_SECONDS

from zoe.app.door_client import Command, NoAnswer, NoDesk, ask

PEOPLE: Final = 12
#: How long a person waits before asking again.
ANSWER_SECONDS: Final = 20
#: The desk may be down, be starting, or be settling doubts: all of it is waited out.
FATE_SECONDS: Final = 4 * PATIENCE_SECONDS
#: Exit codes: risk said no, nobody said anything in time.
_DENIED: Final = 1
_NO_ANSWER: Final = 5
#: Never set: what is waited for has no event of its own.
_PAUSE: Final = threading.Event()


@attrs.define
class Wish:
    """One intent and its fate.

    Attributes:
        code: The exit code of its last answer; None: still unknown.
        order_id: The exchange's id where the answer named one.
        seconds: From the first time it was asked until the answer.
    """

    key: str
    params: dict[str, str | bool | None]
    code: int | None = None
    error: str = ""
    order_id: str | None = None
    seconds: float = 0.0
    asked: int = 0


def wishes(number: int, chance: random.Random) -> list[Wish]:
    """Small market orders on both sides; each fourth is a limit order that rests."""
    made = []
    for place in range(number):
        side = chance.choice(("buy", "sell"))
        params: dict[str, str | bool | None] = {
            "side": side,
            "pair": "BTC/USD",
            "quantity": "0.0001",
            "limit_price": None,
            "notional": None,
            "time_in_force": None,
            "post_only": False,
        }
        if place % 4 == 0:
            params |= {"side": "buy", "limit_price": "20000", "post_only": True}
        made.append(Wish(str(uuid.uuid4()), params))
    return made


class Askers:
    """Several people at once, each with one wish at a time, until all wishes have their fate.

    Args:
        denials: Codes of denials that are taken for an answer; after others, who still wants an
            order has a new wish.
    """

    def __init__(
        self, door: Path, wanted: Sequence[Wish], *, denials: Collection[str] = ()
    ) -> None:
        self._door = door
        self._wanted = list(reversed(wanted))
        self._lock = threading.Lock()
        self.problems: list[str] = []
        self._denials = denials
        self._people = [threading.Thread(target=self._work, daemon=True) for _ in range(PEOPLE)]
        for person in self._people:
            person.start()

    @property
    def left(self) -> int:
        """How many wishes nobody has begun to ask for."""
        return len(self._wanted)

    def done(self) -> None:
        """Waits for the fate of every wish."""
        for person in self._people:
            person.join(FATE_SECONDS)
        assert not any(person.is_alive() for person in self._people), "somebody still waits"
        assert self.problems == [], self.problems

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    return
                wish = self._wanted.pop()
            try:
                self._settle(wish)
            except Exception as problem:
                self.problems.append(f"{wish.key}: {type(problem).__name__}: {problem}")
                raise

    def _settle(self, wish: Wish) -> None:
        began = time.monotonic()
        while time.monotonic() < began + FATE_SECONDS:
            wish.asked += 1
            command = Command("order.place", wish.params, wish.key, ANSWER_SECONDS)
            try:
                answer = ask(self._door, command)
            except (NoDesk, NoAnswer):
                _PAUSE.wait(0.05)
                continue
            wish.code = answer.exit
            wish.error = "" if answer.error is None else answer.error.code
            wish.order_id = (answer.result or {}).get("order_id")
            wish.seconds = time.monotonic() - began
            if wish.code == _DENIED and wish.error not in self._denials:
                wish.key = str(uuid.uuid4())
                _PAUSE.wait(0.05)
            elif wish.code != _NO_ANSWER:
                return
        last = f"{wish.code} {wish.error}, asked {wish.asked} times"
        self.problems.append(f"{wish.key}: no fate in {FATE_SECONDS} s: {last}")
