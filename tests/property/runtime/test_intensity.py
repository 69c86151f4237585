"""Restart intensity against a window model of its own, for one budget and for a whole tree."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from probes import Call, Crash, Probe, Spawn, Work, World

from zoe.runtime.supervisor import Budget, Group, delay_seconds
from zoe.runtime.virtual import VirtualRuntime

SECOND_NS = 1_000_000_000
POISON = Work(0, (Crash(),))

moments = st.lists(st.integers(0, 30 * SECOND_NS), max_size=40).map(sorted)
intensities = st.integers(0, 6)
periods = st.sampled_from((1, 3, 10))


def first_too_many(failures: list[int], intensity: int, period_ns: int) -> int | None:
    """Index of the failure that ends it: with it, more than so many lie within one period."""
    for index, at_ns in enumerate(failures):
        near = [each for each in failures[: index + 1] if at_ns - each < period_ns]
        if len(near) > intensity:
            return index
    return None


#: Often exactly one period apart.
half_seconds = st.lists(st.integers(0, 30).map(lambda n: n * SECOND_NS // 2)).map(sorted)


@given(moments | half_seconds, intensities, periods)
def test_a_budget_is_spent_when_the_model_says_so(
    failures: list[int], intensity: int, period: int
) -> None:
    budget = Budget(intensity, period)
    spent = [budget.fail(at_ns) for at_ns in failures]
    first = first_too_many(failures, intensity, period * SECOND_NS)
    assert (spent.index(True) if True in spent else None) == first


def test_delays_double_from_50_ms_to_5_s_and_no_further() -> None:
    found = [delay_seconds(failures) for failures in range(10)]
    assert found == [0, 0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert delay_seconds(10_000) == 5.0


def observed_failures(world: World) -> list[int]:
    """When the members of the group crashed, in the supervisor's own order."""
    return [e.at_ns for e in world.recorder.events if e.what == "began" and e.number == 0]


@given(moments, intensities, periods, st.integers(0, 2**32))
def test_a_tree_gives_up_exactly_when_the_model_says_so(
    wanted: list[int], intensity: int, period: int, seed: int
) -> None:
    runtime = VirtualRuntime(seed)
    world = World(runtime)
    members = tuple(world.probe(name) for name in "abc")
    world.start(Group("g", members, "one_for_one", intensity, period))
    for number, at_ns in enumerate(wanted):
        runtime.call_at(at_ns, partial(_poison, world, "abc"[number % 3]))
    runtime.run_for(60)
    failures = observed_failures(world)
    first = first_too_many(failures, intensity, period * SECOND_NS)
    assert runtime.code == (None if first is None else 70)
    if first is None:
        assert len(failures) == len(wanted)
        assert world.end() == 0
    else:
        # A crash or two of the others may have been under way when it was decided.
        assert len(failures) - first <= 3
        assert len(world.starts()) <= len(members) + first


def _poison(world: World, name: str) -> None:
    world.tell(name, POISON)


@given(moments, st.integers(0, 3), periods, st.integers(0, 2**32))
def test_a_parent_fails_when_its_childrens_model_says_so(
    wanted: list[int], intensity: int, period: int, seed: int
) -> None:
    runtime = VirtualRuntime(seed)
    world = World(runtime)
    parent = world.probe("p", intensity=intensity, period_seconds=period)
    world.start(Group("g", (parent,), "one_for_one", 1_000, 1_000))
    world.do("p", Spawn("x"), Spawn("y"), number=1)
    runtime.run_for(0.001)
    for number, at_ns in enumerate(wanted):
        runtime.call_at(max(at_ns, SECOND_NS), partial(_poison, world, "p/" + "xy"[number % 2]))
    runtime.run_for(60)
    failures = observed_failures(world)
    first = first_too_many(failures, intensity, period * SECOND_NS)
    assert runtime.code is None
    # Its successor starts no children, so that it can fail once only.
    assert world.starts("p") == ([("p", 1)] if first is None else [("p", 1), ("p", 2)])
    assert runtime.broken is None


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.integers(0, 2**32))
def test_no_restart_comes_before_its_crash_and_the_least_delay(names: list[str], seed: int) -> None:
    runtime = VirtualRuntime(seed)
    world = World(runtime)
    members = tuple(world.probe(name) for name in "abc")
    world.start(Group("g", members, "one_for_one", 1_000, 1_000))
    for name in names:
        world.tell(name, POISON)
        runtime.run_for(0.02)
    runtime.run_for(100)
    for name in "abc":
        crashes = [e.at_ns for e in world.began(name)]
        starts = [e.at_ns for e in world.recorder.events if e.what == "start" and e.name == name]
        for number, (crashed, started) in enumerate(zip(crashes, starts[1:], strict=True)):
            assert started - crashed >= 0.8 * delay_seconds(number + 1) * SECOND_NS


def test_a_group_counts_its_own_failures_only(virtual: World) -> None:
    one = Group("one", (virtual.probe("a"),), "one_for_one", 1, 60)
    other = Group("other", (virtual.probe("b"),), "one_for_one", 1, 60)
    virtual.start(one, other)
    for name in "ab":
        virtual.do(name, Call(_fail))
    virtual.until(lambda: {("a", 2), ("b", 2)} <= set(virtual.starts()))
    assert virtual.end() == 0


def _fail(probe: Probe) -> None:
    raise RuntimeError("told to")
