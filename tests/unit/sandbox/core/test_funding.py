"""Deposits, withdrawals and income by the admin's hand, and where they are seen."""

from typing import Any

import pytest
from sandbox_trial import Client, Trial


def fund(client: Client, **wanted: Any) -> Any:
    account = client.trial.exchange.world.accounts.keys[client.key].account
    return client.trial.admin("funding", {"account": account, **wanted})


def ledger(client: Client, **params: str) -> list[dict[str, Any]]:
    """Oldest first."""
    return list(client("Ledgers", **params)["ledger"].values())[::-1]


def test_a_deposit_is_in_the_ledger_the_channel_and_the_status() -> None:
    client = Trial().client(balances={"USD": "10"})
    socket = client.socket()
    socket.ask("subscribe", channel="balances")
    told = fund(client, asset="XBT", amount="0.5", fee="0.0001", type="deposit", method="Bitcoin")
    assert client("Balance")["XXBT"] == "0.4999000000"
    row = ledger(client)[-1]
    assert (row["type"], row["refid"], row["fee"]) == ("deposit", told["ref_id"], "0.0001000000")
    (update,) = socket.channel("balances", "update")
    assert update["data"][0]["ref_id"] == told["ref_id"]
    newest, opening = client("DepositStatus")
    assert (newest["refid"], newest["status"], newest["method"]) == (
        told["ref_id"],
        "Success",
        "Bitcoin",
    )
    assert (opening["asset"], opening["status"]) == ("ZUSD", "Success")
    assert client("DepositStatus", asset="ZUSD") == [opening]


def test_a_deposit_is_credited_when_it_succeeds() -> None:
    client = Trial().client()
    ref_id = fund(client, asset="USD", amount="100", status="Pending")["ref_id"]
    assert client("Balance") == {}
    assert client("DepositStatus")[0]["status"] == "Pending"
    client.trial.restart()
    fund(client, ref_id=ref_id, status="Success")
    assert client("Balance") == {"ZUSD": "100.0000"}
    client.trial.restart()
    assert client("DepositStatus")[0]["status"] == "Success"
    assert client("Balance") == {"ZUSD": "100.0000"}


def test_a_withdrawal_that_fails_comes_back_with_opposite_signs() -> None:
    client = Trial().client(balances={"USD": "100"})
    told = fund(client, asset="USD", amount="60", fee="1", type="withdrawal", status="Pending")
    assert client("Balance") == {"ZUSD": "39.0000"}
    fund(client, ref_id=told["ref_id"], status="Failure", status_prop="canceled")
    assert client("Balance") == {"ZUSD": "100.0000"}
    there, back = ledger(client, type="withdrawal")
    assert (there["amount"], there["fee"], there["balance"]) == ("-60.0000", "1.0000", "39.0000")
    assert (back["amount"], back["fee"], back["balance"]) == ("60.0000", "-1.0000", "100.0000")
    assert there["refid"] == back["refid"] == told["ref_id"]
    (status,) = client("WithdrawStatus")
    assert (status["status"], status["status-prop"]) == ("Failure", "canceled")
    assert (status["amount"], status["fee"]) == ("60.0000", "1.0000")


@pytest.mark.parametrize("kind", ["reward", "staking", "dividend", "transfer", "adjustment"])
def test_income_has_its_own_type(kind: str) -> None:
    client = Trial().client()
    fund(client, asset="ETH", amount="0.01", fee="0.001", type=kind, subtype="x")
    (row,) = ledger(client)
    assert (row["type"], row["subtype"], row["balance"]) == (kind, "x", "0.0090000000")
    client.trial.restart()
    assert ledger(client) == [row]


@pytest.mark.parametrize(
    "wrong",
    [
        {"asset": "NOPE", "amount": "1"},
        {"asset": "USD", "amount": "lots"},
        {"asset": "USD", "amount": "1", "type": "trade"},
        {"asset": "USD", "amount": "101", "type": "withdrawal"},
        {"asset": "USD", "amount": "-101", "type": "adjustment"},
        {"asset": "USD", "amount": "1", "status": "Never"},
        {"asset": "USD", "amount": "1", "colour": "red"},
        {"asset": "USD", "amount": "1", "account": "AA999999"},
    ],
)
def test_what_makes_no_sense_books_nothing(wrong: dict[str, str]) -> None:
    client = Trial().client(balances={"USD": "100"})
    before = ledger(client)
    with pytest.raises(AssertionError, match="error"):
        fund(client, **wrong)
    assert ledger(client) == before


def test_what_orders_hold_cannot_be_withdrawn() -> None:
    client = Trial().client(balances={"USD": "1000"})
    client.limit("buy", "0.04", "20000")
    with pytest.raises(AssertionError, match="not that much"):
        fund(client, asset="USD", amount="300", type="withdrawal")
    fund(client, asset="USD", amount="196", type="withdrawal")


def test_status_comes_in_pages_where_a_cursor_is_given() -> None:
    client = Trial().client()
    made = [fund(client, asset="USD", amount=str(n + 1))["ref_id"] for n in range(5)]
    first = client("DepositStatus", cursor="true", limit="3")
    assert [row["amount"] for row in first["deposit"]] == ["1.0000", "2.0000", "3.0000"]
    assert first["next_cursor"] in made
    rest = client("DepositStatus", cursor=first["next_cursor"], limit="3")
    assert len(rest["deposit"]) == 2
    assert rest["next_cursor"] is None
    assert client("DepositStatus", cursor="nowhere") == ["EGeneral:Invalid arguments:cursor"]


def test_the_ledger_is_asked_by_ids() -> None:
    client = Trial().client(balances={"USD": "1", "BTC": "1"})
    wanted = client("Ledgers")["ledger"]
    assert client("QueryLedgers", id=",".join(wanted)) == wanted
    assert client("QueryLedgers", id="LAAAAA") == ["EGeneral:Invalid arguments:id"]
    assert client("QueryLedgers", id=",".join(["L"] * 21)) == ["EGeneral:Invalid arguments:id"]


def test_the_equity_is_everything_at_the_last_prices() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000", "BTC": "0.5", "ETH": "2"})
    for symbol, price in (("BTC/USD", "50000"), ("ETH/BTC", "0.05")):
        told = {"price": price, "qty": "0.01", "side": "buy"}
        trial.admin("market", {"symbol": symbol, "trade": told})
    told = client("TradeBalance")
    assert (told["eb"], told["e"], told["m"]) == ("26000.0000", "26000.0000", "0.0000")
    assert "ml" not in told
    assert client("TradeBalance", asset="XBT")["eb"] == "0.6200"


def test_a_key_tells_about_itself() -> None:
    client = Trial().client(permissions=["query-funds", "modify-orders"], nonce_window=10)
    told = client("GetApiKeyInfo")
    assert (told["apiKey"], told["nonceWindow"]) == (client.key, 10)
    assert told["permissions"] == ["modify-trades", "query-funds"]
    assert told["nonce"] == str(client.nonces[client.key])
