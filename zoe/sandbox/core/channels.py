"""Subscribing: one handler a channel, one answer a symbol (facts, 2.2 to 2.9)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from zoe.sandbox.core import errors, instruments
from zoe.sandbox.core.accounts import Account
from zoe.sandbox.core.answers import Ask
from zoe.sandbox.core.books import DEPTHS, BookChannel
from zoe.sandbox.core.candles import INTERVALS
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.executions import Reports
from zoe.sandbox.core.intake import Fields, checked
from zoe.sandbox.core.limits import TIERS
from zoe.sandbox.core.outbox import Outbox, PrivateFeed, Session
from zoe.sandbox.core.tape import Tape
from zoe.sandbox.core.world import World

_NOT_SUBSCRIBED: Final = "Subscription not found"
_WARNINGS: Final = {
    "instrument": ["tick_size is deprecated, use price_increment"],
    "executions": [
        "cancel_reason is deprecated, use reason",
        "stop_price is deprecated, use triggers.price",
        "trigger is deprecated use triggers.reference",
        "triggered_price is deprecated use triggers.last_price",
    ],
}
_SYMBOLS: Final = {"channel": "string", "symbol": "array", "snapshot": "boolean"}
_PRIVATE: Final = {"channel": "string", "token": "string", "snapshot": "boolean"} | {
    "rebased": "boolean",
    "users": "string",
}


@attrs.frozen
class _Channel:
    fields: Fields = attrs.field(converter=Fields)
    subscribe: Callable[[Ask], None]
    unsubscribe: Callable[[Ask], None]


class Channels:
    """Everything that can be subscribed to."""

    def __init__(
        self, world: World, outbox: Outbox, tellers: tuple[BookChannel, Tape, Reports]
    ) -> None:
        self._world = world
        self._outbox = outbox
        self._books, self._tape, self._reports = tellers
        each = self._each_symbol
        self._channels = {
            "book": _Channel(
                _SYMBOLS | {"depth": "number_integer"}, each(self._book), each(self._no_book)
            ),
            "ticker": _Channel(
                _SYMBOLS | {"event_trigger": "string"}, each(self._ticker), each(self._no_ticker)
            ),
            "trade": _Channel(_SYMBOLS, each(self._trade), each(self._no_trade)),
            "ohlc": _Channel(
                _SYMBOLS | {"interval": "number_integer"}, each(self._ohlc), each(self._no_ohlc)
            ),
            "instrument": _Channel(
                {"channel": "string", "snapshot": "boolean"}
                | {"include_tokenized_assets": "boolean", "execution_venue": "string"},
                self._instrument,
                self._no_instrument,
            ),
            "executions": _Channel(
                _PRIVATE
                | {"snap_orders": "boolean", "snap_trades": "boolean"}
                | {"order_status": "boolean", "ratecounter": "boolean"}
                | {"snapshot_trades": "boolean"},
                self._executions,
                self._no_executions,
            ),
            "balances": _Channel(_PRIVATE, self._balances, self._no_balances),
        }

    def subscribe(self, ask: Ask) -> None:
        """Answers, and sends snapshots.

        Raises:
            Refusal: Not as a whole.
        """
        self._channel(ask).subscribe(ask)

    def unsubscribe(self, ask: Ask) -> None:
        """Answers.

        Raises:
            Refusal: Not as a whole.
        """
        self._channel(ask).unsubscribe(ask)

    def _channel(self, ask: Ask) -> _Channel:
        name = ask.params.get("channel")
        channel = self._channels.get(name) if isinstance(name, str) else None
        if name == "level3":
            raise Refusal(errors.FEATURE_DISABLED)
        if channel is None:
            raise Refusal(errors.UNSUPPORTED_EVENT)
        checked(ask.method, ask.params, channel.fields)
        return channel

    def _each_symbol(self, one: Callable[[Ask, Pair], Mapping[str, object]]) -> Any:
        def all_of_them(ask: Ask) -> None:
            symbols = ask.params.get("symbol")
            if not symbols:
                raise errors.invalid("symbol")
            for symbol in symbols:
                self._one_symbol(ask, str(symbol), one)

        return all_of_them

    def _one_symbol(
        self, ask: Ask, symbol: str, one: Callable[[Ask, Pair], Mapping[str, object]]
    ) -> None:
        pair = self._world.catalog.pairs.get(symbol)
        try:
            if pair is None:
                raise Refusal(errors.PAIR_NOT_SUPPORTED.format(symbol[:40]))
            place = self._outbox.mark
            result = one(ask, pair)
        except Refusal as refusal:
            self._answer(ask, ask.refuse(str(refusal), symbol), None)
        else:
            told = {"channel": ask.params["channel"], "symbol": symbol, **result}
            self._answer(ask, ask.accept(told), place)

    def _answer(self, ask: Ask, payload: bytes, place: int | None) -> None:
        """An answer comes before the snapshot it announces."""
        self._outbox.answer(ask.session, payload, ask.at_ns, place)

    def _book(self, ask: Ask, pair: Pair) -> Mapping[str, object]:
        depth, snapshot = ask.params.get("depth", DEPTHS[0]), ask.params.get("snapshot", True)
        if depth not in DEPTHS:
            raise Refusal(errors.DEPTH_NOT_SUPPORTED)
        if pair.symbol in ask.session.depths:
            raise Refusal(errors.ALREADY_SUBSCRIBED)
        self._books.subscribe(ask.session, pair, depth, snapshot=snapshot)
        return {"depth": depth, "snapshot": snapshot}

    def _no_book(self, ask: Ask, pair: Pair) -> Mapping[str, object]:
        depth = ask.session.depths.get(pair.symbol)
        if depth is None or ask.params.get("depth", depth) != depth:
            raise Refusal(_NOT_SUBSCRIBED)
        self._books.unsubscribe(ask.session, pair.symbol)
        return {"depth": depth}

    def _ticker(self, ask: Ask, pair: Pair) -> Mapping[str, object]:
        trigger = ask.params.get("event_trigger", "trades")
        if trigger not in ("trades", "bbo"):
            raise errors.invalid("event_trigger")
        if pair.symbol in ask.session.tickers:
            raise Refusal(errors.ALREADY_SUBSCRIBED)
        ask.session.tickers[pair.symbol] = trigger
        snapshot = ask.params.get("snapshot", True)
        if snapshot:
            self._tape.ticker_snapshot(ask.session, pair)
        return {"event_trigger": trigger, "snapshot": snapshot}

    def _no_ticker(self, ask: Ask, pair: Pair) -> Mapping[str, object]:
        trigger = ask.session.tickers.pop(pair.symbol, None)
        if trigger is None:
            raise Refusal(_NOT_SUBSCRIBED)
        return {"event_trigger": trigger}

    def _trade(self, ask: Ask, pair: Pair) -> Mapping[str, object]:
        if pair.symbol in ask.session.trades:
            raise Refusal(errors.ALREADY_SUBSCRIBED)
        ask.session.trades.add(pair.symbol)
        snapshot = ask.params.get("snapshot", True)
        if snapshot:
            self._tape.trades_snapshot(ask.session, pair)
        return {"snapshot": snapshot}

    def _no_trade(self, ask: Ask, pair: Pair) -> Mapping[str, object]:
        if pair.symbol not in ask.session.trades:
            raise Refusal(_NOT_SUBSCRIBED)
        ask.session.trades.discard(pair.symbol)
        return {}

    def _ohlc(self, ask: Ask, pair: Pair) -> Mapping[str, object]:
        interval, snapshot = ask.params.get("interval"), ask.params.get("snapshot", True)
        if interval not in INTERVALS:
            raise errors.invalid("interval")
        intervals = ask.session.candles.setdefault(pair.symbol, set())
        if interval in intervals:
            raise Refusal(errors.ALREADY_SUBSCRIBED)
        intervals.add(interval)
        if snapshot:
            self._tape.candles_snapshot(ask.session, pair, interval)
        warnings = ["timestamp is deprecated, use interval_begin"]
        return {"interval": interval, "snapshot": snapshot, "warnings": warnings}

    def _no_ohlc(self, ask: Ask, pair: Pair) -> Mapping[str, object]:
        interval = ask.params.get("interval")
        intervals = ask.session.candles.get(pair.symbol, set())
        if interval not in intervals:
            raise Refusal(_NOT_SUBSCRIBED)
        intervals.discard(interval)
        if not intervals:
            del ask.session.candles[pair.symbol]
        return {"interval": interval}

    def _instrument(self, ask: Ask) -> None:
        if ask.session.instruments:
            raise Refusal(errors.ALREADY_SUBSCRIBED)
        ask.session.instruments = True
        snapshot = ask.params.get("snapshot", True)
        self._accept(ask, {"snapshot": snapshot, "warnings": _WARNINGS["instrument"]})
        if snapshot:
            frame = instruments.snapshot(self._world)
            self._outbox.frame(ask.session, "instrument", frame)

    def tell_pair(self, pair: Pair) -> None:
        """A pair's row has changed."""
        frame = instruments.update(self._world, pair)
        for session in tuple(self._outbox.sessions.values()):
            if session.instruments:
                self._outbox.frame(session, "instrument", frame)

    def _no_instrument(self, ask: Ask) -> None:
        if not ask.session.instruments:
            raise Refusal(_NOT_SUBSCRIBED)
        ask.session.instruments = False
        self._accept(ask, {})

    def _accept(self, ask: Ask, result: Mapping[str, object]) -> None:
        payload = ask.accept({"channel": ask.params["channel"], **result})
        self._answer(ask, payload, None)

    def _executions(self, ask: Ask) -> None:
        account = self._account(ask)
        if ask.session.executions is not None:
            raise Refusal(errors.ALREADY_SUBSCRIBED)
        wanted = ask.params
        status = wanted.get("order_status", True)
        orders = wanted.get("snap_orders", wanted.get("snapshot", True))
        trades = wanted.get("snap_trades", wanted.get("snapshot_trades", False))
        feed = ask.session.executions = self._feed("executions", ask, account)
        feed.order_status, feed.ratecounter = status, wanted.get("ratecounter", False)
        result = {
            "maxratecount": TIERS[account.tier].engine_most,
            "snap_orders": orders,
            "snap_trades": trades,
            "warnings": _WARNINGS["executions"],
        }
        self._accept(ask, result)
        if orders:
            self._reports.orders_snapshot(ask.session, account)
        if trades:
            self._reports.trades_snapshot(ask.session, account)

    def _no_executions(self, ask: Ask) -> None:
        self._account(ask)
        if ask.session.executions is None:
            raise Refusal(_NOT_SUBSCRIBED)
        self._end(ask.session.executions)
        ask.session.executions = None
        self._accept(ask, {})

    def _balances(self, ask: Ask) -> None:
        account = self._account(ask)
        if ask.session.balances is not None:
            raise Refusal(errors.ALREADY_SUBSCRIBED)
        ask.session.balances = self._feed("balances", ask, account)
        snapshot = ask.params.get("snapshot", True)
        self._accept(ask, {"snapshot": snapshot})
        if snapshot:
            self._reports.balances_snapshot(ask.session, account)

    def _no_balances(self, ask: Ask) -> None:
        self._account(ask)
        if ask.session.balances is None:
            raise Refusal(_NOT_SUBSCRIBED)
        self._end(ask.session.balances)
        ask.session.balances = None
        self._accept(ask, {})

    def _account(self, ask: Ask) -> Account:
        """Whose token it is."""
        if not ask.session.private:
            raise Refusal(errors.PERMISSION_DENIED)
        accounts = self._world.accounts
        key = accounts.key_of(ask.params.get("token", ""), self._world.now_ns)
        if key is None:
            raise Refusal(errors.INVALID_SESSION)
        return accounts.by_name[key.account]

    def _feed(self, channel: str, ask: Ask, account: Account) -> PrivateFeed:
        token = ask.params["token"]
        self._world.accounts.use_token(token, 1)
        return PrivateFeed(channel, account.name, token)

    def _end(self, feed: PrivateFeed | None) -> None:
        if feed is not None:
            self._world.accounts.use_token(feed.token, -1)

    def forget(self, session: Session) -> None:
        """The socket is gone."""
        self._end(session.executions)
        self._end(session.balances)
        self._books.forget(session)
