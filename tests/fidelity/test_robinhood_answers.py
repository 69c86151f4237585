"""Answers of Robinhood that others captured, or that its documents show, read by the adapter."""

import json
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from zoe.adapters.http_session import HttpAnswer
from zoe.adapters.robinhood import values, wire
from zoe.adapters.robinhood.errors import unwrap
from zoe.adapters.robinhood.sign import Credentials
from zoe.domain.errors import ExchangeRejected
from zoe.domain.quantity import Price, exact_sum

Read = Callable[[str], bytes]


def test_every_signature_that_was_published_or_computed_is_ours_too(robinhood: Read) -> None:
    told = json.loads(robinhood("signature-vectors"))
    credentials = Credentials(told["key"]["api_key"], told["key"]["private_seed_b64"])
    assert len(told["vectors"]) > 3
    for vector in told["vectors"]:
        headers = credentials.headers(
            int(vector["timestamp"]), vector["method"], vector["path"], vector["body"]
        )
        assert dict(headers)["x-signature"] == vector["x_signature"], vector["grade"]


@pytest.mark.parametrize(
    ("name", "decoder"),
    [
        ("keel-rh_accounts", wire.ACCOUNTS),
        ("keel-rh_holdings", wire.HOLDINGS),
        ("v1-holdings", wire.HOLDINGS),
        ("keel-rh_trading_pairs", wire.PAIRS),
        ("v1-trading_pairs", wire.PAIRS),
        ("keel-rh_best_bid_ask", wire.QUOTES),
        ("keel-rh_best_bid_ask_uncrossed", wire.QUOTES),
        ("v1-best_bid_ask", wire.QUOTES),
        ("keel-rh_estimated_price", wire.ESTIMATES),
        ("keel-rh_estimated_price_bid", wire.ESTIMATES),
        ("keel-rh_orders", wire.ORDERS),
        ("keel-rh_order_open", wire.ORDER),
        ("keel-rh_order_canceled", wire.ORDER),
        ("keel-rh_order_filled", wire.ORDER),
        ("v1-order-market-open", wire.ORDER),
        ("v1-order-market-filled", wire.ORDER),
    ],
)
def test_every_captured_answer_is_understood(
    robinhood: Read, name: str, decoder: "msgspec.json.Decoder[object]"
) -> None:
    found = wire.parse(decoder, robinhood(name))
    for row in found.results if isinstance(found, wire.Page) else [found]:
        if isinstance(row, wire.PairRow):
            pair = values.instrument(row)
            assert pair.quote == "USD" and pair.symbol == f"{pair.base}/USD"
        elif isinstance(row, wire.OrderRow):
            report, fills = values.report(row), values.fills(row)
            assert report.filled.value == exact_sum(fill.quantity.value for fill in fills)
            assert report.cost == exact_sum(fill.cost for fill in fills)
            assert report.fee == exact_sum(fill.fee for fill in fills)
        elif isinstance(row, wire.QuoteRow):
            assert values.best_bid_ask(row, 0).bid is not None


def test_a_crossed_quote_is_told_as_it_is(robinhood: Read) -> None:
    (row,) = wire.parse(wire.QUOTES, robinhood("keel-rh_best_bid_ask")).results
    quote = values.best_bid_ask(row, 5)
    assert quote.bid is not None and quote.ask is not None
    assert (quote.bid.value, quote.ask.value) == (Decimal("68329.2"), Decimal("68324.17"))


def test_an_order_of_new_york_time_is_told_in_nanoseconds_of_utc(robinhood: Read) -> None:
    report = values.report(wire.parse(wire.ORDER, robinhood("keel-rh_order_canceled")))
    assert report.opened_ns == 1_787_246_778_409_035_000  # 2026-08-20T17:26:18.409035Z
    assert (report.status, report.limit) == ("canceled", Price(Decimal("36352.78")))


def test_the_documents_error_is_told_with_the_field_it_is_about(robinhood: Read) -> None:
    told = json.loads(robinhood("docs-errors"))["validation_error_400"]
    with pytest.raises(ExchangeRejected, match="client_order_id: Must be a valid UUID"):
        unwrap(HttpAnswer(400, json.dumps(told).encode()), write=True)
