"""When what is in doubt is looked for next: a part of the Reconciler, which owns it.

One timer, for the doubt that is due next: its look serves all that are due by then.
"""

from collections.abc import Iterable

from zoe.actors.private_stream import PrivateStream
from zoe.actors.steady_time import SteadyTime
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor, Timer


class DoubtTimer:
    """The one timer that wakes the Reconciler for the doubt that is due next.

    Args:
        lag_ns: How far the exchange's lists may lag behind its engine.

    Attributes:
        looked_from_ns: When the newest complete look began.
    """

    def __init__(self, owner: Actor, time: SteadyTime, stream: PrivateStream, lag_ns: int) -> None:
        self._owner = owner
        self._time = time
        self._stream = stream
        self._lag_ns = lag_ns
        self._timer: Timer | None = None
        self._at_ns = 0
        self.looked_from_ns = 0

    def ended(self) -> None:
        """The timer's time has come."""
        self._timer = None

    def is_due(self, dues_ns: Iterable[int], look_ns: int | None) -> bool:
        """Whether a look is due; where one will be, the timer tells.

        Args:
            dues_ns: From when on looks can prove something, one a doubt.
            look_ns: When the look that is under way began. Doubts that it serves are seen to when
                it is over.
        """
        now_ns = self._time.now_ns()
        waits_ns = [
            self._wait_ns(at_ns, now_ns) for at_ns in dues_ns if look_ns is None or at_ns > look_ns
        ]
        if not waits_ns:
            return False
        wait_ns = max(min(waits_ns), self._stream.awaited_ns())
        if wait_ns:
            self._set(now_ns, wait_ns)
        return wait_ns == 0

    def _set(self, now_ns: int, wait_ns: int) -> None:
        at_ns = now_ns + wait_ns + wait_ns * self._owner.rng.randrange(100) // 1_000
        if self._timer is not None:
            if now_ns < self._at_ns <= at_ns:
                return
            self._timer.cancel()
        self._at_ns = at_ns
        self._timer = self._owner.after((at_ns - now_ns) / 1e9, Tick("doubt"))

    def _wait_ns(self, due_ns: int, now_ns: int) -> int:
        """How long a doubt waits for its look; one that was just looked at waits for its news."""
        if due_ns > self.looked_from_ns:
            return max(due_ns - now_ns, 0)
        news_ns = self.looked_from_ns + self._lag_ns
        return min(max(news_ns - now_ns, 0), self._lag_ns)
