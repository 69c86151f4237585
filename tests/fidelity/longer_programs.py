"""Whole trading programs of other people on the sandbox, for ``bin/check-foreign``: they take minutes.

As in ``test_foreign_clients``: unchanged, addresses by their own configuration, each with a key of its
own, under both of the exchange's limits.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import foreign
import pytest
from foreign import Report
from sandboxes import running

PROGRAMS: Final = ("nautilus_clients", "freqtrade_bot")
OPTIONS: Final = ("--seed", "3", "--tier", "pro", "--market", "synthetic:40")
PAIRS: Final = "BTC/USD,ETH/USD,SOL/USD"
NAUTILUS_STEPS: Final = (
    *("instruments", "server_time", "book", "trades", "account", "market", "listening"),
    *("authenticate", "executions", "limit", "modify", "open", "cancel", "market_order", "ioc"),
    *("left", "cancel_all", "orders_after", "fills", "told", "trading"),
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Report]]:
    foreign.python("longer.lock")
    with running(tmp_path_factory.mktemp("longer"), *OPTIONS, "--pairs", PAIRS) as sandbox:
        yield foreign.run(sandbox, *PROGRAMS, lock="longer.lock")


@pytest.mark.parametrize("step", NAUTILUS_STEPS)
def test_every_step_of_nautilus_succeeds(reports: dict[str, Report], step: str) -> None:
    reports["nautilus_clients"].gave(step)


def test_what_nautilus_knows_of_its_orders_is_what_the_exchange_knows(
    reports: dict[str, Report],
) -> None:
    report = reports["nautilus_clients"]
    resting, bought = report.gave("limit"), report.gave("market_order")
    assert report.gave("open") == [{"id": resting, "status": "ACCEPTED", "filled": "0.00000000"}]
    told = {row["id"]: row["status"] for row in report.gave("orders_after")}
    assert set(told) == {row["order_id"] for row in report.rows("order_accepted")}
    assert told[bought] == "FILLED"
    assert {told[resting], told[report.gave("ioc")], told[report.gave("left")]} == {"CANCELED"}
    (amended,) = report.rows("order_amended")
    assert (amended["order_id"], Decimal(amended["qty"])) == (resting, Decimal("0.3"))
    fills = {(row["exec_id"], row["order_id"]) for row in report.rows("fill")}
    assert {(row["id"], row["order"]) for row in report.gave("fills")} == fills
    assert report.gave("told")["FillReport"] == len(fills)
    assert len(report.gave("instruments")) == len(PAIRS.split(","))


def test_the_bot_of_freqtrade_buys_and_sells(reports: dict[str, Report]) -> None:
    report = reports["freqtrade_bot"]
    assert report.gave("complaints") == []
    truth: dict[str, Decimal] = {}
    for row in report.rows("fill"):
        truth[row["order_id"]] = truth.get(row["order_id"], Decimal(0)) + Decimal(row["qty"])
    orders: list[Any] = report.gave("orders")
    assert {order_id for order_id, *_ in orders} == {
        row["order_id"] for row in report.rows("order_accepted")
    }
    for order_id, _, status, filled, _ in orders:
        if status == "closed":
            assert Decimal(str(filled)) == truth[order_id]
    over = [row for row in report.gave("trades") if not row[-1]]
    assert over, report.gave("trades")
    assert {side for _, side, *_ in orders} == {"buy", "sell"}


def test_no_program_met_a_limit_or_broke_its_nonces(reports: dict[str, Report]) -> None:
    for name, report in reports.items():
        refused = [row["error"] for row in report.requests if row["error"]]
        assert refused == [], name
