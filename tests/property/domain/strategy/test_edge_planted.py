"""The rules are audited: each bug, put into the Edge Factory, is found by one of them.

The table in docs/edge-factory.md names bug and rule; it is compared with this one.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import edge_plain
import edge_rules
import edge_sameness
import pytest
from edge_views import Case, Choices, case, worked

from zoe.domain.order import Side
from zoe.domain.strategy import (
    edge_factory,
    edge_pull,
    edge_quotes,
    edge_state,
    edge_terms,
    fair_value,
    glft,
    sizing,
)
from zoe.domain.strategy.adverse import Adverse
from zoe.domain.strategy.volatility import Volatility

PAGE = Path(__file__).parents[4] / "docs" / "edge-factory.md"
MOST_CASES = 3_000

Make = Callable[[Choices], Case]
#: Each rule with the cases that it is tried on.
RULES: dict[str, tuple[Callable[[Case], None], Make]] = {
    "never takes": (edge_rules.never_takes, worked),
    "within sleeve and cash": (edge_rules.within_sleeve_and_cash, worked),
    "keeps its edge": (edge_rules.keeps_its_edge, case),
    "more inventory lowers": (edge_rules.more_inventory_lowers, case),
    "worse never narrows": (edge_rules.worse_never_narrows, case),
    "scales": (edge_sameness.scales, worked),
    "mirrors": (edge_sameness.mirrors, case),
    "order of siblings": (edge_sameness.order_of_siblings, case),
    "unchanged": (edge_sameness.unchanged, worked),
    "pull empties": (edge_sameness.pull_empties, worked),
}


def _skewed(made_of: glft.Spread, bid: int, ask: int, q_milli: int) -> glft.Distances:
    return glft.distances(made_of, bid, ask, -q_milli)


def _calmer(gamma: float, rate: Any, sigma: float, cost: int, e_min: int) -> glft.Spread:
    return glft.spread(gamma, rate, 1 / sigma, cost, e_min)


def _first(mine: Any, error: Any, siblings: Any, usual: Any, weighing: Any) -> Any:
    return fair_value.combined(mine, error, list(siblings)[:1], usual, weighing)


def _lopsided(levels: Any, least: int, scale: float) -> float:
    """Asks count for more than bids."""
    whole = sum(quantity for _, quantity in levels if quantity >= least)
    return float(whole * (2 if scale < 0 else 1))


def _again(state: Any, view: Any, kept: Any, *, is_usable: bool) -> Any:
    forgetful = attrs.evolve(state, learned=(0, -1))
    return edge_state.learnt(forgetful, view, kept, is_usable=is_usable)


def _careless(scene: Any, *, leaving: bool) -> Any:
    want, plan = edge_quotes.ask(scene, leaving=leaving), scene.plan
    if isinstance(want, str):
        return want
    distance, tick = (plan.leaving if leaving else plan.ask).distance, scene.kept.steps.tick
    price = edge_plain.price_at(scene.fair, distance, Side.SELL, tick)
    return attrs.evolve(want, price=price)


def _up(scene: Any) -> Any:
    want = edge_quotes.bid(scene)
    if isinstance(want, str):
        return want
    return attrs.evolve(want, price=want.price + scene.kept.steps.tick)


#: Bug, the rule that finds it, and what is put where.
PLANTED: tuple[tuple[str, str, object, str, object], ...] = (
    ("the skew has the wrong sign", "more inventory lowers", edge_terms, "distances", _skewed),
    ("the fee is ignored", "keeps its edge", edge_terms, "fee_milli", lambda account: 0),
    ("adverse selection is ignored", "keeps its edge", Adverse, "cost_milli", lambda *_: 0),
    ("bids round up", "keeps its edge", edge_factory, "bid", _up),
    ("asks have no floor", "keeps its edge", edge_terms, "ask_floor_milli", lambda *_: -10**6),
    ("risk falls as volatility grows", "worse never narrows", edge_terms, "spread", _calmer),
    ("quotes may take", "never takes", edge_factory, "ask", _careless),
    ("cash is not counted", "within sleeve and cash", sizing, "spendable", lambda *_: 10**60),
    ("more is sold than is held", "within sleeve and cash", sizing, "sale", lambda w, *_: w),
    ("moves are in price units", "scales", Volatility, "move_bps",
     lambda self, fair: (fair - self.fair) / fair_value.FINE),
    ("asks weigh more than bids", "mirrors", fair_value, "_weighted", _lopsided),
    ("only the first sibling counts", "order of siblings", edge_state, "combined", _first),
    ("a View teaches twice", "unchanged", edge_factory, "learnt", _again),
    ("an old book is quoted on", "pull empties", edge_pull, "_fault_of", lambda *_: None),
)  # fmt: skip


def found_after(rule: str) -> int | None:
    """How many cases until a rule is broken; None where none of many breaks it."""
    check, make = RULES[rule]
    chance = random.Random(7)
    for number in range(1, MOST_CASES + 1):
        one = make(Choices(lambda: chance.randrange(1 << 24)))
        try:
            check(one)
        except AssertionError:
            return number
    return None


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug[0])
def test_a_planted_bug_is_found(
    bug: tuple[str, str, object, str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, rule, where, name, wrong = bug
    monkeypatch.setattr(where, name, wrong)
    assert found_after(rule) is not None


def test_the_page_names_every_planted_bug_and_the_rule_that_finds_it() -> None:
    rows = {line for line in PAGE.read_text().splitlines() if line.startswith("| ")}
    assert {f"| {bug} | {rule} |" for bug, rule, *_ in PLANTED} <= rows
