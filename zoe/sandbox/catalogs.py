"""Which assets and pairs an exchange has: well-known ones, generated ones, or those of a file."""

import csv
import difflib
import io
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import islice, product
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Final

import attrs
import msgspec

from zoe.sandbox import pairs as known
from zoe.sandbox.core.catalog import Asset, Catalog, Pair
from zoe.sandbox.problems import CannotStart

ALL: Final = "all"
#: How many pairs ``all`` means where no file names them.
ALL_PAIRS: Final = 1_000
_CSV_COST_DECIMALS: Final = 5
_V1_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
_V2_NAMES: Final = {v1: v2 for v2, v1 in _V1_NAMES.items()}
_UNDERSCORED: Final = {
    name.replace("_", ""): name
    for name in ("deposit_only", "withdrawal_only", "funding_temporarily_disabled")
}
Row = Mapping[str, Any]


@attrs.frozen
class Listed:
    """What an exchange lists."""

    assets: tuple[Asset, ...]
    pairs: tuple[Pair, ...]


@attrs.frozen
class _Steps:
    """Numbers as a table or a file has them."""

    tick: object
    qty_min: object
    cost_min: object


def choose(file: Path | None, wanted: str | None) -> Listed:
    """Assets and pairs for ``--catalog`` and ``--pairs``.

    Args:
        wanted: Names separated by commas, ``all``, or None: all of a file, or the well-known ones.

    Raises:
        CannotStart: The file cannot be read, or a name is unknown.
    """
    listed = well_known() if file is None else from_file(file)
    if wanted is None or (wanted == ALL and file is not None):
        return listed
    if wanted == ALL:
        return with_generated(listed, ALL_PAIRS)
    return attrs.evolve(listed, pairs=tuple(_named(listed, wanted)))


def _named(listed: Listed, wanted: str) -> Iterator[Pair]:
    catalog = Catalog(listed.assets, listed.pairs)
    for name in dict.fromkeys(filter(None, map(str.strip, wanted.split(",")))):
        pair = catalog.pair(name)
        if pair is None:
            near = difflib.get_close_matches(name.upper(), catalog.pairs, 1, 0)
            raise CannotStart(f"pair {name} is not known; did you mean {''.join(near)}?")
        yield pair


def well_known() -> Listed:
    """Those of zoe's own table."""
    return _listed([_known_pair(*row) for row in known.PAIRS], known.ASSETS)


def _known_pair(symbol: str, price: int, qty: int, qty_min: str, cost: int) -> Pair:
    tick = Decimal(1).scaleb(-price)
    return _pair(symbol, (price, qty, cost), _Steps(tick, qty_min, _cost_minimum(symbol)))


def with_generated(listed: Listed, count: int) -> Listed:
    """As many more as are missing, named ``GAAA/USD`` and so on; always the same."""
    missing = count - len(listed.pairs)
    names = ("G" + "".join(letters) for letters in product(ascii_uppercase, repeat=3))
    quoted = (f"{name}/{quote}" for name in names for quote in ("USD", "EUR"))
    more = [
        _known_pair(symbol, 2 + number // 2 % 6, 8 if number % 3 else 5, "1", 8)
        for number, symbol in enumerate(islice(quoted, max(missing, 0)))
    ]
    return _listed([*listed.pairs, *more], [asset.symbol for asset in listed.assets])


def _cost_minimum(symbol: str) -> str:
    return known.COST_MINIMUMS.get(symbol.partition("/")[2], known.OTHER_COST_MINIMUM)


def _pair(
    symbol: str, decimals: tuple[int, int, int], steps: _Steps, status: str = "online"
) -> Pair:
    """A pair with all its names; ``decimals`` of price, quantity and cost."""
    base, _, quote = symbol.partition("/")
    wsname = f"{_V1_NAMES.get(base, base)}/{_V1_NAMES.get(quote, quote)}"
    altname = wsname.replace("/", "")
    ids = (_rest_names(base)[0], _rest_names(quote)[0])
    rest_id = "".join(ids) if symbol in known.LONG_IDS else altname
    return Pair(
        symbol,
        rest_id,
        altname,
        wsname,
        base,
        quote,
        *decimals,
        tick=_units(steps.tick, decimals[0]),
        qty_min=_units(steps.qty_min, decimals[1]),
        cost_min=_units(steps.cost_min, decimals[2]),
        status=status,
    )


def _rest_names(symbol: str) -> tuple[str, str]:
    return known.REST_NAMES.get(symbol, (symbol, symbol))


def _units(value: object, places: int) -> int:
    """The next whole number of units."""
    return int(Decimal(str(value)).scaleb(places).to_integral_value("ROUND_CEILING"))


def _listed(pairs: Iterable[Pair], assets: Iterable[str]) -> Listed:
    """These pairs, their assets, and more assets."""
    pairs = tuple(pairs)
    legs = (leg for pair in pairs for leg in (pair.base, pair.quote))
    return Listed(tuple(_asset(name) for name in dict.fromkeys([*assets, *legs])), pairs)


def _asset(symbol: str) -> Asset:
    decimals, shown, _ = known.ASSETS.get(symbol, known.OTHER_ASSET)
    return Asset(symbol, *_rest_names(symbol), decimals, shown)


def from_file(path: Path) -> Listed:
    """The catalogue in a file: a WS v2 instrument snapshot, or a CSV of pairs.

    Raises:
        CannotStart: It is neither, or makes no sense.
    """
    try:
        content = path.read_bytes()
        listed = _snapshot(content) if content.lstrip()[:1] in b"{[" else _csv(content)
        Catalog(listed.assets, listed.pairs)
    except OSError as problem:
        raise CannotStart(f"catalogue {path}: {problem.strerror}") from problem
    except KeyError as problem:
        raise CannotStart(f"catalogue {path}: {problem} is missing") from problem
    except (ValueError, TypeError, InvalidOperation) as problem:
        raise CannotStart(f"catalogue {path}: {problem}") from problem
    if not listed.pairs:
        raise CannotStart(f"catalogue {path}: no pairs")
    return listed


def _snapshot(content: bytes) -> Listed:
    frame = msgspec.json.Decoder(float_hook=Decimal).decode(content)
    data = (frame[0] if isinstance(frame, list) else frame)["data"]
    assets = tuple(_snapshot_asset(row) for row in data["assets"])
    return Listed(assets, tuple(_snapshot_pair(row) for row in data["pairs"]))


def _snapshot_asset(row: Row) -> Asset:
    status: str = _UNDERSCORED.get(row["status"]) or row["status"]
    shown = row["precision_display"]
    return Asset(row["id"], *_rest_names(row["id"]), row["precision"], shown, status)


def _snapshot_pair(row: Row) -> Pair:
    decimals = (row["price_precision"], row["qty_precision"], row["cost_precision"])
    tick = row["price_increment"] if "price_increment" in row else row["tick_size"]
    steps = _Steps(tick, row["qty_min"], row["cost_min"])
    return _pair(row["symbol"], decimals, steps, row["status"])


def _csv(content: bytes) -> Listed:
    """Columns as in the symbol table of QuantConnect's Lean; ``description`` is the v1 name."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return _listed((_csv_pair(row) for row in rows), known.ASSETS)


def _csv_pair(row: Row) -> Pair:
    base, _, quote = row["description"].partition("/")
    symbol = f"{_V2_NAMES.get(base, base)}/{_V2_NAMES.get(quote, quote)}"
    tick, lot = row["minimum_price_variation"], row["lot_size"]
    decimals = (_places(tick), _places(lot), _CSV_COST_DECIMALS)
    qty_min = row["minimum_order_size"] or lot
    return _pair(symbol, decimals, _Steps(tick, qty_min, _cost_minimum(symbol)))


def _places(step: str) -> int:
    return max(0, -int(Decimal(step).normalize().as_tuple().exponent))
