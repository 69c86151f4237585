"""What trading costs in a pair, at the account's tier."""

from decimal import Decimal

import attrs


@attrs.frozen
class PairFee:
    """A pair's fees in bps; below 0 the exchange pays."""

    symbol: str
    maker_bps: Decimal
    taker_bps: Decimal
