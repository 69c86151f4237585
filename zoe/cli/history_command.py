"""zoe history: bars of pairs in the store, with what is missing filled from the exchange's candles."""

import time
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

import attrs

from zoe.adapters.kraken import public_calls
from zoe.adapters.kraken.client import NONCES
from zoe.adapters.kraken.rest import CallerSettings, RestCaller
from zoe.app import history, logs, stored_books
from zoe.app.history import Ask, Filled, market_of
from zoe.app.settings import Settings
from zoe.cli import catalog_command, configured, progress, show
from zoe.cli.configured import Exchange
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.errors import ConfigError
from zoe.domain.words import counted
from zoe.ports.venue import MOST_BARS
from zoe.store.bars import PostgresBars
from zoe.store.market_reading import focus

COLUMNS: Final = ("pair", "from", "to", "minutes", "missing", "filled", "problem")


def fill(arguments: Namespace) -> int:
    """Fills pairs, and lists them; 1 where minutes are still missing."""
    settings = configured.load(arguments)
    logs.silence()
    url = configured.address(settings, Exchange.REST)
    catalog = Catalog(1, {pair.symbol: pair for pair in catalog_command.fetch(url)})
    caller = RestCaller(None, CallerSettings(rest_url=url, nonces=NONCES))
    with closing(caller), stored_books.open_store(settings) as database:
        pairs = [_found(catalog, name) for name in arguments.pair or _focus(settings, database)]
        by_name = {pair.symbol: pair for pair in pairs}
        names = progress.over(tuple(by_name), "pairs")
        store = PostgresBars(database, market_of(settings))
        ask = _ask(caller, by_name)
        found = list(history.fill(store, ask, names, time.time_ns(), _pause))
    if arguments.json:
        show.document([attrs.asdict(each) for each in found])
    else:
        show.table(COLUMNS, map(_row, found))
    left = sum(each.missing - each.filled for each in found if each.problem is None)
    if left:
        show.note(f"{counted(left, 'minute')} still missing: the exchange has no candles there")
    return 1 if any(each.filled < each.missing for each in found) else 0


def _focus(settings: Settings, database: Any) -> Sequence[str]:
    return tuple(dict.fromkeys((*settings.desk.focus, *focus(database, None))))


def _found(catalog: Catalog, name: str) -> Instrument:
    pair = catalog.find(name)
    if pair is None:
        raise ConfigError(f"the exchange has no pair {name}")
    return pair


def _ask(caller: RestCaller, pairs: dict[str, Instrument]) -> Ask:
    def call(name: str, since: int) -> bytes:
        return caller.read(public_calls.ohlc(pairs[name].rest_id or name, 1, since))

    return history.ask_of(call)


def _pause() -> None:
    time.sleep(history.PAUSE_SECONDS)


def _row(found: Filled) -> dict[str, Any]:
    return {
        "pair": found.pair,
        "from": show.clock(found.begin_ns),
        "to": show.clock(found.end_ns),
        "minutes": str(MOST_BARS),
        "missing": str(found.missing),
        "filled": str(found.filled),
        "problem": found.problem,
    }
