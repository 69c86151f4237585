"""The supervision tree: who is stopped and started with whom, in which order, and who gives up."""

from functools import partial

from probes import Call, Crash, Probe, Urgent, Work, World

from zoe.runtime.actor import Actor
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.virtual import VirtualRuntime

POISON = Work(0, (Crash(),))


def group(world: World, names: str, **options: object) -> Group:
    """A group of probes with one-letter names."""
    return Group("g", tuple(world.probe(name) for name in names), **options)  # type: ignore[arg-type]  # options of a group


def since(world: World, moment: int) -> list[tuple[str, str, int]]:
    """Starts and stops after the first so many events."""
    events = world.recorder.events[moment:]
    return [(e.what, e.name, e.incarnation) for e in events if e.what in ("start", "stop")]


def test_a_tree_starts_from_top_to_bottom_and_stops_in_reverse(world: World) -> None:
    inner = Group("inner", (world.probe("b"), world.probe("c", dispatcher="d")))
    world.start(world.probe("a"), Group("g", (inner, world.probe("e", dispatcher="d"))))
    assert [name for name, _ in world.starts()] == ["a", "b", "c", "e"]
    assert world.end() == 0
    assert [name for name, _ in world.stops()] == ["e", "c", "b", "a"]


def test_one_for_one_restarts_the_one_that_crashed_alone(world: World) -> None:
    world.start(group(world, "abc"))
    moment = len(world.recorder.events)
    world.tell("b", POISON, Work(1))
    world.until(lambda: world.numbers("b") == [1])
    assert since(world, moment) == [("start", "b", 2)]


def test_rest_for_one_stops_the_later_ones_in_reverse_and_starts_all_in_order(
    world: World,
) -> None:
    world.start(group(world, "abcd", strategy="rest_for_one"))
    moment = len(world.recorder.events)
    world.tell("b", POISON)
    world.until(lambda: ("d", 2) in world.starts())
    assert since(world, moment) == [
        ("stop", "d", 1),
        ("stop", "c", 1),
        ("start", "b", 2),
        ("start", "c", 2),
        ("start", "d", 2),
    ]


def test_rest_for_one_waits_its_delay_like_any_restart(virtual: World) -> None:
    virtual.start(group(virtual, "ab", strategy="rest_for_one", intensity=9, period_seconds=60))
    for restarts in (1, 2, 3):
        virtual.tell("a", POISON)
        virtual.until(lambda n=restarts: ("b", n + 1) in virtual.starts())  # type: ignore[misc]  # a default
    crashes = [e.at_ns for e in virtual.began("a")]
    starts = [e.at_ns for e in virtual.recorder.events if e.what == "start" and e.name == "a"][1:]
    gaps = [(b - a) / 1e9 for a, b in zip(crashes, starts, strict=True)]
    assert gaps[0] < 0.01
    assert 0.04 <= gaps[1] <= 0.07
    assert 0.08 <= gaps[2] <= 0.13


def test_one_groups_delay_holds_up_no_other_group(virtual: World) -> None:
    runtime = virtual.runtime
    assert isinstance(runtime, VirtualRuntime)
    slow = Group("slow", (virtual.probe("a"), virtual.probe("b")), "rest_for_one", 9, 600)
    quick = Group("quick", (virtual.probe("c"), virtual.probe("d")), "rest_for_one", 9, 600)
    virtual.start(slow, quick)
    for restarts in range(2, 8):
        virtual.tell("a", POISON)
        if restarts < 7:
            virtual.until(lambda n=restarts: ("b", n) in virtual.starts())  # type: ignore[misc]  # a default
    moment = runtime.clock.monotonic_ns()
    virtual.tell("c", POISON)
    virtual.until(lambda: ("d", 2) in virtual.starts())
    assert runtime.clock.monotonic_ns() - moment < 50_000_000
    assert ("b", 7) not in virtual.starts()


def test_an_earlier_member_that_crashes_during_a_restart_takes_it_over(virtual: World) -> None:
    virtual.start(group(virtual, "abc", strategy="rest_for_one", intensity=9, period_seconds=600))
    virtual.tell("b", POISON)
    virtual.until(lambda: ("c", 2) in virtual.starts())
    virtual.tell("b", POISON)  # its second restart waits 50 ms
    virtual.until(lambda: len(virtual.recorder.dead) == 2)
    moment = len(virtual.recorder.events)
    virtual.tell("a", POISON)
    virtual.until(lambda: ("c", 3) in virtual.starts())
    assert isinstance(virtual.runtime, VirtualRuntime)
    virtual.runtime.run_for(60)
    assert [e for e in since(virtual, moment) if e[0] == "start"] == [
        ("start", "a", 2),
        ("start", "b", 3),
        ("start", "c", 3),
    ]


def test_a_crash_of_one_that_is_about_to_be_restarted_anyway_is_no_second_failure(
    world: World,
) -> None:
    gate: list[int] = []
    slow = world.probe("c", idles=lambda: bool(gate), stop_seconds=30)
    members = (world.probe("a"), world.probe("b"), slow)
    world.start(Group("g", members, "rest_for_one", 1, 600))
    world.tell("a", POISON)  # c is stopped first, and takes its time
    world.until(lambda: len(world.recorder.dead) == 1)
    world.settle()
    world.tell("b", POISON)
    world.until(lambda: len(world.recorder.dead) == 2)
    gate.append(1)
    world.tell("c", Work(1))
    world.until(lambda: ("c", 2) in world.starts())
    assert world.starts()[3:] == [("a", 2), ("b", 2), ("c", 2)]
    assert world.end() == 0


def test_a_crash_that_crosses_the_order_to_stop_is_no_second_failure() -> None:
    """Whichever news comes first: two failures, or one that takes the other along."""
    found = set()
    for seed in range(200):
        runtime = VirtualRuntime(seed)
        world = World(runtime)
        world.start(group(world, "ab", strategy="rest_for_one", intensity=1, period_seconds=600))
        world.tell("a", POISON)
        world.tell("b", POISON)
        runtime.run_for(10)
        found.add((runtime.code, *world.starts()[2:]))
    assert found == {(70, ("b", 2)), (None, ("a", 2), ("b", 2))}


def test_a_member_that_cannot_start_holds_back_those_behind_it(world: World) -> None:
    def fail_at_first(probe: Probe) -> None:
        if probe.incarnation < 3:  # its second restart waits 50 ms
            raise OSError("not yet")

    members = (world.probe("a"), world.probe("b", on_start=fail_at_first), world.probe("c"))
    world.start(Group("g", members, strategy="rest_for_one"))
    world.until(lambda: world.starts("c"))
    assert world.starts() == [("a", 1), ("b", 1), ("b", 2), ("b", 3), ("c", 1)]


def test_a_group_that_spends_its_budget_ends_the_process_with_70(world: World) -> None:
    world.start(group(world, "ab", intensity=3, period_seconds=60), world.probe("c"))
    world.tell("a", *[POISON] * 4)
    assert world.code() == 70
    assert world.starts("a") == [("a", n) for n in (1, 2, 3, 4)]
    assert world.stops() == [("c", 1), ("b", 1)], "the others stop in order"


def test_failures_of_all_members_count_for_their_group(world: World) -> None:
    world.start(group(world, "abc", intensity=2, period_seconds=60))
    for name in "abc":
        world.tell(name, POISON)
    assert world.code() == 70


def test_a_group_inside_a_group_is_restarted_as_a_whole(world: World) -> None:
    inner = Group("inner", (world.probe("b"), world.probe("c")), intensity=1, period_seconds=60)
    world.start(Group("outer", (world.probe("a"), inner, world.probe("d")), intensity=2))
    moment = len(world.recorder.events)
    world.tell("b", POISON, POISON)
    world.until(lambda: ("c", 2) in world.starts())
    assert since(world, moment) == [
        ("start", "b", 2),
        ("stop", "c", 1),
        ("start", "b", 3),
        ("start", "c", 2),
    ]
    world.tell("a", Work(1))
    world.until(lambda: world.numbers("a") == [1])
    assert world.end() == 0


def test_a_group_inside_a_group_that_fails_too_often_ends_the_process(world: World) -> None:
    inner = Group("inner", (world.probe("b"),), intensity=0, period_seconds=60)
    world.start(Group("outer", (inner, world.probe("c")), "one_for_one", 1, 60))
    world.tell("b", POISON, POISON)
    assert world.code() == 70


def test_a_temporary_actor_is_not_started_again_and_its_address_ends(world: World) -> None:
    world.start(Group("g", (world.probe("a", restart="temporary"), world.probe("b")), intensity=0))
    address = world.runtime.find("a")
    world.tell("a", POISON)
    world.until(lambda: world.recorder.dead)
    world.settle()
    address.tell(Work(1))
    assert world.fates() == [(0, "poison"), (1, "closed")]
    world.tell("b", Work(2))
    world.until(lambda: world.numbers("b") == [2])
    assert world.end() == 0


def test_an_actor_ends_the_process_with_its_own_code(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))
    world.do("a", Call(partial(Actor.exit_process, code=6, reason="another desk")))
    assert world.code() == 6
    assert world.stops() == [("b", 1), ("a", 1)]


def test_the_first_code_that_is_a_failure_stays(world: World) -> None:
    world.start(world.probe("a"))
    for code in (0, 6, 0, 70):
        world.runtime.shutdown(code)
    assert world.code() == 6


def test_an_end_that_was_asked_for_becomes_70_when_a_group_gives_up_meanwhile(
    world: World,
) -> None:
    world.start(world.probe("a", idles=lambda: False, stop_seconds=0.1), world.probe("b"))
    assert world.end() == 70, "one of them hangs"
    assert world.stops() == [("b", 1)]


def test_mail_is_kept_while_urgent_mail_is_handled_over_a_crash(world: World) -> None:
    world.start(world.probe("a", on_start=Actor.hold))
    world.tell("a", Work(1), Work(2), Urgent(0, (Crash(),)))
    world.until(lambda: ("a", 2) in world.starts())
    world.tell("a", Urgent(3, (Call(Actor.release),)))
    world.until(lambda: world.numbers("a") == [3, 1, 2])


def test_a_child_named_twice_in_one_group_is_a_mistake_that_ends_the_process(
    world: World,
) -> None:
    """Two actors at one address would share its mail."""
    world.runtime.root(
        (Group("g", (world.probe("a"), Child("a", partial(Probe, world.recorder)))),)
    )
    assert world.code() == 70
    assert isinstance(world.runtime.broken, AssertionError)
    world.runtime.broken = None  # seen: no other test may have it
