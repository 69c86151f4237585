"""The rate counters against the same arithmetic in fractions."""

from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from zoe.domain.limit_words import FIRST_PAUSE_NS
from zoe.domain.limiter import Limiter
from zoe.domain.ratelimit import TIERS, Action, Wish, by_age, engine_cost_milli

SECOND = 1_000_000_000
ACTIONS = st.sampled_from((Action.ADD, Action.AMEND, Action.EDIT, Action.CANCEL))
SPENT = st.lists(
    st.tuples(st.integers(0, 20 * SECOND), ACTIONS, st.integers(0, 400 * SECOND)), max_size=40
)


def value_milli(limiter: Limiter, now_ns: int) -> Fraction:
    pairs = limiter.snapshot(now_ns)["pairs"]
    assert isinstance(pairs, dict)
    return Fraction(pairs.get("X/Y", "0")) * 1_000


@given(st.sampled_from(sorted(TIERS)), SPENT)
def test_the_prediction_is_never_below_the_truth_and_hardly_above(
    name: str, spent: list[tuple[int, Action, int]]
) -> None:
    tier = TIERS[name]
    limiter, truth, now_ns = Limiter(tier, reserve=0), Fraction(0), 0
    for passed, action, age_ns in spent:
        now_ns += passed
        truth = max(truth - Fraction(passed * tier.engine_decay_milli, SECOND), Fraction(0))
        limiter.engine_spend(Wish("X/Y", action, age_ns), now_ns)
        truth += engine_cost_milli(action, age_ns)
        # Each step rounds up by less than a thousandth of a point.
        assert truth <= value_milli(limiter, now_ns) < truth + len(spent)


@given(st.sampled_from(sorted(TIERS)), SPENT, ACTIONS, st.integers(0, 400 * SECOND))
def test_after_the_wait_an_action_fits_and_just_before_it_does_not(
    name: str, spent: list[tuple[int, Action, int]], action: Action, age_ns: int
) -> None:
    limiter, now_ns = Limiter(TIERS[name], reserve=20), 0
    for passed, earlier, age in spent:
        now_ns += passed // 20
        limiter.engine_spend(Wish("X/Y", earlier, age), now_ns)
    wait_ns = limiter.engine_wait_ns(Wish("X/Y", action, age_ns), now_ns)
    ceiling = (TIERS[name].engine_threshold - 20) * 1_000
    cost = engine_cost_milli(action, age_ns)
    if action is not Action.CANCEL:
        assert value_milli(limiter, now_ns + wait_ns) + cost <= ceiling
        if wait_ns:
            step_ns = SECOND // TIERS[name].engine_decay_milli + 1
            earlier_ns = now_ns + max(wait_ns - step_ns, 0)
            assert value_milli(limiter, earlier_ns) + cost > ceiling
    else:
        assert wait_ns == 0


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 8 * SECOND),
        st.sampled_from((Action.ADD, Action.ADD, Action.AMEND, Action.CANCEL)),
        st.integers(0, 5),
    ),
    max_size=60,
)


@given(st.sampled_from(sorted(TIERS)), ORDERS)
@example("starter", [(0, Action.ADD, 0)] * 10)
def test_all_that_was_let_through_can_be_canceled_at_once_at_any_time(
    name: str, wishes: list[tuple[int, Action, int]]
) -> None:
    """An independent count, in fractions: adds and amends wait as told, cancels never."""
    tier = TIERS[name]
    limiter = Limiter(tier, reserve=0)
    truth, now_ns = Fraction(0), 0
    since: dict[str, int] = {}
    for made, (passed, action, which) in enumerate(wishes):
        ref = f"o{made}" if action is Action.ADD else next(iter([*since][which:]), "")
        if not ref:
            continue
        waited = passed
        age_ns = None if action is Action.ADD else now_ns + passed - since[ref]
        waited += limiter.engine_wait_ns(Wish("X/Y", action, age_ns, ref), now_ns + passed)
        assert action is not Action.CANCEL or waited == passed
        now_ns += waited
        truth = max(truth - Fraction(waited * tier.engine_decay_milli, SECOND), Fraction(0))
        age_ns = None if action is Action.ADD else now_ns - since[ref]
        limiter.engine_spend(Wish("X/Y", action, age_ns, ref), now_ns)
        truth += engine_cost_milli(action, age_ns)
        since.pop(ref, None)
        if action is not Action.CANCEL:
            since[ref] = now_ns
        owed = sum(by_age(Action.CANCEL, now_ns - at_ns) for at_ns in since.values())
        assert truth + owed <= tier.engine_threshold * 1_000


class Exchange:
    """The exchange's own count of a pair, with what somebody else has used."""

    def __init__(self, name: str, used: int, now_ns: int) -> None:
        tier = TIERS[name]
        self._most, self._decay = tier.engine_threshold * 1_000, tier.engine_decay_milli
        self._level, self._at_ns = Fraction(min(used * 1_000, self._most)), now_ns

    def takes(self, cost_milli: int, now_ns: int) -> bool:
        """Whether there is room for an action, which is counted then."""
        decayed = Fraction((now_ns - self._at_ns) * self._decay, SECOND)
        self._level, self._at_ns = max(self._level - decayed, Fraction(0)), now_ns
        fits = self._level + cost_milli <= self._most
        self._level += cost_milli if fits else 0
        return fits


@given(
    st.sampled_from(sorted(TIERS)),
    st.integers(0, 180),
    st.lists(st.integers(0, 100 * SECOND), min_size=1, max_size=60),
    st.integers(0, SECOND),
)
@example("pro", 180, [0] * 60, SECOND)
@example("starter", 60, [4 * SECOND] * 8, 0)
def test_cancels_that_were_refused_leave_as_the_counter_decays_and_none_is_refused_again(
    name: str, used: int, ages_ns: list[int], latency_ns: int
) -> None:
    now_ns = 100 * SECOND
    limiter, exchange = Limiter(TIERS[name], reserve=0), Exchange(name, used, now_ns)
    born_ns = {f"o{number}": now_ns - age_ns for number, age_ns in enumerate(ages_ns)}
    for ref, at_ns in born_ns.items():
        limiter.engine_placed("X/Y", ref, at_ns)

    def accepted(ref: str) -> bool:
        cancel = limiter.engine_aged(Wish("X/Y", Action.CANCEL, 0, ref), now_ns)
        limiter.engine_spend(cancel, now_ns)
        return exchange.takes(by_age(Action.CANCEL, now_ns - born_ns[ref]), now_ns)

    def wait_ns(ref: str) -> int:
        cancel = limiter.engine_aged(Wish("X/Y", Action.CANCEL, 0, ref), now_ns)
        return limiter.engine_wait_ns(cancel, now_ns)

    assert not any(map(wait_ns, born_ns)), "nobody has refused yet"
    refused = [ref for ref in born_ns if not accepted(ref)]
    costs_milli = sum(by_age(Action.CANCEL, now_ns - born_ns[ref]) for ref in refused)
    now_ns += latency_ns
    for _ in refused:
        limiter.engine_throttled("X/Y", now_ns)
    heard_ns = now_ns
    for ref in refused:
        now_ns += wait_ns(ref)
        assert wait_ns(ref) == 0
        assert accepted(ref)
    decay = TIERS[name].engine_decay_milli
    latest_ns = FIRST_PAUSE_NS + Fraction(costs_milli * SECOND, decay) + len(refused)
    assert now_ns - heard_ns <= latest_ns
