"""Asset names: REST ids to WebSocket v2 names (facts sheet, sections 4.1 and 4.2).

Pair names are never built by rule; they come from the catalogue. Asset ids differ from their
names only for the legacy assets listed here: stripping a leading X or Z would break XTZ or ZRX.
"""

from typing import Final

_LEGACY: Final = {
    "XETC": "ETC",
    "XETH": "ETH",
    "XLTC": "LTC",
    "XMLN": "MLN",
    "XREP": "REP",
    "XXBT": "BTC",
    "XBT": "BTC",
    "XXDG": "DOGE",
    "XDG": "DOGE",
    "XXLM": "XLM",
    "XXMR": "XMR",
    "XXRP": "XRP",
    "XZEC": "ZEC",
    "ZAUD": "AUD",
    "ZCAD": "CAD",
    "ZEUR": "EUR",
    "ZGBP": "GBP",
    "ZJPY": "JPY",
    "ZUSD": "USD",
    "KFEE": "FEE",
}


def asset_name(rest_id: str) -> str:
    """The v2 name of an asset id or altname, its suffix kept: ``XXBT`` is ``BTC``."""
    bare, dot, suffix = rest_id.partition(".")
    return _LEGACY.get(bare, bare) + dot + suffix


def split_wallet(rest_id: str) -> tuple[str, str, str]:
    """Asset, wallet type and wallet id of a balance's key.

    A suffix names an earn wallet and is kept as the wallet's id, since the REST suffixes and the
    stream's wallet ids are not documented to correspond.
    """
    name, _, suffix = asset_name(rest_id).partition(".")
    return (name, "earn", suffix) if suffix else (name, "spot", "main")


def pair_symbol(wsname: str) -> str:
    """The v2 symbol of a pair's ``wsname``: ``XBT/USD`` is ``BTC/USD``."""
    base, slash, quote = wsname.partition("/")
    return asset_name(base) + slash + asset_name(quote)
