"""A journal read back: the same accounts, keys, nonces, orders, balances and history as before."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from zoe.sandbox.core import rules
from zoe.sandbox.core.accounts import Account, ApiKey
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.funding import funding_of
from zoe.sandbox.core.memory import Memory
from zoe.sandbox.core.money import from_signed_text, from_text, rescaled
from zoe.sandbox.core.orders import Amend, LedgerRow, Order, Terms, Trade
from zoe.sandbox.core.volumes import CENT
from zoe.sandbox.core.world import World

Record = dict[str, Any]
_DECODER: Final = msgspec.json.Decoder(Record)


class Recovery:
    """Makes a world what its journal says. Afterwards ``queue`` is who waits, in queue order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._orders: dict[str, Order] = {}
        self.queue: dict[str, Order] = {}
        self._kinds: dict[str, Callable[[Record], None]] = {
            "account": self._account,
            "key": self._key,
            "request": self._request,
            "trade_ids": self._trade_ids,
            "dead_man": self._dead_man,
            "order_accepted": self._accepted,
            "order_amended": self._amended,
            "order_released": self._released,
            "funding": self._funding,
            "fill": self._fill,
            "order_canceled": self._ended,
            "order_expired": self._ended,
            "order_lost": self._lost,
            "ledger": self._ledger,
        }

    def run(self, memory: Memory) -> None:
        """Reads all of it, and makes the memory forget half a batch at its end.

        Raises:
            ValueError: A line cannot be read, or is about a pair that is not in the catalogue.
        """
        for number, record in enumerate(_whole(memory), 1):
            try:
                self._kinds[record["kind"]](record)
            except (KeyError, ValueError, TypeError) as problem:
                text = f"{type(problem).__name__}: {problem}"
                raise ValueError(f"journal line {number}: {text}") from problem
            self._world.now_ns = max(self._world.now_ns, record["ns"])

    def _account(self, record: Record) -> None:
        account = Account(record["account"], record["tier"], limits=record.get("limits", "none"))
        self._world.accounts.by_name[account.name] = account

    def _key(self, record: Record) -> None:
        permissions = frozenset(record["permissions"])
        key = ApiKey(record["key"], record["secret"], record["account"], permissions)
        key.nonce_window = record.get("nonce_window", 0)
        self._world.accounts.keys[key.key] = key

    def _request(self, record: Record) -> None:
        if record.get("nonce") is not None:
            key = self._world.accounts.keys[record["key"]]
            key.nonce = max(key.nonce, record["nonce"])

    def _trade_ids(self, record: Record) -> None:
        # What was used of a block is not known: the next trade opens a new one.
        self._world.reserved[record["symbol"]] = record["reserved"]
        self._world.trade_ids[record["symbol"]] = record["reserved"]

    def _dead_man(self, record: Record) -> None:
        self._world.accounts.by_name[record["account"]].dead_man_ns = record["trigger_ns"]

    def _accepted(self, record: Record) -> None:
        terms = self._terms(record)
        order = Order(record["order_id"], record["account"], terms, record["ns"], "open")
        if terms.starts_ns > record["ns"]:
            order.status, order.waits = "pending", "start"
        elif terms.trigger:
            order.waits = "price"
        self._world.ids.used("O")
        self._orders[order.order_id] = self.queue[order.order_id] = order
        account = self._world.accounts.of(order)
        account.open_order(order)
        self._claim(account, order)

    def _terms(self, record: Record) -> Terms:
        pair = self._pair(record["symbol"])
        return Terms(
            pair,
            record["side"],
            record["order_type"],
            from_text(record["qty"], pair.qty_decimals),
            from_text(record["price"], pair.price_decimals),
            record["time_in_force"],
            record["post_only"],
            record["stp_type"],
            record["fee_in_base"],
            record["cl_ord_id"],
            record["userref"],
            record["expires_ns"],
            from_text(record.get("trigger", "0"), pair.price_decimals),
            from_text(record.get("quote_qty", "0"), pair.cost_decimals),
            record.get("starts_ns", 0),
        )

    def _pair(self, symbol: str) -> Pair:
        pair = self._world.catalog.pairs.get(symbol)
        if pair is None:
            raise ValueError(f"pair {symbol} is not in the catalogue")
        return pair

    def _amended(self, record: Record) -> None:
        self._world.ids.used("T")
        order = self._orders[record["order_id"]]
        before, pair = order.terms, order.terms.pair
        order.amended, order.changed_ns = True, record["ns"]
        order.terms = msgspec.structs.replace(
            before,
            qty=from_text(record["qty"], pair.qty_decimals),
            price=from_text(record["price"], pair.price_decimals),
            post_only=record["post_only"],
            trigger=from_text(record.get("trigger", "0"), pair.price_decimals),
        )
        amend_id, at_ns = record["amend_id"], record["ns"]
        order.amends.append(Amend(amend_id, at_ns, order.terms, order.filled))
        if not rules.keeps_place(before, order.terms):
            self.queue[order.order_id] = self.queue.pop(order.order_id)
        self._claim(self._world.accounts.of(order), order)

    def _released(self, record: Record) -> None:
        order = self._orders[record["order_id"]]
        if record["waited_for"] == "start" and order.terms.trigger:
            order.status, order.waits = "open", "price"
        else:
            order.status, order.waits = "open", ""
            order.triggered = record["waited_for"] == "price"
        self.queue[order.order_id] = self.queue.pop(order.order_id)

    def _funding(self, record: Record) -> None:
        if record["ref_id"] not in self._world.accounts.fundings:
            self._world.ids.used("F")
        self._world.accounts.fundings[record["ref_id"]] = funding_of(record, self._world.catalog)

    def _fill(self, record: Record) -> None:
        self._world.ids.used("T")
        order = self._orders[record["order_id"]]
        pair = order.terms.pair
        trade = Trade(
            record["exec_id"],
            record["trade_id"],
            order.order_id,
            record["ns"],
            from_text(record["price"], pair.price_decimals),
            from_text(record["qty"], pair.qty_decimals),
            from_text(record["cost"], pair.cost_decimals),
            from_text(record["fee"], pair.cost_decimals),
            record["liquidity"] == "m",
        )
        account = self._world.accounts.of(order)
        account.take_part(order, trade)
        cents = record.get("usd_cents")
        if cents is None and pair.quote == "USD":  # the first journals did not say
            cents = rescaled(trade.cost * CENT, pair.cost_decimals, 0)
        account.volume.add(trade.at_ns, cents or 0)
        self._world.last_price[pair.symbol] = trade.price
        if order.left:
            self._claim(account, order)
        else:
            self._close(order, "closed", None, record["ns"])

    def _ended(self, record: Record) -> None:
        status = record["kind"].removeprefix("order_")
        order = self._orders[record["order_id"]]
        self._close(order, status, record["reason"], record["ns"])

    def _lost(self, record: Record) -> None:
        order = self._orders[record["order_id"]]
        order.end("lost", None, record["ns"])
        account = self._world.accounts.of(order)
        account.forget_order(order)
        account.hold(order, rules.claim(self._world, order.terms, 0)[0], 0)
        del self.queue[order.order_id]

    def _close(self, order: Order, status: str, reason: str | None, at_ns: int) -> None:
        order.end(status, reason, at_ns)
        account = self._world.accounts.of(order)
        account.close_order(order)
        account.hold(order, rules.claim(self._world, order.terms, 0)[0], 0)
        del self.queue[order.order_id]

    def _claim(self, account: Account, order: Order) -> None:
        account.hold(order, *rules.claim(self._world, order.terms, order.left))

    def _ledger(self, record: Record) -> None:
        self._world.ids.used("L")
        if record["type"] == "deposit" and record["ref_id"].startswith("D"):
            self._world.ids.used("D")
        asset = record["asset"]
        decimals = self._world.catalog.assets[asset].decimals
        amount, fee, balance = (from_signed_text(record[name], decimals) for name in _AMOUNTS)
        row = LedgerRow(
            record["id"],
            record["account"],
            record["ref_id"],
            record["ns"],
            record["type"],
            asset,
            amount,
            fee,
            balance,
            record.get("subtype", ""),
        )
        self._world.accounts.by_name[row.account].book(row)


_AMOUNTS: Final = ("amount", "fee", "balance")


def _whole(memory: Memory) -> Iterator[Record]:
    """Every record of every batch that is complete; a last one that is not is forgotten.

    They are never all in memory at once: a journal is longer than what it comes to.
    """
    batch: list[Record] = []
    torn: msgspec.MsgspecError | RecursionError | None = None
    complete = number = 0
    for number, line in enumerate(memory.lines(), 1):
        if torn is not None:
            raise ValueError(f"journal line {number - 1}: {torn}") from torn
        try:
            batch.append(_DECODER.decode(line))
        except (msgspec.MsgspecError, RecursionError) as problem:
            torn = problem
            continue
        if len(batch) == batch[0].get("batch", 1):
            complete = number
            yield from batch
            batch.clear()
    if complete < number:
        memory.keep(complete)
