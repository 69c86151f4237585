"""Whatever is traded, nothing is made or lost, and no account promises more than it has."""

from collections import defaultdict
from decimal import ROUND_CEILING, Decimal

from hypothesis import given
from sandbox_streams import AMONG_CLIENTS, BALANCES, WITH_HOUSE, Step, carry_out, clients_of
from sandbox_trial import Client, Trial

NAMES = {"ZUSD": "USD", "XXBT": "BTC", "XETH": "ETH"}
TAKER = Decimal("0.004")


def ledger(client: Client) -> list[dict[str, str]]:
    """Every row, oldest first."""
    rows: list[dict[str, str]] = []
    while True:
        page = client("Ledgers", ofs=len(rows), without_count="true")["ledger"]
        rows += page.values()
        if len(page) < 50:
            return rows[::-1]


def balances(client: Client) -> dict[str, Decimal]:
    told = client("Balance")
    return {NAMES[asset]: Decimal(amount) for asset, amount in told.items()}


@given(AMONG_CLIENTS)
def test_what_clients_trade_among_themselves_is_conserved(steps: list[Step]) -> None:
    trial = Trial(balances={})
    clients = clients_of(trial)
    for step in steps:
        carry_out(trial, clients, step)
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for client in clients:
        for asset, amount in balances(client).items():
            total[asset] += amount
        for row in ledger(client):
            total[NAMES[row["asset"]]] += Decimal(row["fee"])
    assert total == {asset: 3 * Decimal(amount) for asset, amount in BALANCES.items()}


@given(WITH_HOUSE)
def test_every_balance_is_its_ledgers_sum_and_never_negative(steps: list[Step]) -> None:
    trial = Trial(balances={})
    clients = clients_of(trial)
    for step in steps:
        carry_out(trial, clients, step)
        for client in clients:
            assert min(balances(client).values()) >= 0
    for client in clients:
        running: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in ledger(client):
            asset = NAMES[row["asset"]]
            running[asset] += Decimal(row["amount"]) - Decimal(row["fee"])
            assert running[asset] == Decimal(row["balance"])
        assert running == balances(client)


def rounded_up(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_CEILING)


def claims(client: Client) -> dict[str, Decimal]:
    """What open orders must hold, by the exchange's public rules: a whole unit up, fee included."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in client("OpenOrders")["open"].values():
        descr = order["descr"]
        base, quote = {"XBTUSD": ("BTC", "USD"), "ETHUSD": ("ETH", "USD")}.get(
            descr["pair"], ("ETH", "BTC")
        )
        left = Decimal(order["vol"]) - Decimal(order["vol_exec"])
        in_base = "fcib" in order["oflags"]
        if descr["type"] == "sell":
            fee = rounded_up(left * TAKER, 8) if in_base else Decimal(0)
            held[base] += left + fee
        else:
            limit = Decimal(descr["price2"]) or Decimal(descr["price"])
            value, places = left * limit, 4 if quote == "USD" else 10
            fee = Decimal(0) if in_base else value * TAKER
            held[quote] += rounded_up(value, places) + rounded_up(fee, places)
    return held


@given(WITH_HOUSE)
def test_holds_are_what_open_orders_claim_and_are_covered(steps: list[Step]) -> None:
    trial = Trial(balances={})
    clients = clients_of(trial)
    for step in steps:
        carry_out(trial, clients, step)
    for client in clients:
        told = client("BalanceEx")
        held = {NAMES[asset]: Decimal(row["hold_trade"]) for asset, row in told.items()}
        assert {asset: amount for asset, amount in held.items() if amount} == claims(client)
        assert all(Decimal(row["hold_trade"]) <= Decimal(row["balance"]) for row in told.values())


@given(WITH_HOUSE)
def test_orders_trades_and_ledger_tell_the_same_story(steps: list[Step]) -> None:
    trial = Trial(balances={})
    clients = clients_of(trial)
    for step in steps:
        carry_out(trial, clients, step)
    for client in clients:
        trades = client("TradesHistory", consolidate_taker="false", ledgers="true")["trades"]
        legs: defaultdict[str, list[str]] = defaultdict(list)
        world = trial.exchange.world
        for row in world.accounts.by_name[world.accounts.keys[client.key].account].ledger:
            legs[row.ref_id].append(row.ledger_id)
        filled: defaultdict[str, Decimal] = defaultdict(Decimal)
        for exec_id, trade in trades.items():
            assert trade["ledgers"] == legs[exec_id]
            assert len(legs[exec_id]) == 2
            filled[trade["ordertxid"]] += Decimal(trade["vol"])
        orders = client("OpenOrders")["open"] | client("ClosedOrders")["closed"]
        for order_id, order in orders.items():
            if len(trades) < 50 and len(orders) < 50:
                assert Decimal(order["vol_exec"]) == filled[order_id]
            if order["status"] == "closed":
                assert order["vol_exec"] == order["vol"]
