"""The dry run is what would be sent: the same fields as the desk's own frames, types for others."""

import json
import time
from argparse import Namespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.cli import desk_commands, dry_run, grammar
from zoe.domain import order_wish
from zoe.domain.errors import ConfigError
from zoe.domain.order import Order, State

NOW_NS = 1_800_000_000_000_000_000
DAY = 86_400


def arguments(*words: str) -> Namespace:
    return grammar.parse(("order", "place", *words, "--dry-run"))


FRAMES = [
    (),
    ("--limit", "50000.5"),
    ("--limit", "50000", "--post-only"),
    ("--limit", "50000", "--tif", "fok"),
    ("--limit", "50000", "--tif", "gtd", "--expires", "2026-12-01T00:00:00Z"),
    ("--stop", "49000"),
    ("--stop", "49000", "--limit", "48900"),
    ("--take-profit", "60000"),
    ("--take-profit", "60000", "--limit", "59900", "--tif", "ioc"),
]


@pytest.mark.parametrize("words", FRAMES, ids=" ".join)
def test_a_frame_of_the_dry_run_is_the_desks_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    now_ns = 1_795_000_000_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    wanted = arguments("buy", "BTC/USD", "0.0100", *words, "--route", "ws")
    dry_run.show_request(wanted)
    printed = json.loads(capsys.readouterr().out)
    params = desk_commands._order_params(wanted)
    intent = order_wish.read(params, "", None, None, now_ns)
    order = Order(intent, State.SENDING, cl_ord_id=printed["params"]["cl_ord_id"])
    desks = json.loads(KrakenSession().add(order, 1, now_ns))
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
    wanted = arguments("sell", "BTC/USD", "1", *words)
    assert dry_run.new_order(wanted, NOW_NS).order_type == TYPES[words]


@given(seconds=st.integers(1, 31 * DAY))
def test_an_order_expires_so_many_seconds_from_now(seconds: int) -> None:
    assert order_wish.moment_ns(f"+{seconds}", NOW_NS) == NOW_NS + seconds * 1_000_000_000


def test_an_order_expires_at_a_time_of_any_zone() -> None:
    utc = order_wish.moment_ns("2027-01-15T09:00:00Z", NOW_NS)
    assert utc == order_wish.moment_ns("2027-01-15T10:00:00+01:00", NOW_NS) == 1_800_003_600 * 10**9


@pytest.mark.parametrize(
    "text", ["+0", "+2678401", "2027-01-15T07:00:00Z", "2027-01-15T09:00:00", "soon", "+", ""]
)
def test_a_time_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        order_wish.moment_ns(text, NOW_NS)


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


@pytest.mark.parametrize(
    ("name", "field", "params"),
    [
        (
            "OABCDE-FGHIJ-KLMNOP",
            "txid=OABCDE-FGHIJ-KLMNOP",
            {"order_id": ["OABCDE-FGHIJ-KLMNOP"]},
        ),
        (
            "0835958dc5264ad8aea8af54836de47e",
            "cl_ord_id=0835958d-c526-4ad8-aea8-af54836de47e",
            {"cl_ord_id": ["0835958d-c526-4ad8-aea8-af54836de47e"]},
        ),
    ],
)
def test_a_cancel_is_printed_as_it_would_be_sent_by_either_route(
    capsys: pytest.CaptureFixture[str], name: str, field: str, params: dict[str, list[str]]
) -> None:
    words = ("order", "cancel", name, "--dry-run")
    desk_commands.cancel(grammar.parse(words))
    first, body = capsys.readouterr().out.splitlines()
    assert first == "POST /0/private/CancelOrder"
    assert body.endswith(f"&{field}")
    desk_commands.cancel(grammar.parse((*words, "--route", "ws")))
    frame = json.loads(capsys.readouterr().out)
    assert (frame["method"], frame["params"]) == ("cancel_order", {**params, "token": ""})


def test_a_time_that_is_none_is_refused_with_what_times_look_like() -> None:
    for text in ("+99999999999999999999", "-5", "tomorrow"):
        with pytest.raises(ValueError, match=r"is neither \+SECONDS nor a time such as 2026"):
            order_wish.moment_ns(text, NOW_NS)


@pytest.mark.parametrize("trigger", ["--stop", "--take-profit"])
def test_what_the_desk_would_refuse_is_not_shown(trigger: str) -> None:
    wanted = arguments("buy", "BTC/USD", "1", trigger, "5", "--limit", "4", "--post-only")
    with pytest.raises(ConfigError, match="only a limit order can be --post-only"):
        desk_commands.place(wanted)


@pytest.mark.parametrize("prices", [("--limit", "30000"), ("--stop", "30000")])
def test_a_notional_is_divided_by_the_price_that_there_is(prices: tuple[str, ...]) -> None:
    wanted = arguments("buy", "BTC/USD", "--notional", "100", *prices)
    assert str(dry_run.new_order(wanted, NOW_NS).quantity).startswith("0.00333333")


def test_a_pair_is_written_as_the_exchange_does() -> None:
    wanted = arguments("buy", "btc/usd", "0.01", "--limit", "50000")
    assert dry_run.new_order(wanted, NOW_NS).pair == "BTC/USD"
