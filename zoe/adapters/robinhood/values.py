"""Rows of answers as the values that the client gives to its user."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

from zoe.adapters.robinhood.symbols import ours
from zoe.adapters.robinhood.wire import (
    ConfigRow,
    ExecutionRow,
    HoldingRow,
    OrderRow,
    PairRow,
    QuoteRow,
    nanoseconds,
)
from zoe.domain.catalog import Instrument
from zoe.domain.errors import WireError
from zoe.domain.order import Fill, Side
from zoe.domain.quantity import EXACT, Price, Quantity, exact_sum
from zoe.ports.exchange import BestBidAsk, Holding, OrderReport

#: Their states in Kraken's words, which OrderReport speaks; one that nobody knows may still be filled.
_STATUS: Final = {
    "pending": "pending",
    "open": "open",
    "partially_filled": "open",
    "filled": "closed",
    "canceled": "canceled",
    "failed": "canceled",
}
#: Of a pair: all may trade it, one may only sell, or nobody may.
_PAIR_STATUS: Final = {"tradable": "online", "sellonly": "reduce_only"}
_UNTRADABLE: Final = "maintenance"
#: Shares of a fee; the last one takes what is left.
_FEE_STEP: Final = Decimal(1).scaleb(-18)
_DOWN: Final = Context(prec=60, rounding=ROUND_DOWN)
#: Cents: what costs are told in.
_USD_DECIMALS: Final = 2


def holding(row: HoldingRow) -> Holding:
    """What there is of one asset."""
    return Holding(row.asset_code, row.total_quantity, row.quantity_available_for_trading)


def instrument(row: PairRow) -> Instrument:
    """A pair.

    Raises:
        WireError: Its values make no sense.
    """
    price_step, step = row.quote_increment, row.asset_increment
    if price_step <= 0 or step <= 0:
        raise WireError(f"{row.symbol[:40]}: a step must be greater than 0", repr(row).encode())
    status = _PAIR_STATUS.get(row.status, _UNTRADABLE) if row.is_api_tradable else _UNTRADABLE
    return Instrument(
        _symbol(row.symbol, row),
        row.asset_code,
        row.quote_code,
        status,
        _decimals(price_step),
        price_step,
        _decimals(step),
        step,
        row.min_order_size or step,
        _USD_DECIMALS,
        row.min_order_amount or Decimal(0),
        row.symbol,
    )


def best_bid_ask(row: QuoteRow, received_ns: int) -> BestBidAsk:
    """The best prices, which may be crossed: the exchange samples them apart. A price of 0 is none."""
    bid, ask = (Price(p) if p is not None and p > 0 else None for p in row.prices)
    return BestBidAsk(_symbol(row.symbol, row), bid, ask, received_ns)


def is_over(row: OrderRow) -> bool:
    """Whether nothing more will be filled."""
    return _STATUS.get(row.state) in ("closed", "canceled")


def report(row: OrderRow) -> OrderReport:
    """An order; what it cost is the sum of its executions, and its fee 0 where v1 has it in the price.

    Raises:
        WireError: Its values make no sense.
    """
    limit, average = row.config.limit_price, row.average_price
    try:
        costs = (EXACT.multiply(e.effective_price, e.quantity) for e in row.executions)
        return OrderReport(
            row.id,
            row.client_order_id,
            _symbol(row.symbol, row),
            Side(row.side),
            row.type.replace("_", "-"),
            _STATUS.get(row.state, "open"),
            Quantity(_quantity(row)),
            Quantity(row.filled_asset_quantity),
            None if limit is None else Price(limit),
            None if average is None or not average else Price(average),
            exact_sum(costs),
            row.fee_charged or Decimal(0),
            nanoseconds(row.created_at),
            nanoseconds(row.updated_at) if is_over(row) else None,
            None if row.state in _STATUS and row.state != "failed" else row.state[:100],
        )
    except (ValueError, ArithmeticError) as problem:
        raise WireError(f"order {row.id[:40]}: {problem}", repr(row).encode()) from problem


def _quantity(row: OrderRow) -> Decimal:
    """What was ordered; of an amount of USD what it comes to at the order's own price."""
    config: ConfigRow = row.config
    if config.asset_quantity is not None:
        return config.asset_quantity
    price = config.limit_price or config.stop_price
    if config.quote_amount is None or not price:
        return row.filled_asset_quantity
    return max(_DOWN.divide(config.quote_amount, price), row.filled_asset_quantity)


def fills(row: OrderRow) -> tuple[Fill, ...]:
    """The order's fills, oldest first, with ids of our own, since executions have none.

    Each bears its share of the fee, by what it cost; all shares together are the fee to the last digit.

    Raises:
        WireError: They do not come to what the order says is filled, or make no sense.
    """
    done = sorted(row.executions, key=lambda e: (nanoseconds_of(e, row), e.quantity))
    total = exact_sum(execution.quantity for execution in done)
    if total != row.filled_asset_quantity:
        told = f"order {row.id[:40]}: executions of {total}, filled {row.filled_asset_quantity}"
        raise WireError(told, repr(row).encode())
    try:
        costs = [EXACT.multiply(e.effective_price, e.quantity) for e in done]
        shares = _shares(row.fee_charged or Decimal(0), costs)
        alike: Counter[tuple[str, Decimal, Decimal]] = Counter()
        found: list[Fill] = []
        for execution, cost, fee in zip(done, costs, shares, strict=True):
            key = (execution.timestamp, execution.effective_price, execution.quantity)
            fill_id = _fill_id(row.id, key, alike[key])
            alike[key] += 1
            found.append(
                Fill(
                    fill_id,
                    None,
                    row.id,
                    _symbol(row.symbol, row),
                    Side(row.side),
                    Quantity(execution.quantity),
                    Price(execution.effective_price),
                    cost,
                    fee,
                    _symbol(row.symbol, row).partition("/")[2],
                    "",
                    nanoseconds_of(execution, row),
                )
            )
    except (ValueError, ArithmeticError) as problem:
        raise WireError(f"order {row.id[:40]}: {problem}", repr(row).encode()) from problem
    return tuple(found)


def nanoseconds_of(execution: ExecutionRow, row: OrderRow) -> int:
    """When an execution was.

    Raises:
        WireError: It says no time.
    """
    try:
        return nanoseconds(execution.timestamp)
    except ValueError as problem:
        raise WireError(f"order {row.id[:40]}: {problem}", repr(row).encode()) from problem


def _fill_id(order_id: str, key: tuple[str, Decimal, Decimal], index: int) -> str:
    """The same for the same execution, however its numbers are written."""
    at, price, quantity = key
    text = f"{order_id}|{at}|{price.normalize():f}|{quantity.normalize():f}|{index}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _shares(fee: Decimal, costs: Sequence[Decimal]) -> list[Decimal]:
    total = exact_sum(costs)
    if not costs or not total:
        return [fee if n == 0 else Decimal(0) for n in range(len(costs))]
    parts = (_DOWN.divide(_DOWN.multiply(fee, cost), total) for cost in costs[:-1])
    shares = [part.quantize(_FEE_STEP, context=_DOWN) for part in parts]
    return [*shares, EXACT.subtract(fee, exact_sum(shares))]


def _symbol(symbol: str, row: object) -> str:
    try:
        return ours(symbol)
    except ValueError as problem:
        raise WireError(str(problem), repr(row).encode()) from problem


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int), step
    return max(-exponent, 0)
