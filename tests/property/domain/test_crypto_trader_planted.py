"""Bugs planted in CryptoTrader are found by its promises: lives from one seed, until one is broken.

``python tests/property/domain/test_crypto_trader_planted.py`` prints the table of
docs/crypto-trader.md.
"""

import random
from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest
from trader_lives import live

from zoe.domain.strategy import trader_entry, trader_hold, trader_stop
from zoe.domain.strategy.trader_look import Look
from zoe.domain.strategy.trader_state import State, Trade

SEED: Final = 8
MOST: Final = 500
Plant = Callable[[pytest.MonkeyPatch], None]


def _stop_follows_down(patch: pytest.MonkeyPatch) -> None:
    trailed = trader_hold._trailed

    def lowered(trade: Trade, look: Look) -> Trade:
        after = trailed(trade, look)
        return after if look.bid is None else attrs.evolve(after, stop=look.bid * 98 // 100)

    patch.setattr(trader_hold, "_trailed", lowered)


def _opens_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(State, "was_opened", lambda *_: False)


def _fees_are_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Look, "maker_fee_mbps", property(lambda _: 0))
    patch.setattr(Look, "taker_fee_mbps", property(lambda _: 0))


def _sells_what_is_offered_already(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Look, "sellable", lambda look, _: look.floor(look.held))


def _enters_in_any_market(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trader_entry, "risk_off", lambda *_: None)


def _chases_at_the_size_of_the_first_price(patch: pytest.MonkeyPatch) -> None:
    """The stop stays behind while the entry climbs."""
    chase = trader_entry.chase

    def behind(state: State, trade: Trade, look: Look) -> Any:
        after, wants, reasons = chase(state, trade, look)
        now = after.trade(trade.pair)
        assert now is not None
        return after.with_trade(attrs.evolve(now, stop=trade.stop * 9 // 10)), wants, reasons

    patch.setattr(trader_hold, "chase", behind)


def _cooldowns_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(State, "with_pause", lambda state, *_: state)


def _resting_stop_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trader_stop, "wanted", lambda *_: ())


def _resting_stop_keeps_its_first_size(patch: pytest.MonkeyPatch) -> None:
    wanted = trader_stop.wanted

    def as_first(trade: Trade, look: Look, taken: int) -> Any:
        return trader_stop.as_it_is(look) or wanted(trade, look, taken)

    patch.setattr(trader_stop, "wanted", as_first)


PLANTED: Final[dict[str, Plant]] = {
    "a stop follows the price down": _stop_follows_down,
    "a signal opens twice": _opens_again,
    "fees are ignored": _fees_are_ignored,
    "coins are offered twice": _sells_what_is_offered_already,
    "entries go on in risk-off": _enters_in_any_market,
    "the stop falls while the entry chases": _chases_at_the_size_of_the_first_price,
    "cooldowns are forgotten": _cooldowns_are_forgotten,
    "a resting stop is forgotten": _resting_stop_is_forgotten,
    "a resting stop keeps its first size": _resting_stop_keeps_its_first_size,
}


def lives_until_found(plant: Plant | None) -> tuple[int, str] | None:
    """How many lives it took to break a promise, and which; None where none of MOST did."""
    dice = random.Random(SEED)
    with pytest.MonkeyPatch.context() as patch:
        if plant is not None:
            plant(patch)
        for count in range(1, MOST + 1):
            try:
                live(dice.randbytes(120))
            except AssertionError as broken:
                return count, str(broken).partition("\n")[0]
    return None


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_breaks_a_promise(name: str) -> None:
    assert lives_until_found(PLANTED[name]) is not None


if __name__ == "__main__":
    print("| planted bug | lives | what was said |\n|---|---|---|")
    for name, plant in PLANTED.items():
        print(f"| {name} | {' | '.join(map(str, lives_until_found(plant) or ('-', '-')))} |")
    print("| none |", *(lives_until_found(None) or (f"none in {MOST}", "|  |")))
