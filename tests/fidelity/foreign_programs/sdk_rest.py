"""python-kraken-sdk, its REST clients: user, market and trade."""

from kraken.spot import (  # type: ignore[import-not-found]  # in the foreign environment only
    Funding,
    Market,
    Trade,
    User,
)
from steps import Steps

PAIR = "SOL/USD"


def main() -> None:
    """Market, orders and account."""
    steps = Steps()
    where = {"url": steps.given["rest"]}
    who = {"key": steps.given["key"], "secret": steps.given["secret"], **where}
    market, trade, user, funding = Market(**where), Trade(**who), User(**who), Funding(**who)
    steps.do("system_status", market.get_system_status)
    steps.do("assets", lambda: sorted(market.get_assets()))
    steps.do("asset_pairs", lambda: sorted(market.get_asset_pairs()))
    steps.do("by_v2_name", lambda: sorted(market.get_asset_pairs(pair=PAIR)))
    ticker = steps.do("ticker", lambda: market.get_ticker(pair=PAIR))
    steps.do("ohlc", lambda: market.get_ohlc(pair=PAIR))
    steps.do("order_book", lambda: market.get_order_book(pair=PAIR, count=5))
    steps.do("recent_trades", lambda: market.get_recent_trades(pair=PAIR, count=5))
    steps.do("recent_spreads", lambda: market.get_recent_spreads(pair=PAIR))
    bid = float(next(iter(ticker.values()))["b"][0])
    steps.do("orders", lambda: orders(steps, trade, user, bid))
    read(steps, user, funding)
    steps.end()


def orders(steps: Steps, trade: "Trade", user: "User", bid: float) -> None:
    """Place, amend, edit, cancel; one by one and in batches."""
    low, lower = round(bid * 0.8, 2), round(bid * 0.79, 2)
    common = {"pair": PAIR, "side": "buy", "volume": 1}
    placed = steps.do(
        "limit",
        lambda: trade.create_order(
            ordertype="limit", price=low, timeinforce="GTC", oflags=["post"], userref=7, **common
        ),
    )
    txid = placed["txid"][0]
    steps.do(
        "validate",
        lambda: trade.create_order(ordertype="limit", price=low, validate=True, **common),
    )
    steps.do("amend", lambda: trade.amend_order(txid=txid, order_qty=2))
    steps.do("amends", lambda: user.get_order_amends(order_id=txid))
    steps.do("orders_info", lambda: user.get_orders_info(txid=txid))
    edited = steps.do(
        "edit", lambda: trade.edit_order(txid=txid, pair=PAIR, volume=1.5, price=lower)
    )
    steps.do("cancel", lambda: trade.cancel_order(txid=edited["txid"]))
    batch = steps.do(
        "batch",
        lambda: trade.create_order_batch(
            pair=PAIR,
            orders=[
                {"ordertype": "limit", "type": "buy", "volume": "1", "price": str(price)}
                for price in (low, lower)
            ],
        ),
    )
    steps.do(
        "cancel_batch",
        lambda: trade.cancel_order_batch(orders=[row["txid"] for row in batch["orders"]]),
    )
    steps.do("market", lambda: trade.create_order(ordertype="market", **common))
    steps.do(
        "stop",
        lambda: trade.create_order(
            ordertype="stop-loss", pair=PAIR, side="sell", volume=1, price=low
        ),
    )
    steps.do("after_x", lambda: trade.cancel_all_orders_after_x(timeout=60))
    steps.do("after_0", lambda: trade.cancel_all_orders_after_x(timeout=0))
    steps.do("cancel_all", trade.cancel_all_orders)


def read(steps: Steps, user: "User", funding: "Funding") -> None:
    """The books of the account."""
    steps.do("balance", user.get_account_balance)
    steps.do("balances", user.get_balances)
    steps.do("one_balance", lambda: user.get_balance(currency="USD"))
    steps.do("trade_balance", user.get_trade_balance)
    steps.do("open_orders", user.get_open_orders)
    closed = steps.do("closed_orders", lambda: user.get_closed_orders(trades=True))
    trades = steps.do("trades_history", lambda: user.get_trades_history(consolidate_taker=False))
    steps.do("trades_info", lambda: user.get_trades_info(txid=list(trades["trades"])))
    ledgers = steps.do("ledgers_info", user.get_ledgers_info)
    steps.do("ledgers", lambda: user.get_ledgers(id_=list(ledgers["ledger"])))
    steps.do("trade_volume", lambda: user.get_trade_volume(pair=PAIR))
    steps.do("closed", lambda: closed["count"])
    steps.do("deposits", lambda: funding.get_recent_deposits_status(asset="USD"))
    steps.do("withdrawals", lambda: funding.get_recent_withdraw_status(asset="USD"))


if __name__ == "__main__":
    main()
