"""The doctor's answers that need no exchange: what the running desk says, and this machine."""

from pathlib import Path
from typing import Any

import pytest

from zoe.app import doctor, findings, settings
from zoe.app.doctor import Doctor
from zoe.app.findings import Finding
from zoe.cli import exchange_grammar
from zoe.domain.ids import account_id

KEY = "key"
FINE: dict[str, Any] = {
    "exchange": "kraken",
    "mode": "live",
    "account_id": account_id("kraken", KEY),
    "reconciled": True,
    "orders": [{}, {}],
    "components": [
        {"component": "reconciler", "status": "ok", "detail": "3 looks", "age_ms": 60_000},
        {"component": "exchange_api", "status": "ok", "detail": "stream live", "age_ms": 4_000},
    ],
}


def examine(place: Path, desk: dict[str, Any] | None, name: str, **environ: str) -> Finding:
    given = {"ZOE_STATE_DIR": str(place), "EXCHANGE": "kraken", "KRAKEN_API_KEY": KEY, **environ}
    (found,) = Doctor(settings.load(None, {}, given), desk).examine([name])
    assert found.name == name
    assert bool(found.advice) is not found.ok
    return found


def altered(component: str, **changes: Any) -> dict[str, Any]:
    rows = [row | changes if row["component"] == component else row for row in FINE["components"]]
    return FINE | {"components": rows}


def test_the_command_line_offers_every_check() -> None:
    assert doctor.NAMES == exchange_grammar.CHECKS


@pytest.mark.parametrize(
    ("name", "detail"),
    [("balance", "3 looks"), ("open_orders", "2 open orders"), ("ws_private", "stream live")],
)
def test_while_the_desk_runs_its_private_side_is_asked_and_said_so(
    tmp_path: Path, name: str, detail: str
) -> None:
    found = examine(tmp_path, FINE, name)
    assert found.ok
    assert found.detail == f"{detail} (as the running desk sees it)"


@pytest.mark.parametrize(
    ("name", "desk"),
    [
        ("balance", FINE | {"reconciled": False}),
        ("open_orders", altered("reconciler", status="down")),
        ("ws_private", altered("exchange_api", status="down", detail="no token: EAPI:Invalid key")),
        ("ws_private", altered("exchange_api", age_ms=doctor.FRESH_MS)),
        ("ws_private", FINE | {"components": []}),
    ],
)
def test_what_the_desk_finds_bad_is_bad(tmp_path: Path, name: str, desk: dict[str, Any]) -> None:
    found = examine(tmp_path, desk, name)
    assert not found.ok
    assert found.detail.startswith("the running desk: ")
    assert found.advice == "see zoe status and zoe logs"


def test_a_desk_with_another_key_has_no_say(tmp_path: Path) -> None:
    found = examine(tmp_path, FINE | {"account_id": "kraken:another"}, "balance")
    assert not found.ok
    assert "zoe keys import" in found.advice, "there is a key here, but no secret"


def test_the_desks_own_sandbox_is_found_by_what_the_desk_says(tmp_path: Path) -> None:
    urls = dict.fromkeys(("rest", "ws", "ws_auth"), "http://127.0.0.1:1")
    found = examine(tmp_path, FINE | {"exchange_urls": urls}, "clock", EXCHANGE="sandbox")
    assert not found.ok
    assert "see that http://127.0.0.1:1 is right" in found.advice


def test_the_key_of_a_live_desk_is_not_taken_for_a_sandboxes(tmp_path: Path) -> None:
    urls = dict.fromkeys(("rest", "ws", "ws_auth"), "http://127.0.0.1:1")
    desk = FINE | {"exchange_urls": urls}
    # The desk was told by its own --exchange, the doctor by nobody.
    live = examine(tmp_path, desk, "key_permissions", EXCHANGE="")
    assert not live.ok
    own = examine(tmp_path, desk | {"exchange": "sandbox", "mode": "sandbox"}, "key_permissions", EXCHANGE="")  # fmt: skip
    assert own.ok and "the desk's own sandbox" in own.detail


def test_too_little_room_is_told_with_how_much_is_needed(tmp_path: Path) -> None:
    deep = tmp_path / "not" / "made" / "yet"
    assert findings.free_space(deep, 1).endswith("GB free")
    with pytest.raises(Exception, match="make room: the desk needs 1000000000000 MB"):
        findings.free_space(deep, 10**18)


def test_a_database_that_no_desk_has_made_yet_is_fine(tmp_path: Path) -> None:
    assert examine(tmp_path, None, "database").ok


def test_addresses_without_a_listener_fail_in_one_line(tmp_path: Path) -> None:
    here = {
        "KRAKEN_REST_URL": "http://127.0.0.1:1",
        "KRAKEN_WS_URL": "ws://127.0.0.1:1/v2",
        "KRAKEN_WS_AUTH_URL": "ws://127.0.0.1:1/v2",
    }
    for name, url in (("system_status", "KRAKEN_REST_URL"), ("ws_public", "KRAKEN_WS_URL")):
        found = examine(tmp_path, None, name, **here)
        assert not found.ok
        assert found.advice == f"see that {here[url]} is right and can be reached from here"
