"""What the exchange tells the admin of requests, and how long a token is good for."""

from decimal import Decimal
from typing import Any

from sandbox_trial import Client, Trial

from zoe.sandbox.core.wire import HttpRequest, HttpResponse

ORDER: dict[str, Any] = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD"}
ORDER |= {"order_qty": Decimal("0.01"), "limit_price": 20000}


def errors(client: Client) -> list[Any]:
    account = client.trial.exchange.world.accounts.keys[client.key].account
    rows = client.trial.admin("requests", None, "GET", f"account={account}")
    return [row["error"] for row in rows]


def test_every_refusal_of_a_known_key_is_told() -> None:
    trial = Trial(limits="both")
    client = trial.client(tier="starter", balances={"USD": "1000"})
    client("Balance")
    used, client.nonces[client.key] = client.nonces[client.key], 0
    client("Balance")
    client("Wishes")
    client.nonces[client.key] = used
    client("AddOrder", pair="NOPE")
    for _ in range(15):
        client("Balance")
    told = errors(client)
    assert told[:4] == [
        None,
        "EAPI:Invalid nonce",
        "EGeneral:Unknown method",
        "EQuery:Unknown asset pair",
    ]
    assert told[-1] == "EAPI:Rate limit exceeded"
    assert set(told[4:-1]) == {None}


def test_refusals_on_a_socket_are_told_too() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    socket = client.socket()
    socket.ask("add_order", **ORDER)
    socket.ask("add_order", **{**ORDER, "order_qty": 5})
    socket.ask("cancel_order", order_id=["OAAAAA-AAAAA-AAAAAA"])
    assert errors(client)[1:] == [None, "EOrder:Insufficient funds", "EOrder:Unknown order"]


def test_a_planted_error_is_told_as_the_client_heard_it() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    trial.admin("faults", {"where": "AddOrder", "what": "error", "error": "EService:Busy"})
    client.limit("buy", "0.01", "20000")
    assert errors(client) == ["EService:Busy"]


def test_paths_outside_the_interface_are_not_found() -> None:
    trial = Trial()
    answer = trial.http(HttpRequest(trial.number(), "GET", "/1/public/Time", "", {}, b""))
    assert isinstance(answer, HttpResponse)
    assert (answer.status, answer.body[:6]) == (404, b"<html>")
    assert trial.public("Nothing") == ["EGeneral:Unknown method"]


def test_a_token_lives_as_long_as_a_subscription_made_with_it() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    kept, unused = client.socket(), client.socket()
    kept.ask("subscribe", channel="executions")
    unused.ask("ping")
    trial.pass_time(901)
    (answer,) = kept.ask("add_order", **ORDER)
    assert answer["success"]
    other = trial.open("/auth/v2")
    other.token = unused.token
    (answer,) = other.ask("add_order", **ORDER)
    assert answer["error"] == "ESession:Invalid session"
    kept.ask("unsubscribe", channel="executions")
    (answer,) = kept.ask("add_order", **ORDER)
    assert answer["error"] == "ESession:Invalid session"


def test_a_closed_socket_keeps_no_token_alive() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    socket = client.socket()
    socket.ask("subscribe", channel="balances")
    trial.pass_time(901)
    socket.close()
    again = trial.open("/auth/v2")
    again.token = socket.token
    (answer,) = again.ask("subscribe", channel="balances")
    assert answer["error"] == "ESession:Invalid session"
