"""``zoe catalog``: every pair with all its names, from the exchange itself."""

import os
from argparse import Namespace
from collections.abc import Iterable
from typing import Any, Final

from zoe.adapters.kraken.venue import KrakenVenue
from zoe.adapters.wire import once
from zoe.app import dotenv
from zoe.app.settings import Settings
from zoe.cli import configured, show
from zoe.cli.configured import Exchange
from zoe.domain.catalog import Instrument
from zoe.domain.errors import ExchangeUnavailable
from zoe.domain.quantity import plain
from zoe.domain.words import hint
from zoe.messages.wire import WireLost, WireRequest
from zoe.ports.venue import GetInstruments

NONE_FOUND: Final = 1
_CALL_SECONDS: Final = 15
_COLUMNS: Final = (
    *("ws_v2", "rest_id", "altname", "ws_v1", "status", "price_increment", "qty_increment"),
    *("qty_min", "cost_min"),
)


def catalog(arguments: Namespace) -> int:
    """Lists pairs; exit code 1 where a search finds none."""
    settings = configured.load(arguments)
    pairs = sorted(_pairs(settings), key=lambda pair: pair.symbol)
    found = [row(pair) for pair in pairs if matches(pair, arguments.search)]
    if arguments.json:
        show.document(found)
    elif found:
        show.table(_COLUMNS, found)
    if found:
        return 0
    show.note(
        "the exchange has no pairs"
        if arguments.search is None
        else f"no pair is called {arguments.search}{hint(arguments.search, _every_name(pairs))}"
    )
    return NONE_FOUND


def _pairs(settings: Settings) -> tuple[Instrument, ...]:
    if settings.exchange.name == "robinhood":
        # Its signatures' library takes longer to load than the rest of a command.
        from zoe.adapters.robinhood.client import RobinhoodClient

        with RobinhoodClient.from_environment(dotenv.over(os.environ)) as client:
            return client.get_trading_pairs()
    return fetch(configured.address(settings, Exchange.REST))


def fetch(rest_url: str) -> tuple[Instrument, ...]:
    """Every pair of the exchange at that address.

    Raises:
        ExchangeUnavailable: It cannot be reached; other errors as the venue's.
    """
    venue, operation = KrakenVenue(None, rest_url), GetInstruments()
    asked = venue.request(operation, None)
    wire = WireRequest(0, "catalog", asked.method, asked.url, asked.headers, b"", _CALL_SECONDS)
    answer = once(wire)
    if isinstance(answer, WireLost):
        raise ExchangeUnavailable(f"{rest_url}: {answer.reason}")
    found = venue.result(operation, answer.status, answer.body, None)
    assert isinstance(found, tuple)
    return tuple(pair for pair in found if isinstance(pair, Instrument))


def row(pair: Instrument) -> dict[str, Any]:
    """A pair as it is shown: names, steps and minimums, numbers as text."""
    return {
        "symbol": pair.symbol,
        "rest_id": pair.rest_id,
        "altname": pair.altname,
        "ws_v1": pair.wsname,
        "ws_v2": pair.symbol,
        "base": pair.base,
        "quote": pair.quote,
        "status": pair.status,
        "price_precision": pair.price_precision,
        "price_increment": plain(pair.price_increment),
        "qty_precision": pair.qty_precision,
        "qty_increment": plain(pair.qty_increment),
        "qty_min": plain(pair.qty_min),
        "cost_precision": pair.cost_precision,
        "cost_min": plain(pair.cost_min),
    }


def matches(pair: Instrument, text: str | None) -> bool:
    """Whether any name of the pair holds the text; case and slashes do not matter."""
    wanted = (text or "").upper().replace("/", "")
    return any(wanted in name.upper().replace("/", "") for name in _names(pair))


def _names(pair: Instrument) -> tuple[str, ...]:
    return tuple(filter(None, (pair.symbol, pair.rest_id, pair.altname, pair.wsname)))


def _every_name(pairs: Iterable[Instrument]) -> list[str]:
    return [name for pair in pairs for name in _names(pair)]
