"""No rounding, however often it goes against an account, takes more than the account has."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from sandbox_trial import BTC_USD, ETH_USD, Client, Trial

from zoe.sandbox.core.catalog import Asset

#: Coarse assets: every match of a few units is rounded.
COARSE = (
    Asset("USD", "ZUSD", "USD", 1),
    Asset("BTC", "XXBT", "XBT", 4),
    Asset("ETH", "XETH", "ETH", 10, 5),
)
QTY = st.integers(5_000, 60_000).map(lambda n: f"0.{n:08d}")
PRICE = st.integers(100_000, 100_040).map(lambda n: f"{n // 10}.{n % 10}")
MATCHES = st.lists(st.tuples(QTY, PRICE), min_size=1, max_size=25)


def is_covered(client: Client) -> bool:
    told = client("BalanceEx")
    return all(
        Decimal(0) <= Decimal(row["hold_trade"]) <= Decimal(row["balance"]) for row in told.values()
    )


@given(MATCHES, st.sampled_from(("buy", "sell")), st.booleans(), st.booleans())
def test_holds_are_covered_by_balances_after_every_match(
    matches: list[tuple[str, str]], side: str, in_base: bool, rests: bool
) -> None:
    trial = Trial(assets=COARSE, pairs=(BTC_USD, ETH_USD), balances={})
    total = sum(Decimal(qty) for qty, _ in matches)
    price = max(p for _, p in matches) if side == "buy" else min(p for _, p in matches)
    other = {"buy": "sell", "sell": "buy"}[side]
    flag = {"oflags": "fcib" if in_base else "fciq"}
    # The least an account can be opened with that lets the order in.
    means = Decimal("0.1") if side == "buy" else Decimal("0.0001")
    asset = "USD" if side == "buy" else "BTC"
    for units in range(1, 20_000):
        client = trial.client(balances={asset: str(means * units)})
        told = client.limit(side, str(total), price, **flag, validate="true")
        if isinstance(told, dict):
            break
    many = trial.client(balances={"USD": "100000", "BTC": "10"})
    if rests:
        client.limit(side, str(total), price, **flag)
    for qty, at in matches:
        many.limit(other, qty, price if rests else at)
        assert is_covered(client)
    if not rests:
        client.limit(side, str(total), price, **flag)
    assert is_covered(client)
    assert is_covered(many)
