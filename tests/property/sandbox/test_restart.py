"""An exchange that goes on from its journal is the exchange that wrote it, cut where it may be."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from sandbox_streams import WITH_HOUSE, Step, carry_out, clients_of
from sandbox_trial import Trial

from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.memory import InMemory


class Watched(InMemory):
    """Remembers how many lines each write left behind."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        super().__init__(lines)
        self.ends = [0]

    def append(self, lines: bytes) -> None:
        super().append(lines)
        self.ends.append(len(list(self.lines())))


def fingerprint(exchange: Exchange) -> dict[str, Any]:
    """Everything that must not be forgotten."""
    world = exchange.world
    return {
        "keys": [
            (key.key, key.secret, key.account, key.permissions, key.nonce)
            for key in world.accounts.keys.values()
        ],
        "accounts": {
            name: (
                account.tier,
                dict(account.balances),
                {asset: held for asset, held in account.holds.items() if held},
                [order_of(order) for order in account.orders.values()],
                list(account.open),
                list(account.by_cl_ord_id),
                list(account.trades),
                list(account.ledger),
                account.dead_man_ns,
            )
            for name, account in world.accounts.by_name.items()
        },
        "queues": {
            symbol: [
                (level_price, [one.order.order_id for one in level.queue.values() if one.order])
                for ladder in (book.bids, book.asks)
                for level_price, level in sorted(ladder.levels.items())
                if any(one.order for one in level.queue.values())
            ]
            for symbol, book in world.books.items()
            if any(one.order for side in (book.bids, book.asks) for one in side.walk(None))
        },
    }


def order_of(order: Any) -> tuple[Any, ...]:
    trades = [
        (t.exec_id, t.trade_id, t.at_ns, t.price, t.qty, t.cost, t.fee, t.maker, (*t.ledgers,))
        for t in order.trades
    ]
    totals = (order.filled, order.value, order.cost, order.fee, order.held)
    ended = (order.status, order.reason, order.closed_ns, order.amended)
    return (order.order_id, order.terms, order.opened_ns, trades, totals, ended)


@given(WITH_HOUSE)
def test_a_restart_after_any_input_finds_everything(steps: list[Step]) -> None:
    trial = Trial(balances={})
    clients = clients_of(trial)
    for step in steps:
        carry_out(trial, clients, step)
    before = fingerprint(trial.exchange)
    trial.restart()
    assert fingerprint(trial.exchange) == before


@given(WITH_HOUSE)
def test_a_journal_cut_at_any_line_gives_the_state_after_its_last_whole_write(
    steps: list[Step],
) -> None:
    memory = Watched()
    trial = Trial(memory, balances={})
    seen: dict[int, dict[str, Any]] = {}
    clients = clients_of(trial)
    clients[0]("CancelAllOrdersAfter", timeout="5")
    seen[memory.ends[-1]] = fingerprint(trial.exchange)
    for step in steps:
        carry_out(trial, clients, step)
        seen[memory.ends[-1]] = fingerprint(trial.exchange)
    lines = list(memory.lines())
    for count in range(min(seen), len(lines) + 1):
        whole = max(end for end in memory.ends if end <= count)
        if whole not in seen:
            continue
        cut = InMemory(lines[:count])
        world = Trial(cut, balances={}).exchange
        # Orders that time has ended by now are not what this is about: the clock starts anew.
        assert fingerprint(world) == seen[whole]
        assert len(list(cut.lines())) == whole
