"""``zoe doctor`` against a sandbox of its own: all is well, and what is not is named with a remedy."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import commands
import pytest
from commands import ZOE, Done
from desks import desk
from sandboxes import Sandbox, running

from zoe.app import settings
from zoe.app.doctor import Doctor
from zoe.runtime.clock import SystemClock

PATIENCE_SECONDS: Final = 120
EXCHANGE_CHECKS: Final = (
    *("system_status", "tradable_pairs", "balance", "open_orders", "ws_public", "ws_private"),
    *("clock", "key_permissions"),
)
CHECKS: Final = (*EXCHANGE_CHECKS, "database", "disk")

Row = dict[str, Any]


class Patient:
    """A sandbox, and a person's environment that points at it."""

    def __init__(self, place: Path, sandbox: Sandbox) -> None:
        self.place = place
        self.sandbox = sandbox
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "ZOE_STATE_DIR": str(place / "state"),
            "KRAKEN_REST_URL": sandbox.ready["rest"],
            "KRAKEN_WS_URL": sandbox.ready["ws"],
            "KRAKEN_WS_AUTH_URL": sandbox.ready["ws_auth"],
            "KRAKEN_API_KEY": sandbox.ready["key"],
            "KRAKEN_API_SECRET": sandbox.ready["secret"],
        }

    def use(self, **more: Any) -> None:
        """Another key of the sandbox's."""
        made = self.sandbox.admin("keys", {"balances": {"USD": "100"}, **more})
        self.environ |= {"KRAKEN_API_KEY": made["key"], "KRAKEN_API_SECRET": made["secret"]}
        self.account: str = made["account"]

    def run(self, *words: str) -> Done:
        """The doctor's visit."""
        return commands.run(("doctor", *words), self.environ, self.place)

    def found(self, *words: str) -> dict[str, Row]:
        """What each check found."""
        done = self.run("--json", *words)
        told = json.loads(done.stdout)
        assert done.returncode == (0 if told["ok"] else 1), done.stderr
        return {row["name"]: row for row in told["checks"]}

    def failing(self) -> dict[str, str]:
        """The checks that fail, with what they say."""
        rows = self.found().values()
        return {row["name"]: f"{row['detail']}: {row['advice']}" for row in rows if not row["ok"]}

    def one(self, name: str) -> str:
        """What a check that fails says."""
        (row,) = self.found("--only", name).values()
        assert row["name"] == name
        assert not row["ok"], row
        assert row["advice"]
        return f"{row['detail']}: {row['advice']}"


@pytest.fixture(scope="module")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    place = tmp_path_factory.mktemp("sandbox")
    with running(place, "--seed", "1", "--tier", "pro") as sandbox:
        yield sandbox


@pytest.fixture
def patient(tmp_path: Path, shared_sandbox: Sandbox) -> Patient:
    shared_sandbox.admin("faults", method="DELETE")
    shared_sandbox.admin("status", {"status": "online"})
    made = Patient(tmp_path, shared_sandbox)
    made.use()
    return made


def test_ten_lines_and_all_is_well(patient: Patient) -> None:
    done = patient.run()
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ok"] * 10, done.stdout
    assert [line.split()[3] for line in lines] == list(CHECKS)
    assert all(line.split()[2] == "ms" for line in lines)
    assert (done.returncode, done.stderr) == (0, "")
    for value in (patient.environ["KRAKEN_API_KEY"], patient.environ["KRAKEN_API_SECRET"]):
        assert value not in done.stdout


def test_one_check_alone_and_as_json(patient: Patient) -> None:
    found = patient.found("--only", "balance")
    assert list(found) == ["balance"]
    assert set(found["balance"]) == {"name", "ok", "milliseconds", "detail", "advice"}


def test_a_check_that_nobody_knows_is_a_usage_error(patient: Patient) -> None:
    done = patient.run("--only", "balanse")
    assert done.returncode == 2
    assert "did you mean balance?" in done.stderr


@pytest.mark.parametrize("status", ["maintenance", "cancel_only", "post_only", "limit_only"])
def test_an_exchange_that_is_not_online_fails_its_line_alone(patient: Patient, status: str) -> None:
    patient.sandbox.admin("status", {"status": status})
    assert patient.one("system_status").startswith(f"the exchange is {status}: wait")


FAULTS = {
    "SystemStatus": "system_status",
    "AssetPairs": "tradable_pairs",
    "Balance": "balance",
    "OpenOrders": "open_orders",
    "Time": "clock",
    "GetWebSocketsToken": "ws_private",
    "GetApiKeyInfo": "key_permissions",
}


@pytest.mark.parametrize("where", FAULTS)
def test_each_fault_fails_the_line_that_it_is_about(patient: Patient, where: str) -> None:
    fault = {"where": where, "what": "error", "error": "EService:Unavailable"}
    patient.sandbox.admin("faults", fault)
    failing = patient.failing()
    assert list(failing) == [FAULTS[where]]
    assert "EService:Unavailable: the exchange is not well" in failing[FAULTS[where]]


def test_a_gateway_without_an_exchange_behind_it_is_told(patient: Patient) -> None:
    patient.sandbox.admin("faults", {"where": "Balance", "what": "http_502"})
    assert "HTTP 502" in patient.one("balance")


@pytest.mark.parametrize(
    ("where", "check"), [("ticker", "ws_public"), ("executions", "ws_private")]
)
def test_a_channel_that_stays_silent_is_told_in_time(
    patient: Patient, where: str, check: str
) -> None:
    patient.sandbox.admin("faults", {"where": where, "what": "silence", "count": 1000})
    began = time.monotonic()
    assert "no answer in time" in patient.one(check)
    assert time.monotonic() - began < 60


def test_a_dead_exchange_fails_every_line_that_asks_it(tmp_path: Path) -> None:
    with running(tmp_path, "--market", "quiet") as sandbox:
        dead = Patient(tmp_path, sandbox)
    failing = dead.failing()
    assert list(failing) == list(EXCHANGE_CHECKS)
    assert "see that http://127.0.0.1" in failing["balance"]


def test_the_address_that_cannot_be_reached_is_the_one_that_is_told(patient: Patient) -> None:
    wrong = "ws://127.0.0.1:1/auth/v2"
    patient.environ["KRAKEN_WS_AUTH_URL"] = wrong
    failing = patient.failing()
    assert list(failing) == ["ws_private"]
    assert failing["ws_private"].endswith(f"see that {wrong} is right and can be reached from here")


def test_an_unknown_key_is_told(patient: Patient) -> None:
    patient.environ["KRAKEN_API_KEY"] = "unknown"
    failing = patient.failing()
    assert list(failing) == ["balance", "open_orders", "ws_private", "key_permissions"]
    assert all("EAPI:Invalid key: make a key" in said for said in failing.values())


def test_a_secret_of_another_key_is_told(patient: Patient) -> None:
    first = patient.environ["KRAKEN_API_KEY"]
    patient.use()
    patient.environ["KRAKEN_API_KEY"] = first
    assert "EAPI:Invalid signature: the private key is not this key's" in patient.one("balance")


def test_a_missing_key_is_told(patient: Patient) -> None:
    del patient.environ["KRAKEN_API_SECRET"]
    assert "no API key: zoe keys import kraken.txt" in patient.one("open_orders")


def test_a_key_that_can_withdraw_fails(patient: Patient) -> None:
    everything = (
        *("query-funds", "deposit", "withdraw", "query-open-orders", "query-closed-orders"),
        *("modify-orders", "cancel-orders", "query-ledger", "export", "create-ws-token"),
    )
    patient.use(permissions=list(everything))
    failing = patient.failing()
    assert list(failing) == ["key_permissions"]
    assert failing["key_permissions"].startswith("the key can withdraw: take that permission")


def test_a_key_that_lacks_a_permission_fails_where_it_is_needed(patient: Patient) -> None:
    patient.use(permissions=["query-funds"])
    failing = patient.failing()
    assert list(failing) == ["open_orders", "ws_private", "key_permissions"]
    assert "EGeneral:Permission denied: give the key" in failing["ws_private"]
    assert "create-ws-token" in failing["key_permissions"]


class FastClock(SystemClock):
    """A clock that is a minute ahead."""

    def wall_ns(self) -> int:
        return super().wall_ns() + 60_000_000_000


def test_a_clock_that_is_wrong_is_told_by_how_much(patient: Patient) -> None:
    here = settings.load(None, {}, patient.environ)
    (found,) = Doctor(here, None, FastClock()).examine(["clock"])
    assert not found.ok
    assert re.fullmatch(
        r"this machine is (5[5-9]|6[0-5])\.\d s ahead of the exchange", found.detail
    )
    assert "timedatectl" in found.advice


def test_a_database_that_is_down_is_told(patient: Patient) -> None:
    patient.environ["DATABASE_URL"] = "postgresql://zoe:secret@127.0.0.1:1/zoe"
    failing = patient.failing()
    assert list(failing) == ["database"]
    assert "see that the server of DATABASE_URL is up" in failing["database"]
    assert "secret" not in failing["database"]


def test_two_visits_at_once_do_not_break_each_others_nonces(patient: Patient) -> None:
    words = (*ZOE, "doctor", "--only", "balance")
    visits = [
        subprocess.Popen(words, env=patient.environ, cwd=patient.place, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [visit.communicate(timeout=PATIENCE_SECONDS)[0][:2] for visit in visits] == [b"ok"] * 2


def test_a_nonce_that_came_too_late_is_followed_by_a_newer_one_once(patient: Patient) -> None:
    fault = {"where": "Balance", "what": "error", "error": "EAPI:Invalid nonce"}
    patient.sandbox.admin("faults", fault)
    assert patient.found("--only", "balance")["balance"]["ok"]
    patient.sandbox.admin("faults", fault | {"count": 2})
    assert "another program uses this key" in patient.one("balance")


def test_without_desk_and_addresses_it_says_what_to_do(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ZOE_STATE_DIR": str(tmp_path)}
    done = commands.run(("doctor",), environ, tmp_path)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert [line.split()[0] for line in lines] == ["failed"] * 8 + ["ok"] * 2
    assert all("start the desk with zoe run" in line for line in lines[:8])


@pytest.mark.slow
def test_with_a_running_desk_it_asks_that_desk_and_disturbs_nothing(tmp_path: Path) -> None:
    with desk(tmp_path) as running_desk:
        running_desk.start()
        running_desk.ready()
        code, told = running_desk.zoe("doctor", "--json")
        assert (code, [row["name"] for row in told["checks"]]) == (0, list(CHECKS)), told
        details = {row["name"]: row["detail"] for row in told["checks"]}
        for name in ("balance", "open_orders", "ws_private"):
            assert "as the running desk sees it" in details[name]
        assert "cannot withdraw" in details["key_permissions"]
        assert running_desk.stop() == 0
        # Its nonces lie beyond those of the desk that has just gone.
        code, told = running_desk.zoe("doctor", "--json", "--only", "database")
        assert code == 0
        assert "journal rows" in told["checks"][0]["detail"]


@pytest.mark.slow
def test_beside_a_desk_with_the_same_key_and_right_after_it_no_nonce_is_refused(
    patient: Patient,
) -> None:
    # Nonces are what this is about: so many visits in a row would meet the limit of calls.
    patient.use(balances={"USD": "100000", "BTC": "1"}, tier="pro", limits="none")
    with desk(patient.place) as running_desk:
        running_desk.environ |= patient.environ
        for _ in range(2):  # a restart begins beyond the nonces that were reserved
            running_desk.start()
            running_desk.ready()
            for _ in range(3):
                assert patient.failing() == {}
            seen = patient.found("--only", "balance")["balance"]["detail"]
            assert seen.endswith("(as the running desk sees it)")
            assert running_desk.stop() == 0
            assert patient.failing() == {}
    asked = patient.sandbox.admin(f"requests?account={patient.account}", method="GET")
    assert [row for row in asked if "Invalid nonce" in json.dumps(row)] == []
    assert sum(row.get("path") == "/0/private/GetApiKeyInfo" for row in asked) >= 8
