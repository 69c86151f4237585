"""Rows of the exchange's ledger that cannot be read, through a desk, its database and kill -9."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sandboxes
from commands import ZOE
from desks import LOOK_SECONDS, QUIET, Row
from guests import GuestDesk, guest
from sandboxes import Sandbox

CONFIG = f"{QUIET}[exchange]\nlag_ms = 300\n"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Sandbox]:
    options = ("--port", "0", "--market", "quiet", "--pairs", "BTC/USD,ETH/USD")
    with sandboxes.running(tmp_path, *options, command=(*ZOE, "sandbox")) as made:
        yield made


@pytest.mark.slow
def test_a_spoiled_row_is_named_through_a_kill_until_it_is_mended_and_the_others_are_booked(
    tmp_path: Path, host: Sandbox
) -> None:
    with guest(tmp_path, CONFIG, host, more={"ETH": "5"}) as desk:
        desk.start()
        desk.ready()
        desk.until(lambda: verified(desk) == [])
        desk.kill()
        spoiled = [
            spoil(desk, "decimals", asset="USD", amount="100"),
            # The two make up for each other: all balances agree without them.
            spoil(desk, "decimals", asset="BTC", amount="0.5"),
            spoil(desk, "missing", type="withdrawal", asset="BTC", amount="0.5"),
        ]
        behind = fund(desk, asset="USD", amount="7")
        alone = fund(desk, asset="ETH", amount="0.25")
        for _ in range(2):
            desk.start()
            desk.ready()
            desk.until(lambda: named(verified(desk)) == sorted(spoiled), LOOK_SECONDS)
            desk.until(lambda: booked(desk, "ETH") == Decimal("5.25"), LOOK_SECONDS)
            assert booked(desk, "USD") == Decimal(1_000_000)
            assert booked(desk, "BTC") == Decimal(10)
            desk.until(lambda: books(desk)["status"] == "degraded")
            assert all(f"row {ledger_id}" in books(desk)["detail"] for ledger_id in spoiled)
            assert behind in str(verified(desk)) and alone not in str(verified(desk))
            desk.kill()
        assert logged(desk, spoiled) == sorted(spoiled)
        desk.start()
        desk.ready()
        host.admin("spoil", method="DELETE")
        desk.until(lambda: verified(desk) == [], LOOK_SECONDS)
        desk.until(lambda: books(desk)["status"] == "ok", LOOK_SECONDS)
        assert booked(desk, "USD") == Decimal(1_000_107)
        assert booked(desk, "BTC") == Decimal(10)
        assert logged(desk, spoiled) == sorted(spoiled)
        assert desk.zoe("drift")[0] == 0
        heard = spoil(desk, "missing", asset="USD", amount="5")
        desk.until(lambda: booked(desk, "USD") == Decimal(1_000_112))
        assert desk.stop() == 0
        before = readings(desk)
        # The next desk meets it in its first reading; the stream had told it well.
        desk.start()
        desk.ready()
        desk.until(lambda: readings(desk) > before)
        fund(desk, asset="USD", amount="1")
        desk.until(lambda: booked(desk, "USD") == Decimal(1_000_113))
        desk.until(lambda: verified(desk) == [])
        desk.until(lambda: books(desk)["status"] == "ok")
        assert logged(desk, [heard]) == []
        assert desk.stop() == 0
        assert verified(desk) == []


@pytest.mark.slow
def test_a_row_that_is_never_mended_comes_from_a_file_while_the_desk_runs(
    tmp_path: Path, host: Sandbox
) -> None:
    with guest(tmp_path, CONFIG, host) as desk:
        desk.start()
        desk.ready()
        desk.until(lambda: verified(desk) == [])
        desk.kill()
        ledger_id = fund(desk, asset="USD", amount="100")
        key = host.admin("keys", {"account": desk.account})
        row = host.private_of(key, "Ledgers")["ledger"][ledger_id]
        host.admin("spoil", {"ledger_id": ledger_id, "what": "missing"})
        desk.start()
        desk.ready()
        desk.until(lambda: named(verified(desk)) == [ledger_id], LOOK_SECONDS)
        desk.until(lambda: books(desk)["status"] == "degraded")
        time = row.pop("time")  # no float's digits
        line = json.dumps({"id": ledger_id, **row})[:-1] + f', "time": {time}}}'
        (tmp_path / "rows.jsonl").write_text(line)
        code, told = desk.zoe("ledger", "import", str(tmp_path / "rows.jsonl"), "--json")
        assert (code, told["new"]) == (0, 1), told
        desk.until(lambda: books(desk)["status"] == "ok", LOOK_SECONDS)
        assert verified(desk) == []
        assert booked(desk, "USD") == Decimal(1_000_100)
        assert (desk.zoe("drift")[0], desk.stop()) == (0, 0)


def fund(desk: GuestDesk, **wanted: str) -> str:
    """Moves money at the exchange; the id of its row."""
    wanted = {"account": desk.account, **wanted}
    ref_id = desk.host.admin("funding", wanted)["ref_id"]
    (row,) = (row for row in desk.truth() if row["kind"] == "ledger" and row["ref_id"] == ref_id)
    return str(row["id"])


def spoil(desk: GuestDesk, what: str, **wanted: str) -> str:
    """The same, and REST tells it wrong from the first."""
    ledger_id = fund(desk, **wanted)
    desk.host.admin("spoil", {"ledger_id": ledger_id, "what": what})
    return ledger_id


def verified(desk: GuestDesk) -> list[str]:
    """What is wrong with the books; the exit code says whether anything is."""
    code, verdict = desk.zoe("ledger", "verify", "--json")
    problems: list[str] = verdict["problems"]
    assert code == bool(problems), verdict
    return problems


def named(problems: list[str]) -> list[str]:
    """Rows that cannot be read, by their ids."""
    return sorted(said.split()[1] for said in problems if "cannot be read" in said)


def booked(desk: GuestDesk, asset: str) -> Decimal:
    """What the books hold."""
    holdings = desk.zoe("equity", "--json")[1]["holdings"]
    return sum((Decimal(row["quantity"]) for row in holdings if row["asset"] == asset), Decimal(0))


def books(desk: GuestDesk) -> Row:
    """How the books are, by the desk's status."""
    (found,) = (
        row for row in desk.zoe("status", "--json")[1]["components"] if row["component"] == "books"
    )
    return dict(found)


def readings(desk: GuestDesk) -> int:
    """How often the ledger was read by REST."""
    rows = desk.host.admin(f"requests?account={desk.account}", method="GET")
    return sum(str(row.get("path")).endswith("/Ledgers") and row["answered"] for row in rows)


def logged(desk: GuestDesk, spoiled: list[str]) -> list[str]:
    """Rows whose difference the log told, once for each line."""
    subjects = [line["subject"] for line in desk.log() if line["event"] == "books.differ"]
    return sorted(row for row in spoiled for told in subjects if told == f"row {row}")
