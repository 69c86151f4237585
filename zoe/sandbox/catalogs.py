"""Which assets and pairs an exchange has: well-known ones, generated ones, or those of a file."""

import csv
import difflib
import io
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice, product
from pathlib import Path
from string import ascii_uppercase
from typing import Annotated, Final

import attrs
import msgspec

from zoe.sandbox import pairs as known
from zoe.sandbox.core.catalog import Asset, Catalog, Pair
from zoe.sandbox.problems import CannotStart

ALL: Final = "all"
#: How many pairs ``all`` means where no file names them.
ALL_PAIRS: Final = 1_000
#: More decimals than any asset has.
_MOST_DECIMALS: Final = 18
_CSV_COST_DECIMALS: Final = 5
_V1_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
_V2_NAMES: Final = {v1: v2 for v2, v1 in _V1_NAMES.items()}
_UNDERSCORED: Final = {
    name.replace("_", ""): name
    for name in ("deposit_only", "withdrawal_only", "funding_temporarily_disabled")
}
_Precision = Annotated[int, msgspec.Meta(ge=0, le=_MOST_DECIMALS)]


@attrs.frozen
class Listed:
    """What an exchange lists."""

    assets: tuple[Asset, ...]
    pairs: tuple[Pair, ...]


@attrs.frozen
class _Steps:
    """Numbers as a table or a file has them."""

    tick: Decimal | str
    qty_min: Decimal | str
    cost_min: Decimal | str


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
    pairs = tuple(dict.fromkeys(_named(listed, wanted)))
    if not pairs:
        raise CannotStart("--pairs names none")
    return attrs.evolve(listed, pairs=pairs)


def _named(listed: Listed, wanted: str) -> Iterator[Pair]:
    catalog = Catalog(listed.assets, listed.pairs)
    for name in filter(None, map(str.strip, wanted.split(","))):
        pair = catalog.pair(name)
        if pair is None:
            near = difflib.get_close_matches(name.upper(), catalog.pairs, 1, 0)
            raise CannotStart(f"pair {name} is not known; did you mean {''.join(near)}?")
        yield pair


def well_known() -> Listed:
    """The assets and pairs of zoe's own table."""
    return _listed([_known_pair(*row) for row in known.PAIRS], known.ASSETS)


def _known_pair(symbol: str, price: int, qty: int, qty_min: str, cost: int) -> Pair:
    tick = Decimal(1).scaleb(-price)
    return _pair(symbol, (price, qty, cost), _Steps(tick, qty_min, _cost_minimum(symbol)))


def with_generated(listed: Listed, count: int) -> Listed:
    """The list filled up to ``count`` pairs by generated ones, named ``GAAA/USD`` and so on; always
    the same."""
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


def _units(value: Decimal | str, places: int) -> int:
    """The next whole number of units."""
    return int(Decimal(value).scaleb(places).to_integral_value("ROUND_CEILING"))


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
        listed = _snapshot(content) if content.lstrip().startswith((b"{", b"[")) else _csv(content)
        _check(listed)
    except OSError as problem:
        raise CannotStart(f"catalogue {path}: {problem.strerror}") from problem
    except KeyError as problem:
        raise CannotStart(f"catalogue {path}: {problem} is missing") from problem
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as problem:
        raise CannotStart(f"catalogue {path}: {problem}") from problem
    return listed


def _check(listed: Listed) -> None:
    """Raises ValueError for what no exchange could list."""
    if not listed.pairs:
        raise ValueError("no pairs")
    Catalog(listed.assets, listed.pairs)
    for pair in listed.pairs:
        if pair.tick <= 0 or pair.qty_min < 0 or pair.cost_min < 0:
            raise ValueError(f"{pair.symbol}: a step or minimum is negative or zero")


class _AssetRow(msgspec.Struct):
    id: str
    status: str
    precision: _Precision
    precision_display: int


class _PairRow(msgspec.Struct):
    symbol: str
    status: str
    price_precision: _Precision
    qty_precision: _Precision
    cost_precision: _Precision
    qty_min: Decimal
    cost_min: Decimal
    price_increment: Decimal | None = None
    tick_size: Decimal | None = None


class _Data(msgspec.Struct):
    assets: list[_AssetRow]
    pairs: list[_PairRow]


class _Snapshot(msgspec.Struct):
    data: _Data


def _snapshot(content: bytes) -> Listed:
    data = msgspec.json.decode(content, type=_Snapshot).data
    return Listed(tuple(map(_snapshot_asset, data.assets)), tuple(map(_snapshot_pair, data.pairs)))


def _snapshot_asset(row: _AssetRow) -> Asset:
    status = _UNDERSCORED.get(row.status, row.status)
    return Asset(row.id, *_rest_names(row.id), row.precision, row.precision_display, status)


def _snapshot_pair(row: _PairRow) -> Pair:
    tick = row.price_increment or row.tick_size
    if tick is None:
        raise ValueError(f"{row.symbol}: price_increment is missing")
    decimals = (row.price_precision, row.qty_precision, row.cost_precision)
    return _pair(row.symbol, decimals, _Steps(tick, row.qty_min, row.cost_min), row.status)


def _csv(content: bytes) -> Listed:
    """Columns as in the symbol table of QuantConnect's Lean; ``description`` is the v1 name."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return _listed((_csv_pair(row) for row in rows), known.ASSETS)


def _csv_pair(row: Mapping[str, str]) -> Pair:
    base, _, quote = row["description"].partition("/")
    symbol = f"{_V2_NAMES.get(base, base)}/{_V2_NAMES.get(quote, quote)}"
    tick, lot = row["minimum_price_variation"], row["lot_size"]
    decimals = (_places(tick), _places(lot), _CSV_COST_DECIMALS)
    qty_min = row["minimum_order_size"] or lot
    return _pair(symbol, decimals, _Steps(tick, qty_min, _cost_minimum(symbol)))


def _places(step: str) -> int:
    return max(0, -int(Decimal(step).normalize().as_tuple().exponent))
