"""What an amount of an asset is worth in another, at the last prices."""

from fractions import Fraction

from zoe.sandbox.core.world import World


def worth(world: World, asset: str, amount: Fraction, wanted: str) -> Fraction:
    """What an amount is worth in another asset: by a pair of both, by one the other way, or by
    dollars between; 0 where no price is known."""
    if asset == wanted or not amount:
        return amount
    direct = _rate(world, asset, wanted)
    if not direct and "USD" not in (asset, wanted):
        direct = _rate(world, asset, "USD") * _rate(world, "USD", wanted)
    return amount * direct


def _rate(world: World, asset: str, wanted: str) -> Fraction:
    price = _price(world, f"{asset}/{wanted}")
    if price:
        return price
    price = _price(world, f"{wanted}/{asset}")
    return 1 / price if price else Fraction(0)


def _price(world: World, symbol: str) -> Fraction:
    pair = world.catalog.pairs.get(symbol)
    if pair is None:
        return Fraction(0)
    return Fraction(world.last_price.get(symbol, 0), pow(10, pair.price_decimals))
