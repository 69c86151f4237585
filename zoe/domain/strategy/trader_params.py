"""CryptoTrader's parameters: section ``strategy.crypto_trader`` of conf/zoe.toml, each with its range.

A value outside its range is a ValueError that names both; ``stop_conflict`` refuses the one
combination of two settings that would leave positions without a stop.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.domain.bounds import one_of

#: Fiat and stablecoins as the exchange names them: money, not something to trade.
MONEY: Final = (
    *("USD", "EUR", "GBP", "AUD", "CHF", "CAD", "JPY"),
    *("USDT", "USDC", "DAI", "PYUSD", "USDG", "USDS", "USDD", "USDE", "USDQ", "USDR", "USD1"),
    *("RLUSD", "TUSD", "FDUSD", "AUSD", "EURC", "EURQ", "EURR", "EURT", "TGBP"),
)


Check = Callable[[object, "attrs.Attribute[Any]", Any], None]


def _from(least: str, most: str) -> Check:
    """Refuses anything but a Decimal from least to most, both included."""
    low, high = Decimal(least), Decimal(most)

    def within(_: object, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if not isinstance(value, Decimal):
            raise TypeError(f"{attribute.name} must be a Decimal, not {type(value).__name__}")
        if not value.is_finite() or not low <= value <= high:
            raise ValueError(f"{attribute.name} must be {least} to {most}, not {value}")

    return within


def _counts(least: int, most: int) -> Check:
    """Refuses anything but a whole number from least to most, both included."""

    def within(_: object, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{attribute.name} must be a whole number, not {value!r}")
        if not least <= value <= most:
            raise ValueError(f"{attribute.name} must be {least} to {most}, not {value}")

    return within


@attrs.frozen
class Params:
    """Every figure of the strategy; names carry the unit, a ``share`` is a part of 1.

    Attributes:
        stops: Who holds the stop: ``desk`` watches it and lets take-profits rest; ``exchange``
            lets the stop rest and watches take-profits.
        top: Pairs that are asked for in full depth.
        exclude: Bases that are never traded; without a word, fiat and stablecoins.
        slip_bps: What a taker's exit is expected to lose beyond the book as it is seen.
        max_daily_loss_bps: Of the equity at the day's beginning (UTC): entries end for the day.
        reserve_bps: Of the equity, kept in cash.
        alike: Correlation from which two positions count as one bet.
    """

    stops: str = attrs.field(default="desk", validator=one_of("desk", "exchange"))
    # Scanner
    top: int = attrs.field(default=30, validator=_counts(1, 100))
    min_turnover_usd: Decimal = attrs.field(
        default=Decimal(250000), validator=_from("125000", "375000")
    )
    max_spread_bps: Decimal = attrs.field(default=Decimal(25), validator=_from("12.5", "37.5"))
    max_age_seconds: Decimal = attrs.field(default=Decimal(10), validator=_from("5", "15"))
    min_known_days: Decimal = attrs.field(default=Decimal(7), validator=_from("3.5", "10.5"))
    exclude: tuple[str, ...] = MONEY
    weight_momentum: int = attrs.field(default=3, validator=_counts(0, 10))
    weight_reversion: int = attrs.field(default=2, validator=_counts(0, 10))
    weight_turnover: int = attrs.field(default=2, validator=_counts(0, 10))
    weight_spread: int = attrs.field(default=2, validator=_counts(0, 10))
    weight_volatility: int = attrs.field(default=1, validator=_counts(0, 10))
    # Momentum entry
    momentum: Decimal = attrs.field(default=Decimal("1.5"), validator=_from("0.75", "2.25"))
    breakout_bars: int = attrs.field(default=20, validator=_counts(10, 30))
    volume_multiple: Decimal = attrs.field(default=Decimal(2), validator=_from("1", "3"))
    # Reversion entry
    reversion_z: Decimal = attrs.field(default=Decimal("2.5"), validator=_from("1.25", "3.75"))
    reversion_btc: Decimal = attrs.field(default=Decimal("1.5"), validator=_from("0.75", "2.25"))
    # Cost gate
    rho: Decimal = attrs.field(default=Decimal("0.5"), validator=_from("0.25", "0.75"))
    cost_multiple: Decimal = attrs.field(default=Decimal("1.5"), validator=_from("0.75", "2.25"))
    slip_bps: Decimal = attrs.field(default=Decimal(5), validator=_from("2.5", "7.5"))
    # Risk-off
    min_breadth: Decimal = attrs.field(default=Decimal("0.35"), validator=_from("0.175", "0.525"))
    crash_z: Decimal = attrs.field(default=Decimal(3), validator=_from("1.5", "4.5"))
    max_daily_loss_bps: Decimal = attrs.field(default=Decimal(100), validator=_from("50", "150"))
    stops_an_hour: int = attrs.field(default=3, validator=_counts(2, 4))
    # Size
    risk_bps: Decimal = attrs.field(default=Decimal(25), validator=_from("5", "100"))
    stop_atr: Decimal = attrs.field(default=Decimal("2.5"), validator=_from("1", "6"))
    stop_spreads: Decimal = attrs.field(default=Decimal(3), validator=_from("1.5", "4.5"))
    stop_floor_bps: Decimal = attrs.field(default=Decimal(60), validator=_from("30", "90"))
    position_bps: Decimal = attrs.field(default=Decimal(500), validator=_from("250", "750"))
    depth_share: Decimal = attrs.field(default=Decimal("0.2"), validator=_from("0.1", "0.3"))
    depth_bps: Decimal = attrs.field(default=Decimal(25), validator=_from("12.5", "37.5"))
    turnover_bps: Decimal = attrs.field(default=Decimal(10), validator=_from("5", "15"))
    reserve_bps: Decimal = attrs.field(default=Decimal(100), validator=_from("0", "5000"))
    min_orders: int = attrs.field(default=2, validator=_counts(2, 3))
    max_positions: int = attrs.field(default=6, validator=_counts(1, 20))
    max_alike: int = attrs.field(default=3, validator=_counts(1, 20))
    alike: Decimal = attrs.field(default=Decimal("0.8"), validator=_from("0.4", "1"))
    exposure_bps: Decimal = attrs.field(default=Decimal(4000), validator=_from("2000", "6000"))
    # Entry as maker
    chase_bps: Decimal = attrs.field(default=Decimal(15), validator=_from("7.5", "22.5"))
    entry_seconds: Decimal = attrs.field(default=Decimal(90), validator=_from("45", "135"))
    # Exits
    time_stop_hours: Decimal = attrs.field(default=Decimal(24), validator=_from("12", "36"))
    reversion_hours: Decimal = attrs.field(default=Decimal(8), validator=_from("4", "12"))
    target_r: Decimal = attrs.field(default=Decimal("1.5"), validator=_from("0.75", "2.25"))
    trail_atr: Decimal = attrs.field(default=Decimal(3), validator=_from("1", "6"))
    gone_z: Decimal = attrs.field(default=Decimal("0.5"), validator=_from("0.25", "0.75"))
    maker_exit_seconds: Decimal = attrs.field(default=Decimal(60), validator=_from("30", "90"))
    collar_bps: Decimal = attrs.field(default=Decimal(50), validator=_from("25", "75"))
    exit_seconds: Decimal = attrs.field(default=Decimal(2), validator=_from("1", "3"))
    blind_seconds: Decimal = attrs.field(default=Decimal(10), validator=_from("5", "15"))
    # Cooldowns
    cooldown_minutes: Decimal = attrs.field(default=Decimal(60), validator=_from("30", "90"))
    stop_cooldown_minutes: Decimal = attrs.field(
        default=Decimal(360), validator=_from("180", "540")
    )
    barred_stops: int = attrs.field(default=2, validator=_counts(1, 3))
    barred_hours: Decimal = attrs.field(default=Decimal(24), validator=_from("12", "36"))


def stop_conflict(params: Params, dead_man: bool) -> str | None:
    """Why a desk must not start with these settings, in one line; None where it may.

    The exchange's cancel-all-after cancels every order of the account, protective stops too.
    """
    if params.stops == "desk" or not dead_man:
        return None
    return (
        'strategy.crypto_trader.stops = "exchange" and desk.dead_man = true exclude each '
        "other: the dead-man's switch would cancel the stops; trade on a sub-account without it"
    )


def seconds_ns(seconds: Decimal) -> int:
    """Seconds as whole nanoseconds."""
    return int(seconds * 1_000_000_000)
