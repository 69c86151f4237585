"""The dry run is what would be sent: the same fields as the desk's own frames, types for others."""

import json
from argparse import Namespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.cli import desk_commands, dry_run, grammar
from zoe.domain.errors import ConfigError
from zoe.domain.order import Intent, Order, OrderType, Side, State, TimeInForce
from zoe.domain.quantity import Price, Quantity

NOW_NS = 1_800_000_000_000_000_000
DAY = 86_400


def arguments(*words: str) -> Namespace:
    return grammar.parse(("order", "place", *words, "--dry-run"))


@pytest.mark.parametrize("words", [(), ("--limit", "50000.5"), ("--limit", "50000", "--post-only")])
def test_a_frame_of_the_dry_run_is_the_desks_own(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    wanted = arguments("buy", "BTC/USD", "0.0100", *words, "--route", "ws")
    dry_run.show_request(wanted)
    printed = json.loads(capsys.readouterr().out)
    limit = None if wanted.limit is None else Price.of(wanted.limit)
    intent = Intent(
        intent_id="",
        source="person",
        slot=None,
        pair="BTC/USD",
        side=Side.BUY,
        order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=Quantity.of("0.0100"),
        limit_price=limit,
        time_in_force=TimeInForce.GTC,
        post_only=wanted.post_only,
    )
    order = Order(intent, State.SENDING, cl_ord_id=printed["params"]["cl_ord_id"])
    desks = json.loads(KrakenSession().add(order, 1, NOW_NS))
    for frame in (printed, desks):
        del frame["params"]["deadline"]
    assert printed == desks


TYPES = {
    (): "market",
    ("--limit", "5"): "limit",
    ("--stop", "5"): "stop-loss",
    ("--stop", "5", "--limit", "4"): "stop-loss-limit",
    ("--take-profit", "5"): "take-profit",
    ("--take-profit", "5", "--limit", "4"): "take-profit-limit",
}


@pytest.mark.parametrize("words", TYPES)
def test_every_type_has_the_exchanges_word(words: tuple[str, ...]) -> None:
    assert dry_run.order_type(arguments("sell", "BTC/USD", "1", *words)) == TYPES[words]


@given(seconds=st.integers(1, 31 * DAY))
def test_an_order_expires_so_many_seconds_from_now(seconds: int) -> None:
    assert dry_run.moment_ns(f"+{seconds}", NOW_NS) == NOW_NS + seconds * 1_000_000_000


def test_an_order_expires_at_a_time_of_any_zone() -> None:
    utc = dry_run.moment_ns("2027-01-15T09:00:00Z", NOW_NS)
    assert utc == dry_run.moment_ns("2027-01-15T10:00:00+01:00", NOW_NS) == 1_800_003_600 * 10**9


@pytest.mark.parametrize(
    "text", ["+0", "+2678401", "2027-01-15T07:00:00Z", "2027-01-15T09:00:00", "soon", "+", ""]
)
def test_a_time_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        dry_run.moment_ns(text, NOW_NS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stop", "5", "--take-profit", "6"), "either --stop or --take-profit"),
        (("--limit", "5", "--tif", "gtd"), "need each other"),
        (("--limit", "5", "--expires", "+60"), "need each other"),
    ],
)
def test_contradictions_are_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        desk_commands.place(arguments("buy", "BTC/USD", "1", *words))


@pytest.mark.parametrize("option", ["--stop", "--take-profit"])
def test_what_the_desk_cannot_place_is_refused_before_it_is_asked(option: str) -> None:
    wanted = grammar.parse(("order", "place", "sell", "BTC/USD", "1", option, "5"))
    with pytest.raises(ConfigError, match=f"the desk has no {option} yet"):
        desk_commands.place(wanted)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("OABCDE-FGHIJ-KLMNOP", "txid=OABCDE-FGHIJ-KLMNOP"),
        ("0835958dc5264ad8aea8af54836de47e", "cl_ord_id=0835958d-c526-4ad8-aea8-af54836de47e"),
    ],
)
def test_an_amend_is_printed_as_it_would_be_sent_by_either_route(
    capsys: pytest.CaptureFixture[str], name: str, field: str
) -> None:
    words = ("order", "amend", name, "--price", "50100", "--quantity", "0.01", "--dry-run")
    desk_commands.amend(grammar.parse(words))
    first, body = capsys.readouterr().out.splitlines()
    assert first == "POST /0/private/AmendOrder"
    assert field in body and "order_qty=0.01&limit_price=50100" in body
    desk_commands.amend(grammar.parse((*words, "--route", "ws")))
    frame = json.loads(capsys.readouterr().out)
    assert frame["method"] == "amend_order" and frame["params"]["token"] == ""
    with pytest.raises(ConfigError, match="give --price, --quantity or both"):
        desk_commands.amend(grammar.parse(("order", "amend", name)))
