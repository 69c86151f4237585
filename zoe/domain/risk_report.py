"""How much of each limit is in use: what ``status`` shows of risk."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from zoe.domain.breaker import Breaker, Equity
from zoe.domain.exposure import ZERO, Exposures, Reference
from zoe.domain.order import Side
from zoe.domain.positions import Positions
from zoe.domain.quantity import plain
from zoe.domain.risk import Code, Limits

Row = dict[str, str | None]


def in_use(
    limits: Limits,
    exposures: Exposures,
    positions: Positions,
    references: Mapping[str, Reference | None],
    recent_orders: int,
) -> Iterator[Row]:
    """A row a limit: its code, what it is about, what is in use at the worst case, the limit."""
    all_of_them, rate = limits.max_open_orders_in_all, limits.max_orders_per_minute
    yield _row(Code.OPEN_ORDERS_IN_ALL, None, Decimal(len(exposures)), Decimal(all_of_them))
    yield _row(Code.ORDER_RATE, None, Decimal(recent_orders), Decimal(rate))
    pairs = sorted({*exposures.pairs(), *positions.pairs()})
    for pair in pairs:
        most = Decimal(limits.max_open_orders)
        yield _row(Code.OPEN_ORDERS, pair, Decimal(exposures.open_orders(pair)), most)
        notional = exposures.pair_notional(pair)
        yield _row(Code.PAIR_NOTIONAL, pair, notional, limits.max_pair_notional)
        worst = _position_notional(pair, exposures, positions, references.get(pair))
        yield _row(Code.POSITION_NOTIONAL, pair, worst, limits.max_position_notional)
    for asset in sorted({pair.partition("/")[0] for pair in pairs}):
        most_of_it = limits.of_asset(asset)
        if most_of_it is not None:
            yield _row(Code.ASSET_POSITION, asset, _asset(asset, exposures, positions), most_of_it)


def _position_notional(
    pair: str, exposures: Exposures, positions: Positions, reference: Reference | None
) -> Decimal | None:
    net = positions.net(pair)
    ends = []
    for side, sign in ((Side.BUY, 1), (Side.SELL, -1)):
        opposite = None if reference is None else reference.opposite(side)
        if opposite is None:
            return None
        ends.append((sign * net + exposures.open_quantity(pair, side)) * opposite.value)
    return max(*ends, ZERO)


def _asset(asset: str, exposures: Exposures, positions: Positions) -> Decimal:
    net = positions.asset(asset)
    long = net + exposures.asset_quantity(asset, Side.BUY)
    return max(long, exposures.asset_quantity(asset, Side.SELL) - net, ZERO)


def _row(code: Code, of: str | None, value: Decimal | None, limit: Decimal) -> Row:
    used = None if value is None else plain(value)
    return {"limit": code.value, "of": of, "in_use": used, "most": plain(limit)}


def breaker_facts(
    limits: Limits, breaker: Breaker | None, equity: Equity | None, tripped: str | None
) -> dict[str, Any]:
    """Equity and the losses that the breaker looks at; what cannot be valued is said."""
    if not limits.max_daily_loss_bps and not limits.max_drawdown_bps:
        state = "off"
    elif tripped is not None:
        state = "tripped"
    elif breaker is not None and equity is not None and breaker.sees(equity):
        state = "armed"
    else:
        state = "waits for quotes"
    facts: dict[str, Any] = {"state": state, "why": tripped, "currency": limits.currency}
    if equity is not None:
        facts["equity"] = plain(equity.amount)
        facts["unvalued"] = list(equity.unvalued)
    if breaker is not None:
        facts |= {"opening": plain(breaker.opening), "highest": plain(breaker.high)}
    if breaker is not None and equity is not None:
        daily, drawdown = breaker.loss_bps(equity)
        facts |= {"daily_loss_bps": plain(daily), "drawdown_bps": plain(drawdown)}
    facts |= {
        "max_daily_loss_bps": limits.max_daily_loss_bps,
        "max_drawdown_bps": limits.max_drawdown_bps,
    }
    return facts
