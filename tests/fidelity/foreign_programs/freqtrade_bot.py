"""freqtrade: its bot as its user starts it, with a strategy that buys and sells again at once.

What it did is read from the bot's own database.
"""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from steps import Steps

PAIRS = ["BTC/USD", "ETH/USD"]
PATIENCE_SECONDS = 240
STRATEGY = '''
from freqtrade.strategy import IStrategy


class Restless(IStrategy):
    """Enters on every candle and leaves on every candle."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    startup_candle_count = 1
    process_only_new_candles = False
    minimal_roi = {"0": -1}
    stoploss = -0.5

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe["exit_long"] = 0
        return dataframe
'''


def config(steps: Steps, place: Path) -> dict[str, Any]:
    """The bot's own configuration; only the addresses are ours."""
    given = steps.given
    addresses = {
        "public": given["rest"],
        "private": given["rest"],
        "ws": {"public": given["ws"], "publicV2": given["ws"]}
        | {"private": given["ws_auth"], "privateV2": given["ws_auth"]},
    }
    side = {"price_side": "other", "use_order_book": True, "order_book_top": 1}
    return {
        "dry_run": False,
        "max_open_trades": 2,
        "stake_currency": "USD",
        "stake_amount": 500,
        "tradable_balance_ratio": 0.5,
        "trading_mode": "spot",
        "timeframe": "1m",
        "db_url": f"sqlite:///{place / 'trades.sqlite'}",
        "unfilledtimeout": {"entry": 1, "exit": 1, "unit": "minutes"},
        "entry_pricing": side,
        "exit_pricing": side,
        "order_types": {"entry": "limit", "exit": "market", "stoploss": "market"}
        | {"stoploss_on_exchange": False},
        "exchange": {
            "name": "kraken",
            "key": given["key"],
            "secret": given["secret"],
            "pair_whitelist": PAIRS,
            "pair_blacklist": [],
            "ccxt_config": {"urls": {"api": addresses}},
        },
        "pairlists": [{"method": "StaticPairList"}],
        "bot_name": "restless",
        "initial_state": "running",
        "internals": {"process_throttle_secs": 2},
    }


def rows(place: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the bot's database holds; nothing while there is none."""
    try:
        with sqlite3.connect(f"file:{place / 'trades.sqlite'}?mode=ro", uri=True) as database:
            return database.execute(sql).fetchall()
    except sqlite3.OperationalError:
        return []


def trade(place: Path) -> int:
    """Waits for a trade that is over, then ends the bot as its user would; its exit code."""
    command = ("-m", "freqtrade", "trade", "--config", "config.json", "--strategy", "Restless")
    paths = ("--strategy-path", str(place), "--userdir", str(place), "--logfile", "bot.log")
    with subprocess.Popen((sys.executable, *command, *paths), cwd=place) as bot:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and bot.poll() is None:
            if rows(place, "SELECT id FROM trades WHERE is_open = 0"):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                bot.wait(1)
        bot.send_signal(signal.SIGINT)
        return bot.wait(120)


def main() -> None:
    """Runs, and reports."""
    steps = Steps()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "config.json").write_text(json.dumps(config(steps, place)))
        (place / "restless.py").write_text(STRATEGY)
        code = trade(place)
        log = (place / "bot.log").read_text()
        steps.do("exit_code", lambda: code)
        steps.do("complaints", lambda: [line for line in log.splitlines() if " ERROR " in line])
        orders = "SELECT order_id, ft_order_side, status, filled, average FROM orders ORDER BY id"
        steps.do("orders", lambda: rows(place, orders))
        trades = "SELECT pair, amount, open_rate, close_rate, is_open FROM trades ORDER BY id"
        steps.do("trades", lambda: rows(place, trades))
        if code or not rows(place, trades):
            print(log[-4000:], file=sys.stderr)
    steps.end()


if __name__ == "__main__":
    main()
