"""Well-known assets and pairs with the exchange's names, precisions and minimums.

Facts of Kraken's instrument channel and asset pairs (facts sheet, section 4), as of 2026; what an
asset is worth is only where the synthetic market begins.
"""

from typing import Final

_WITH_X: Final = "ETC ETH LTC MLN REP XLM XMR XRP ZEC"
_WITH_Z: Final = "AUD CAD EUR GBP JPY USD"
_LONG_IDS: Final = (
    "BTC/CAD BTC/EUR BTC/GBP BTC/JPY BTC/USD BTC/USDQ BTC/USDR ETC/BTC ETC/ETH ETC/EUR ETC/USD "
    "ETH/BTC ETH/CAD ETH/EUR ETH/GBP ETH/JPY ETH/USD EUR/USD GBP/USD LTC/BTC LTC/EUR LTC/JPY "
    "LTC/USD MLN/BTC MLN/ETH MLN/EUR MLN/USD REP/BTC REP/ETH REP/EUR REP/USD USD/CAD USD/JPY "
    "USDT/USD DOGE/BTC XLM/AUD XLM/BTC XLM/EUR XLM/GBP XLM/USD XMR/BTC XMR/EUR XMR/USD XRP/BTC "
    "XRP/CAD XRP/EUR XRP/JPY XRP/USD ZEC/BTC ZEC/EUR ZEC/USD"
)
#: Assets that are called otherwise in REST: id and altname.
REST_NAMES: Final = {
    "BTC": ("XXBT", "XBT"),
    "DOGE": ("XXDG", "XDG"),
    **{name: (f"X{name}", name) for name in _WITH_X.split()},
    **{name: (f"Z{name}", name) for name in _WITH_Z.split()},
}
#: Pairs whose id joins the ids of their assets; all others' is their altname.
LONG_IDS: Final = frozenset(_LONG_IDS.split())
#: The least cost of an order, by quote asset.
COST_MINIMUMS: Final = {
    "USD": "0.5",
    "EUR": "0.45",
    "GBP": "0.43",
    "CAD": "1",
    "AUD": "1",
    "AED": "3",
    "JPY": "50",
    "BTC": "0.00002",
    "ETH": "0.0002",
    "DOT": "0.1",
}
OTHER_COST_MINIMUM: Final = "0.5"
#: Decimals of balances, decimals shown, worth in US dollars.
ASSETS: Final[dict[str, tuple[int, int, str]]] = {
    "USD": (4, 2, "1"),
    "EUR": (4, 2, "1.16"),
    "GBP": (4, 2, "1.31"),
    "CAD": (4, 2, "0.71"),
    "AUD": (4, 2, "0.65"),
    "CHF": (4, 2, "1.24"),
    "JPY": (2, 0, "0.0064"),
    "AED": (4, 2, "0.2723"),
    "USDT": (8, 4, "0.9998"),
    "USDC": (8, 4, "1"),
    "BTC": (10, 5, "91250"),
    "ETH": (10, 5, "3120"),
    "SOL": (10, 5, "141"),
    "XRP": (8, 5, "2.21"),
    "DOGE": (8, 2, "0.158"),
    "ADA": (8, 6, "0.452"),
    "LTC": (10, 5, "88.4"),
    "DOT": (10, 8, "2.43"),
    "LINK": (10, 5, "13.6"),
    "AVAX": (10, 5, "14.2"),
    "ATOM": (8, 6, "2.52"),
    "BCH": (10, 5, "521"),
    "XLM": (8, 5, "0.252"),
    "TRX": (8, 6, "0.279"),
    "UNI": (10, 5, "6.05"),
    "AAVE": (10, 5, "181"),
    "ETC": (10, 5, "14.1"),
    "XMR": (10, 5, "402"),
    "ZEC": (10, 5, "455"),
    "PEPE": (2, 0, "0.0000045"),
    "SUI": (5, 3, "1.62"),
    "NEAR": (8, 5, "1.91"),
    "ARB": (5, 3, "0.215"),
    "SHIB": (5, 0, "0.0000085"),
}
OTHER_ASSET: Final = (10, 5, "1")
#: Symbol, decimals of price and quantity, least quantity, decimals of cost. The tick is one unit.
PAIRS: Final = (
    ("BTC/USD", 1, 8, "0.00005", 5),
    ("ETH/USD", 2, 8, "0.002", 5),
    ("SOL/USD", 2, 8, "0.02", 5),
    ("BTC/USDT", 1, 8, "0.00005", 5),
    ("XRP/USD", 5, 8, "2", 8),
    ("DOGE/USD", 7, 8, "13", 9),
    ("ADA/USD", 6, 8, "4.4", 6),
    ("LTC/USD", 2, 8, "0.05", 5),
    ("DOT/USD", 4, 8, "0.6", 5),
    ("LINK/USD", 5, 8, "0.2", 6),
    ("AVAX/USD", 2, 8, "0.1", 5),
    ("ATOM/USD", 4, 8, "0.5", 6),
    ("BCH/USD", 2, 8, "0.01", 6),
    ("XLM/USD", 6, 8, "20", 8),
    ("TRX/USD", 6, 8, "19", 7),
    ("UNI/USD", 3, 8, "0.3", 5),
    ("AAVE/USD", 2, 8, "0.015", 5),
    ("ETC/USD", 3, 8, "0.3", 8),
    ("XMR/USD", 2, 8, "0.015", 8),
    ("ZEC/USD", 2, 8, "0.1", 5),
    ("PEPE/USD", 9, 5, "250000", 5),
    ("SUI/USD", 4, 5, "0.9", 8),
    ("NEAR/USD", 3, 8, "0.7", 5),
    ("ARB/USD", 4, 5, "5.2", 8),
    ("SHIB/USD", 8, 5, "160000", 5),
    ("USDT/USD", 5, 8, "5", 8),
    ("USDC/USD", 4, 8, "5", 8),
    ("EUR/USD", 5, 8, "0.5", 5),
    ("GBP/USD", 5, 8, "5", 5),
    ("BTC/EUR", 1, 8, "0.00005", 5),
    ("ETH/EUR", 2, 8, "0.002", 5),
    ("SOL/EUR", 2, 8, "0.02", 5),
    ("XRP/EUR", 5, 8, "2", 8),
    ("DOGE/EUR", 7, 8, "13", 9),
    ("ADA/EUR", 6, 8, "4.4", 6),
    ("LTC/EUR", 2, 8, "0.05", 5),
    ("USDT/EUR", 4, 8, "5", 8),
    ("BTC/GBP", 1, 8, "0.00005", 5),
    ("ETH/GBP", 2, 8, "0.002", 5),
    ("ETH/USDT", 2, 8, "0.002", 5),
    ("SOL/USDT", 2, 8, "0.02", 6),
    ("XRP/USDT", 5, 8, "2", 8),
    ("BTC/USDC", 2, 8, "0.00005", 5),
    ("ETH/USDC", 2, 8, "0.002", 6),
    ("ETH/BTC", 5, 8, "0.002", 10),
    ("SOL/BTC", 7, 8, "0.02", 9),
    ("XRP/BTC", 8, 8, "2", 9),
    ("LTC/BTC", 6, 8, "0.05", 8),
    ("DOGE/BTC", 9, 8, "13", 9),
    ("ADA/BTC", 8, 8, "4.4", 9),
    ("SOL/ETH", 6, 8, "0.02", 10),
    ("BTC/JPY", 0, 8, "0.00005", 3),
    ("BTC/CAD", 1, 8, "0.00005", 5),
    ("BTC/AUD", 1, 8, "0.00005", 5),
    ("BTC/CHF", 1, 8, "0.00005", 5),
)
