"""The instrument channel's rows (facts, 2.4)."""

from zoe.sandbox.core.answers import encode
from zoe.sandbox.core.catalog import Asset, Pair
from zoe.sandbox.core.money import number
from zoe.sandbox.core.world import World


def snapshot(world: World) -> bytes:
    """Every asset and pair, as one frame."""
    catalog = world.catalog
    data = {
        "assets": [_asset(asset) for asset in catalog.assets.values()],
        "pairs": [_pair(pair, world) for pair in catalog.pairs.values()],
    }
    return encode({"channel": "instrument", "type": "snapshot", "data": data})


def update(world: World, pair: Pair) -> bytes:
    """A pair that has changed."""
    data: dict[str, object] = {"assets": [], "pairs": [_pair(pair, world)]}
    return encode({"channel": "instrument", "type": "update", "data": data})


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


def _pair(pair: Pair, world: World) -> dict[str, object]:
    increment = number(pair.tick, pair.price_decimals)
    return {
        "symbol": pair.symbol,
        "base": pair.base,
        "quote": pair.quote,
        "status": world.status_of(pair),
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
