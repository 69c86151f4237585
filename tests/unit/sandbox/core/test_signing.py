"""Who may speak to the exchange: keys, signatures, nonces, permissions, tokens."""

import json

import pytest
from sandbox_trial import SECOND_NS, START_NS, Client, Trial, result_of, sign

from zoe.sandbox.core.accounts import ApiKey
from zoe.sandbox.core.rest import is_signed
from zoe.sandbox.core.wire import HttpRequest

#: Published with the exchange's own description of API-Sign (facts sheet, section 1.2).
SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
NONCE = "1616492376594"
BODY = (
    f"nonce={NONCE}&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25",
    f'{{"nonce":"{NONCE}","ordertype":"limit","pair":"XBTUSD",'
    + '"price":37500,"type":"buy","volume":1.25}',
)
SIGNATURE = (
    "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==",
    "BVT3EumzzXSJHlvrinSwICz5uKKlSZPXL9cJIuKqn7ZMhHSbbtXhGdvwoDBmRz6ALXI+GVxFD0ZlGuOmfi2bxA==",
)


def request(body: str, signature: str) -> HttpRequest:
    headers = {"api-key": "K", "api-sign": signature}
    return HttpRequest(1, "POST", "/0/private/AddOrder", "", headers, body.encode())


@pytest.mark.parametrize(("body", "signature"), list(zip(BODY, SIGNATURE, strict=True)))
def test_the_published_signature_is_accepted_and_no_other(body: str, signature: str) -> None:
    key = ApiKey("K", SECRET, "A", frozenset())
    assert is_signed(key, request(body, signature), NONCE)
    for wrong in ("", "A" + signature[1:], "not base64!", signature[:-4]):
        assert not is_signed(key, request(body, wrong), NONCE)


def test_a_nonce_must_grow_and_survives_a_restart() -> None:
    trial = Trial()
    client = trial.first_client()
    client.nonces[client.key] = 100
    assert "ZUSD" in client("Balance")
    for used in (50, 101):
        client.nonces[client.key] = used - 1
        assert client("Balance") == ["EAPI:Invalid nonce"]
    trial.restart()
    client.nonces[client.key] = 100
    assert client("Balance") == ["EAPI:Invalid nonce"]
    assert "ZUSD" in client("Balance")


def test_a_nonce_that_is_no_number_is_refused() -> None:
    trial = Trial()
    client = trial.first_client()
    for nonce in ("", "-5", "1e9", "9" * 21, "٣"):
        body = json.dumps({"nonce": nonce})
        headers = {
            "api-key": client.key,
            "api-sign": sign(client.secret, "/0/private/Balance", nonce, body),
            "content-type": "application/json",
        }
        asked = HttpRequest(
            trial.number(), "POST", "/0/private/Balance", "", headers, body.encode()
        )
        assert result_of(trial.http(asked)) == ["EAPI:Invalid nonce"]


def test_a_json_body_is_signed_and_read_like_a_form() -> None:
    trial = Trial()
    client = trial.first_client()
    order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": 10000.5, "volume": 1}
    body = json.dumps({"nonce": client.next_nonce(), **order})
    nonce = str(client.nonces[client.key])
    headers = {
        "api-key": client.key,
        "api-sign": sign(client.secret, "/0/private/AddOrder", nonce, body),
        "content-type": "application/json; charset=utf-8",
    }
    asked = HttpRequest(trial.number(), "POST", "/0/private/AddOrder", "", headers, body.encode())
    told = result_of(trial.http(asked))
    assert told["descr"]["order"] == "buy 1.00000000 XBTUSD @ limit 10000.5"


def test_an_unknown_key_and_a_wrong_secret_are_told_apart() -> None:
    trial = Trial()
    known = trial.first_client()
    assert Client(trial, "nobody", known.secret)("Balance") == ["EAPI:Invalid key"]
    assert Client(trial, known.key, SECRET)("Balance") == ["EAPI:Invalid signature"]


def test_every_call_needs_its_permission() -> None:
    trial = Trial()
    needs = {
        "Balance": "query-funds",
        "BalanceEx": "query-funds",
        "OpenOrders": "query-open-orders",
        "ClosedOrders": "query-closed-orders",
        "TradesHistory": "query-closed-orders",
        "Ledgers": "query-ledger",
        "AddOrder": "modify-orders",
        "CancelOrder": "cancel-orders",
        "CancelAll": "cancel-orders",
        "GetWebSocketsToken": "create-ws-token",
    }
    nobody = trial.client(permissions=[])
    for call, permission in needs.items():
        assert nobody(call) == ["EGeneral:Permission denied"]
        allowed = trial.client(permissions=[permission])
        assert allowed(call) != ["EGeneral:Permission denied"]


def test_a_token_is_good_for_fifteen_minutes_and_on_the_private_socket_only() -> None:
    trial = Trial()
    client = trial.first_client()
    socket = client.socket()
    public = trial.open()
    public.token = socket.token
    (answer,) = public.ask("subscribe", channel="balances")
    assert answer["error"] == "EGeneral:Permission denied"
    trial.now_ns = START_NS + 901 * SECOND_NS
    (answer,) = socket.ask("subscribe", channel="balances")
    assert (answer["error"], answer["status"]) == ("ESession:Invalid session", "error")
    (answer,) = socket.ask("cancel_all")
    assert answer["error"] == "ESession:Invalid session"
    socket.token = None
    (answer,) = socket.ask("cancel_all")
    assert answer["error"] == "Token(s) not found"
