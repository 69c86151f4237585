"""What tick_to_order.py has measured, round by round, and the table of it: the total first, then the parts.

One contender after the other takes its turn in each round, and all rounds are counted together: on a
machine that is slower in one minute than in the next, each has had its share of both.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

import attrs
from tick_desk import EACH, PLACES
from tick_exchange import Course, Outcome

#: What is allowed: of the bare loop, pinned and free, and beyond a bare commit.
TIMES: Final = {"pinned": 3, "free": 5}
BEYOND_COMMIT_US: Final = 1_000
#: What nautilus_trader's TradingNode took on such a machine, where it is not measured beside.
NAUTILUS_US: Final = 700
PACES: Final = ("one behind the other", "at this pace")


@attrs.frozen
class Totals:
    """Microseconds from a trigger's frame to its order, and how many triggers have no order."""

    us: Sequence[float]
    missed: int

    def percentile(self, percent: int) -> float:
        """Of all that came."""
        return percentile(self.us, percent)


def percentile(values: Iterable[float], percent: int) -> float:
    """By rank; nothing of nothing."""
    ordered = sorted(values)
    return (
        ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] if ordered else float("nan")
    )


def totals(outcome: Outcome) -> Totals:
    """Of a course."""
    us = _us(outcome)
    return Totals(list(us.values()), len(outcome.sent) - len(us))


def _us(outcome: Outcome) -> Mapping[int, float]:
    received = outcome.received
    return {n: (received[n] - at) / 1e3 for n, at in outcome.sent.items() if n in received}


@attrs.frozen
class Measured:
    """What a desk did: in total, and where its triggers were seen when."""

    outcome: Outcome
    stamps: Mapping[str, Mapping[int, int]]

    def parts(self) -> Iterator[tuple[str, list[float]]]:
        """Each place, and the microseconds since the place before."""
        before: Mapping[int, int] = self.outcome.sent
        for place in (*PLACES, "received"):
            seen = self.outcome.received if place == "received" else self.stamps[place]
            common = before.keys() & seen.keys() & self.outcome.sent.keys()
            yield place, [(seen[n] - before[n]) / 1e3 for n in common]
            before = seen

    def lost(self) -> Counter[str]:
        """Of followed triggers without an order: how many got no further than where."""
        sent, received = self.outcome.sent, self.outcome.received
        return Counter(
            next((place for place in reversed(PLACES) if n in self.stamps[place]), "nowhere")
            for n in sent.keys() - received.keys()
            if not n % EACH
        )

    def without_commit(self) -> list[float]:
        """In total, less the time of the one commit that the order's record was in."""
        began, ended = self.stamps["commit began"], self.stamps["commit ended"]
        us = _us(self.outcome)
        return [us[n] - (ended[n] - began[n]) / 1e3 for n in us if n in began]


@attrs.frozen
class Round:
    """One turn of each contender.

    Attributes:
        commits: Microseconds of bare commits: one behind the other, and at the triggers' pace.
        peer: nautilus_trader's, where it is installed.
    """

    desk: Measured
    loop: Totals
    commits: tuple[list[float], list[float]]
    peer: Totals | None


def _together(all_of: Iterable[Totals]) -> Totals:
    known = list(all_of)
    return Totals([us for one in known for us in one.us], sum(one.missed for one in known))


def show(name: str, wanted: Course, rounds: Sequence[Round]) -> None:
    """The table of one pace and mode."""
    total = _together(totals(one.desk.outcome) for one in rounds)
    loop = _together(one.loop for one in rounds)
    without = list(chain.from_iterable(one.desk.without_commit() for one in rounds))
    print(
        f"\n{name}, {wanted.background:,} other frames/s, {len(rounds)} rounds of "
        f"{wanted.triggers:,} triggers"
    )
    lost = sum((one.desk.lost() for one in rounds), Counter[str]())
    where = ", ".join(f"{n} {place}" for place, n in lost.items())
    verdict(not total.missed, f"triggers without an order: {total.missed} (aim 0) {where}")
    held = sum(one.desk.outcome.held for one in rounds)
    say(f"triggers held back, their forerunner's order being late: {held}")
    for place, pace in enumerate(PACES):
        commit = percentile(chain.from_iterable(one.commits[place] for one in rounds), 50)
        limit = commit + BEYOND_COMMIT_US
        verdict(
            total.percentile(50) <= limit,
            f"in total p50 {total.percentile(50):,.0f} us, p99 {total.percentile(99):,.0f} us (aim "
            f"p50 <= {limit:,.0f}: a bare commit, {commit:,.0f} {pace}, and 1 ms)",
        )
    rest, bare_p50 = percentile(without, 50), loop.percentile(50)
    verdict(
        rest <= TIMES[name] * bare_p50,
        f"without the commit's time p50 {rest:,.0f} us, p99 {percentile(without, 99):,.0f} us = "
        f"{rest / bare_p50:.2f} x the bare loop's {bare_p50:,.0f} us (aim <= {TIMES[name]} x)",
    )
    say(f"the bare loop missed {loop.missed}, p99 {loop.percentile(99):,.0f} us")
    _show_peer(rest, rounds)
    parts = [dict(one.desk.parts()) for one in rounds]
    for place in parts[0]:
        us = list(chain.from_iterable(each[place] for each in parts))
        print(f"    {place:16} p50 {percentile(us, 50):8,.0f}  p99 {percentile(us, 99):8,.0f} us")
    sys.stdout.flush()


def _show_peer(rest: float, rounds: Sequence[Round]) -> None:
    peer = _together(one.peer for one in rounds if one.peer is not None)
    is_there = bool(peer.us)
    peer_us = peer.percentile(50) if is_there else NAUTILUS_US
    seen = (
        f"p99 {peer.percentile(99):,.0f} us, missed {peer.missed}"
        if is_there
        else "not installed: of another moment"
    )
    by_round = [
        f"{percentile(one.desk.without_commit(), 50) / one.peer.percentile(50):.2f}"
        for one in rounds
        if one.peer is not None
    ]
    verdict(
        rest <= peer_us / 2,
        f"= {rest / peer_us:.2f} x nautilus_trader's {peer_us:,.0f} us (aim <= 0.5 x; {seen})",
    )
    if len(by_round) > 1:
        say(f"by round {', '.join(by_round)} x")


def verdict(is_held: bool, text: str) -> None:
    """Prints a line with an aim in it."""
    print(f"  {'held' if is_held else 'MISSED':6} {text}")


def say(text: str) -> None:
    """Prints a line without one."""
    print(f"         {text}")
