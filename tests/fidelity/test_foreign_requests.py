"""``zoe order place --dry-run`` prints what ccxt sends for the same order, field by field.

What the command has no word for (an amount in quote currency, which asset pays the fee) is compared
with what a user of the library sends.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import attrs
import commands
import foreign
import pytest
from foreign import Report
from sandboxes import running

from zoe.adapters.kraken import trading_calls
from zoe.adapters.kraken.order_form import NewOrder

EXPIRES_SECONDS: Final = 600
NUMBERS: Final = {"volume", "price", "price2"}
#: What zoe says beside: who it is, until when, and which asset pays the fee.
OWN: Final = {"cl_ord_id", "deadline"}
OWN_FLAG: Final = "fciq"
#: The same orders as in the program ``ccxt_requests``.
ORDERS: Final = {
    "market": ("buy", "0.01"),
    "limit": ("sell", "0.25", "--limit", "9999.5"),
    "post_only": ("buy", "0.01", "--limit", "1000.25", "--post-only"),
    "ioc": ("buy", "0.01", "--limit", "1000.25", "--tif", "ioc"),
    "fok": ("buy", "0.01", "--limit", "1000.25", "--tif", "fok"),
    "gtd": ("buy", "0.01", "--limit", "1000.25", "--tif", "gtd", "--expires", "+600"),
    "stop_loss": ("sell", "0.01", "--stop", "1000.25"),
    "stop_loss_limit": ("sell", "0.01", "--stop", "1000.25", "--limit", "900.5"),
    "take_profit": ("sell", "0.01", "--take-profit", "9000.5"),
    "take_profit_limit": ("sell", "0.01", "--take-profit", "9000.5", "--limit", "8999.5"),
    "reduce_only": ("sell", "0.01", "--limit", "9999.5", "--reduce-only"),
}

#: What the library sends for others of them.
IN_QUOTE: Final = NewOrder(
    pair="XETHZUSD",
    side="buy",
    order_type="market",
    quantity=Decimal("50.5"),
    in_quote=True,
    fee_in=None,
)
LIMIT: Final = NewOrder(
    pair="XETHZUSD",
    side="sell",
    order_type="limit",
    quantity=Decimal("0.25"),
    limit=Decimal("9999.5"),
    fee_in="base",
)
LIBRARY: Final = {
    "in_quote": IN_QUOTE,
    "fee_in_base": LIMIT,
    "fee_in_quote": attrs.evolve(LIMIT, side="buy", limit=Decimal("1000.25"), fee_in="quote"),
    "fee_and_post": attrs.evolve(LIMIT, post_only=True),
}


@pytest.fixture(scope="module")
def ccxt_sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    foreign.python()
    with running(tmp_path_factory.mktemp("requests"), "--market", "quiet") as sandbox:
        yield foreign.run(sandbox, "ccxt_requests")["ccxt_requests"]


def dry_run(place: Path, *words: str) -> tuple[str, dict[str, str]]:
    """The first line, and the fields of the body."""
    side, *more = words
    words = ("order", "place", side, "XETHZUSD", *more, "--dry-run")
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(place), "ZOE_STATE_DIR": str(place)}
    done = commands.run(words, environ, place)
    assert done.returncode == 0, done.stderr
    first, body = done.stdout.splitlines()
    return first, dict(parse_qsl(body, strict_parsing=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", ORDERS)
def test_the_dry_run_is_what_ccxt_sends(ccxt_sent: Report, tmp_path: Path, name: str) -> None:
    theirs = dict(ccxt_sent.gave(name))
    first, ours = dry_run(tmp_path, *ORDERS[name])
    assert first == "POST /0/private/AddOrder"
    assert theirs.pop("validate") == "true"
    assert set(ours) - set(theirs) <= OWN | {"oflags"}
    assert int(ours.pop("nonce")) > 0
    assert int(theirs.pop("nonce")) > 0
    if "expiretm" in theirs:
        assert abs(int(theirs.pop("expiretm")) - int(ours.pop("expiretm"))) < EXPIRES_SECONDS
    flags = set(ours.pop("oflags").split(","))
    assert flags - {OWN_FLAG} == set(filter(None, theirs.pop("oflags", "").split(",")))
    for field in NUMBERS & set(theirs):
        assert Decimal(ours.pop(field)) == Decimal(theirs.pop(field)), field
    assert {field: text for field, text in ours.items() if field not in OWN} == theirs


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARY)
def test_the_librarys_order_is_what_ccxt_sends(ccxt_sent: Report, name: str) -> None:
    theirs = dict(ccxt_sent.gave(name))
    call = trading_calls.add_order(LIBRARY[name])
    ours = dict(call.params)
    assert call.path == "/0/private/AddOrder"
    assert (theirs.pop("validate"), int(theirs.pop("nonce")) > 0) == ("true", True)
    assert Decimal(ours.pop("volume")) == Decimal(theirs.pop("volume"))
    assert Decimal(ours.pop("price", "0")) == Decimal(theirs.pop("price", "0"))
    assert ours == theirs
