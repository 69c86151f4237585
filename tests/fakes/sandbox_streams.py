"""Random streams of trading for the sandbox: what hypothesis draws, and how it is carried out."""

from typing import Any

from hypothesis import strategies as st
from sandbox_trial import Client, Trial

Step = tuple[Any, ...]

CLIENTS = st.integers(0, 2)
PAIRS = st.sampled_from(("XBTUSD", "ETHUSD", "ETHXBT"))
SIDES = st.sampled_from(("buy", "sell"))
#: Close enough to each other that orders often meet; ticks of ETHUSD are half cents.
PRICES = {
    "XBTUSD": st.integers(0, 6).map(lambda n: f"{30_000 + n}.{n % 10}"),
    "ETHUSD": st.integers(0, 6).map(lambda n: f"2000.{n * 5:03d}"),
    "ETHXBT": st.integers(0, 6).map(lambda n: f"0.0660{n}"[:7]),
}
VOLUMES = st.integers(100_000, 90_000_000).map(lambda n: f"{n // 10**8}.{n % 10**8:08d}")
REFS = st.integers(0, 5)
KINDS = st.sampled_from(
    (
        {},
        {},
        {},
        {},
        {},
        {},
        {"oflags": "post"},
        {"timeinforce": "IOC"},
        {"timeinforce": "FOK"},
        {"timeinforce": "GTD", "expiretm": "+6"},
        {"oflags": "fcib"},
        {"stptype": "cancel-oldest"},
        {"stptype": "cancel-both"},
        {"ordertype": "market"},
        {"ordertype": "market", "oflags": "viqc"},
        {"ordertype": "stop-loss"},
        {"ordertype": "take-profit"},
        {"ordertype": "stop-loss-limit"},
        {"ordertype": "take-profit-limit", "timeinforce": "GTD", "expiretm": "+9"},
        {"starttm": "+3"},
    )
)


def _priced(kind: str) -> st.SearchStrategy[Step]:
    return PAIRS.flatmap(
        lambda pair: st.tuples(
            st.just(kind), CLIENTS, st.just(pair), SIDES, VOLUMES, PRICES[pair], KINDS
        )
    )


AMEND = st.tuples(st.just("amend"), CLIENTS, REFS, VOLUMES, st.integers(0, 6))
CANCEL = st.tuples(st.just("cancel"), CLIENTS, REFS)
WAIT = st.tuples(st.just("wait"), st.sampled_from(("0.5", "3", "7")))
EDIT = st.tuples(st.just("edit"), CLIENTS, REFS, VOLUMES, st.integers(0, 6))
HOUSE = PAIRS.flatmap(
    lambda pair: st.tuples(st.just("house"), st.just(pair), SIDES, VOLUMES, PRICES[pair])
)
#: Clients among themselves, and with the house.
AMONG_CLIENTS = st.lists(
    st.one_of(_priced("add"), _priced("add"), AMEND, EDIT, CANCEL, WAIT), min_size=12, max_size=50
)
WITH_HOUSE = st.lists(
    st.one_of(_priced("add"), _priced("add"), AMEND, EDIT, CANCEL, WAIT, HOUSE, HOUSE),
    min_size=5,
    max_size=40,
)

BALANCES = {"USD": "200000", "BTC": "6", "ETH": "50"}


def clients_of(trial: Trial) -> list[Client]:
    """Three clients with means for a few orders."""
    return [trial.client(balances=BALANCES) for _ in range(3)]


def carry_out(trial: Trial, clients: list[Client], step: Step) -> None:
    """Does one step; the exchange may refuse it."""
    match step:
        case ("add", who, pair, side, volume, price, kind):
            params = {"ordertype": "limit", "pair": pair, "type": side, "volume": volume}
            params |= {"price": price, "price2": price, **kind}
            if "viqc" in kind.get("oflags", ""):
                params |= {"type": "buy", "volume": volume[:7].rjust(7, "9")}
            clients[who]("AddOrder", **params)
        case ("amend", who, ref, volume, n):
            orders = open_orders(trial, clients[who])
            if orders:
                order_id, pair = orders[ref % len(orders)]
                price = {"BTC/USD": f"{30_000 + n}.0", "ETH/USD": f"2000.{n * 5:03d}"}
                wanted = price.get(pair, f"0.0660{n}"[:7])
                clients[who]("AmendOrder", txid=order_id, order_qty=volume, limit_price=wanted)
        case ("edit", who, ref, volume, n):
            orders = open_orders(trial, clients[who])
            if orders:
                order_id, pair = orders[ref % len(orders)]
                price = {"BTC/USD": f"{30_000 + n}.0", "ETH/USD": f"2000.{n * 5:03d}"}
                wanted = price.get(pair, f"0.0660{n}"[:7])
                clients[who]("EditOrder", txid=order_id, pair=pair, volume=volume, price=wanted)
        case ("cancel", who, ref):
            orders = open_orders(trial, clients[who])
            if orders:
                clients[who]("CancelOrder", txid=orders[ref % len(orders)][0])
        case ("wait", seconds):
            trial.pass_time(seconds)
        case ("house", pair, side, volume, price):
            trade = {"price": price, "qty": volume, "side": side}
            known = trial.exchange.world.catalog.pair(pair)
            assert known is not None
            if side == "buy":
                trial.admin("market", {"symbol": known.symbol, "best_bid": price, "qty": volume})
            else:
                trial.admin("market", {"symbol": known.symbol, "trade": trade})


def open_orders(trial: Trial, client: Client) -> list[tuple[str, str]]:
    """A client's open orders, oldest first: id and symbol."""
    world = trial.exchange.world
    account = world.accounts.by_name[world.accounts.keys[client.key].account]
    return [(order.order_id, order.terms.pair.symbol) for order in account.open.values()]
