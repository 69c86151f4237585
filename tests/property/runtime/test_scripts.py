"""Random scripts, judged by an auditor that shares nothing with the runtime.

A script is a list of messages sent from outside; each says what its recipient does: tell, arm a
timer, offload, ask nothing, start a child, crash. The auditor knows from the script alone which
messages must exist once a turn has ended well, and compares.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import count

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probes import (
    ENDLESS,
    Away,
    Call,
    Crash,
    Event,
    Later,
    Say,
    Spawn,
    Step,
    Urgent,
    Work,
    World,
)

from zoe.runtime.actor import Actor
from zoe.runtime.supervisor import Group
from zoe.runtime.threads import ThreadRuntime
from zoe.runtime.virtual import VirtualRuntime

NAMES = ("a", "b", "c", "d")
CHILDREN = tuple(f"{name}/x" for name in NAMES)


@attrs.frozen
class Plan:
    """A message to be made: its numbers come later, so that shrinking keeps them apart."""

    kind: str
    to: str = "a"
    urgent: bool = False
    seconds: float = 0.0
    crashes: bool = False
    parts: tuple["Plan", ...] = ()


places = st.sampled_from((*NAMES, *CHILDREN))
kinds = st.sampled_from(("say", "say", "say", "later", "away", "spawn"))
seconds = st.sampled_from((0.0, 0.001, 0.01, 0.2))
crashes = st.sampled_from((False,) * 5 + (True,))
leaf = st.builds(Plan, kinds, places, st.booleans(), seconds, crashes)


def nested(inner: st.SearchStrategy[Plan]) -> st.SearchStrategy[Plan]:
    parts = st.lists(inner, min_size=1, max_size=4).map(tuple)
    return st.builds(Plan, kinds, places, st.booleans(), seconds, crashes, parts)


wishes = st.lists(st.recursive(leaf, nested, max_leaves=8), min_size=1, max_size=4).map(tuple)
roots = st.builds(
    Plan,
    st.just("say"),
    st.sampled_from((*NAMES, *NAMES, *CHILDREN)),
    st.booleans(),
    st.just(0.0),
    crashes,
    wishes,
)
scripts = st.lists(roots, min_size=4, max_size=12)
trees = st.tuples(
    st.sampled_from(("one_for_one", "rest_for_one")),
    st.tuples(*(st.sampled_from((None, "shared")) for _ in NAMES)),
)


@attrs.define
class Expected:
    """What the auditor knows of a message before anything runs."""

    sender: int | None
    how: str
    to: str
    children: list[int]
    crashes: bool
    urgent: bool = False


class Script:
    """Messages with numbers, and the auditor's own table of them."""

    def __init__(self, plans: list[Plan]) -> None:
        self._numbers: Iterator[int] = count(1)
        self.table: dict[int, Expected] = {}
        self.roots = [(plan.to, self._work(plan, plan.to, None)) for plan in plans]

    def _work(self, plan: Plan, to: str, sender: int | None, how: str = "say") -> Work:
        number = next(self._numbers)
        urgent = plan.urgent and how == "say"
        known = Expected(sender, how, to, [], False, urgent)
        self.table[number] = known
        steps: list[Step] = []
        steps.extend(self._step(part, to, number, known) for part in plan.parts)
        if plan.crashes:
            known.crashes = True
            steps.append(Crash())
        return (Urgent if urgent else Work)(number, tuple(steps))

    def _step(self, part: Plan, at: str, number: int, known: Expected) -> Step:
        known.children.append(self._next())
        match part.kind:
            case "say":
                return Say(part.to, self._work(part, part.to, number))
            case "later":
                return Later(part.seconds, self._work(part, at, number, "later"))
            case "away":
                return Away(self._work(part, at, number, "away"))
            case _:
                # Deeper than children there is nobody in these scripts.
                if "/" in at:
                    return Say(at, self._work(part, at, number))
                return Spawn("x", self._work(part, f"{at}/x", number), (("restart", "transient"),))

    def _next(self) -> int:
        return len(self.table) + 1


class Audit:
    """Compares what happened with what the script says."""

    def __init__(self, script: Script, world: World) -> None:
        self.table = script.table
        self.roots = {work.number for _, work in script.roots}
        self.began = [e for e in world.recorder.events if e.what == "began"]
        self.ended = {e.number: e for e in world.recorder.events if e.what == "ended"}
        self.dead = Counter(number for number, _ in world.fates())
        self.poison = {number for number, fate in world.fates() if fate == "poison"}
        self.events = world.recorder.events

    def check(self) -> None:
        self.each_has_one_fate()
        self.crashed_turns_sent_nothing()
        self.nothing_crossed_an_incarnation()
        self.order_was_kept()
        self.causes_are_right()

    def each_has_one_fate(self) -> None:
        must = set(self.roots)
        may: set[int] = set()
        for number in self.ended:
            for child in self.table[number].children:
                (must if self.table[child].how == "say" else may).add(child)
        fates = self.dead + Counter(e.number for e in self.began if e.number not in self.poison)
        assert set(fates) <= must | may, "something that nobody sent"
        assert must <= set(fates), "something was lost"
        assert set(fates.values()) <= {1}, "something has two fates"

    def crashed_turns_sent_nothing(self) -> None:
        crashing = {n for n, known in self.table.items() if known.crashes}
        began = {e.number for e in self.began}
        assert self.poison == crashing & began
        assert not crashing & set(self.ended)

    def nothing_crossed_an_incarnation(self) -> None:
        for event in self.began:
            known = self.table[event.number]
            if known.how != "say":
                assert known.sender is not None
                armed = self.ended[known.sender]
                assert (armed.name, armed.incarnation) == (event.name, event.incarnation)

    def order_was_kept(self) -> None:
        last: dict[tuple[str, str | None, bool], int] = {}
        for event in self.began:
            known, envelope = self.table[event.number], event.envelope
            assert envelope is not None
            if known.how != "say":
                continue
            sender = None if known.sender is None else self.table[known.sender].to
            line = (event.name, sender, known.urgent)
            assert envelope.message_id > last.get(line, 0), "one overtook another in its lane"
            last[line] = envelope.message_id

    def causes_are_right(self) -> None:
        turns = {e.number: e for e in self.began}
        for event in self.began:
            known, envelope = self.table[event.number], event.envelope
            assert envelope is not None
            if known.sender is None:
                assert envelope.causation_id is None
                assert envelope.correlation_id == envelope.message_id
                continue
            cause = turns[known.sender].envelope
            assert cause is not None
            assert envelope.causation_id == cause.message_id
            assert envelope.correlation_id == cause.correlation_id


def run(runtime: ThreadRuntime | VirtualRuntime, plans: list[Plan], tree: tuple[str, ...]) -> World:
    """Runs a script to the end of the process."""
    strategy, dispatchers = tree
    world = World(runtime)
    script = Script(plans)
    options = {"intensity": 10_000, "period_seconds": 1e-6}
    members = tuple(
        world.probe(name, dispatcher=dispatcher, **options)
        for name, dispatcher in zip(NAMES, dispatchers, strict=True)
    )
    world.start(Group("g", members, strategy=strategy, **ENDLESS))  # type: ignore[arg-type]  # one of two
    for to, work in script.roots:
        world.tell(to, work)
    if isinstance(runtime, VirtualRuntime):
        runtime.run_for(2)
    assert world.end() == 0
    assert runtime.broken is None, "a supervisor crashed"
    Audit(script, world).check()
    starts_are_single(world.recorder.events)
    return world


def starts_are_single(events: list[Event]) -> None:
    """Incarnations count up by one for each life of a cell; nobody works before it has started."""
    last: dict[str, int] = {}
    for event in events:
        if event.what == "start":
            assert event.incarnation in (1, last.get(event.name, 0) + 1)
            last[event.name] = event.incarnation
        else:
            assert event.incarnation == last[event.name], "an earlier incarnation still works"


@given(scripts, trees, st.integers(0, 2**32))
def test_any_script_in_virtual_time_satisfies_the_auditor(
    plans: list[Plan], tree: tuple[str, ...], seed: int
) -> None:
    run(VirtualRuntime(seed), plans, tree)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(scripts, trees)
def test_any_script_on_threads_satisfies_the_auditor(
    plans: list[Plan], tree: tuple[str, ...]
) -> None:
    run(ThreadRuntime(seed=1), plans, tree)


@settings(max_examples=25)
@given(scripts, trees, st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_digest(
    plans: list[Plan], tree: tuple[str, ...], seed: int
) -> None:
    digests = []
    for _ in range(2):
        runtime = VirtualRuntime(seed)
        run(runtime, plans, tree)
        digests.append((runtime.digest(), len(runtime.log), runtime.clock.monotonic_ns()))
    assert digests[0] == digests[1]


def test_the_auditor_sees_a_message_that_is_lost() -> None:
    """A hand on the mailbox takes one message out."""
    script = Script([Plan("say"), Plan("say")])
    world = World(VirtualRuntime(1))
    world.start(world.probe("a", on_start=Actor.hold))
    for to, work in script.roots:
        world.tell(to, work)
    world.runtime.find("a").mailbox.drain()
    world.do("a", Call(Actor.release))
    world.end()
    world.recorder.dead.clear()
    audit = Audit(script, world)
    audit.began = []
    try:
        audit.each_has_one_fate()
    except AssertionError as problem:
        assert "lost" in str(problem)
    else:
        raise AssertionError("it saw nothing")
