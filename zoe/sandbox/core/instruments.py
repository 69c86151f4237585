"""The instrument channel's rows (facts, 2.4)."""

from zoe.sandbox.core.answers import encode
from zoe.sandbox.core.catalog import Asset, Catalog, Pair
from zoe.sandbox.core.money import number


def snapshot(catalog: Catalog) -> bytes:
    """Every asset and pair, as one frame."""
    data = {
        "assets": [_asset(asset) for asset in catalog.assets.values()],
        "pairs": [_pair(pair) for pair in catalog.pairs.values()],
    }
    return encode({"channel": "instrument", "type": "snapshot", "data": data})


def _asset(asset: Asset) -> dict[str, object]:
    return {
        "id": asset.symbol,
        "status": asset.status.replace("_", ""),
        "precision": asset.decimals,
        "precision_display": asset.display_decimals,
        "borrowable": False,
        "collateral_value": number(0, 2),
        "margin_rate": number(0, 6),
    }


def _pair(pair: Pair) -> dict[str, object]:
    increment = number(pair.tick, pair.price_decimals)
    return {
        "symbol": pair.symbol,
        "base": pair.base,
        "quote": pair.quote,
        "status": pair.status,
        "qty_precision": pair.qty_decimals,
        "qty_increment": number(1, pair.qty_decimals),
        "price_precision": pair.price_decimals,
        "cost_precision": pair.cost_decimals,
        "marginable": False,
        "has_index": False,
        "cost_min": number(pair.cost_min, pair.cost_decimals),
        "tick_size": increment,
        "price_increment": increment,
        "qty_min": number(pair.qty_min, pair.qty_decimals),
    }
