"""FeeKeeper on a stage: few calls, what is known said again, and a refused pair that stops no other."""

from decimal import Decimal

from stage import Stage

from zoe.actors.fee_keeper import EACH_NS, PATIENCE_NS, PAUSE_NS, REST_NS, FeeKeeper
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.fees import PairFee
from zoe.messages.gateway import Failure, PrivateAnswered, PrivateCall
from zoe.messages.ledger import FeesKnown, FeesWanted
from zoe.messages.system import CatalogChanged
from zoe.ports.venue import GetFees

OTHERS = ("gateway", "catalogue", "strategy/x", "strategy/y")
PAIRS = ("A/USD", "B/USD", "C/USD", "D/USD")
HOUR = 3_600


def instrument(symbol: str) -> Instrument:
    base, quote = symbol.split("/")
    one = Decimal(1)
    return Instrument(symbol, base, quote, "online", 1, one, 8, one, one, 5, one)


def keeper(*wanted: str) -> Stage:
    stage = Stage("fees", FeeKeeper, OTHERS)
    stage.tell(CatalogChanged(Catalog(1, {symbol: instrument(symbol) for symbol in PAIRS})))
    stage.tell_from("strategy/x", FeesWanted(wanted))
    stage.run(15)
    return stage


def asked(stage: Stage) -> list[tuple[str, ...]]:
    """The pairs of each call."""
    found = []
    for call in stage.heard("gateway", PrivateCall):
        assert isinstance(call.operation, GetFees)
        found.append(tuple(pair.symbol for pair in call.operation.pairs))
    return found


def fee(symbol: str) -> PairFee:
    return PairFee(symbol, Decimal(14), Decimal(24))


def answer(stage: Stage, *symbols: str, failure: Failure | None = None) -> None:
    """What came of the newest call."""
    ref = stage.heard("gateway", PrivateCall)[-1].ref
    result = tuple(map(fee, symbols))
    stage.tell(PrivateAnswered(ref, result, failure, None if failure is None else "EQuery"))


def test_fees_are_asked_for_together_told_and_asked_for_again_after_some_hours() -> None:
    stage = keeper("A/USD", "B/USD", "X/USD")
    assert asked(stage) == [("A/USD", "B/USD")]
    answer(stage, "A/USD", "B/USD")
    assert stage.heard("strategy/x", FeesKnown) == [FeesKnown((fee("A/USD"), fee("B/USD")))]
    stage.run(EACH_NS / 1e9 - 60)
    assert len(asked(stage)) == 1
    stage.run(120)
    assert asked(stage)[1:] == [("A/USD", "B/USD")]


def test_who_comes_later_is_told_what_is_known_and_only_the_rest_is_asked_for() -> None:
    stage = keeper("A/USD")
    answer(stage, "A/USD")
    stage.tell_from("strategy/y", FeesWanted(("A/USD", "C/USD")))
    assert stage.heard("strategy/y", FeesKnown) == [FeesKnown((fee("A/USD"),))]
    stage.run(REST_NS / 1e9 + 15)
    assert asked(stage) == [("A/USD",), ("C/USD",)]


def test_a_pair_that_is_refused_is_found_and_left_out() -> None:
    stage = keeper(*PAIRS)
    for _ in range(8):
        pairs = asked(stage)[-1]
        if "C/USD" in pairs:
            answer(stage, failure=Failure.REFUSED)
        else:
            answer(stage, *pairs)
        stage.run(PAUSE_NS / 1e9 + 15)
    told = {each.symbol for news in stage.heard("strategy/x", FeesKnown) for each in news.fees}
    assert told == {"A/USD", "B/USD", "D/USD"}
    assert len(asked(stage)) < 10


def test_a_failure_is_no_reason_to_hammer_and_a_lost_answer_is_given_up() -> None:
    stage = keeper("A/USD")
    answer(stage, failure=Failure.UNKNOWN)
    stage.run(PAUSE_NS / 1e9 - 30)
    assert len(asked(stage)) == 1
    stage.run(60)
    assert len(asked(stage)) == 2
    stage.run(PATIENCE_NS / 1e9 + 30)
    assert len(asked(stage)) == 3
