"""Commands that read the books, against a database of the desk's own and a journal with a story."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import commands
import pytest
from commands import ZOE, Done
from journal_story import ASK, BID, BOOT, DECISION, FILL, HAND, NEXT, TICK, told

from zoe.store.embedded import EmbeddedServer
from zoe.store.reading import server_at

PATIENCE_SECONDS: Final = 120

Row = dict[str, Any]


def zoe(state: Path, *words: str, environ: dict[str, str] | None = None) -> Done:
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(state), "ZOE_STATE_DIR": str(state)}
    return commands.run(words, surroundings | (environ or {}), state)


def rows(state: Path, *words: str) -> Any:
    done = zoe(state, *words, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("desk")
    with told(state):
        yield state


def kinds(document: Row) -> list[str]:
    return [f"{row['kind']} {row['body'].get('state', '')}".strip() for row in document["rows"]]


BID_STORY: Final = [
    "decision.made",
    "order.sending SENDING",
    "order.acknowledged PENDING",
    "order.fill WORKING",
    "balance.changed",
    "balance.changed",
]


@pytest.mark.parametrize(
    "wanted",
    [
        "70001",
        FILL.exec_id,
        FILL.order_id,
        BID,
        BID.upper().replace("-", ""),
        BID.replace("0190", "0191"),
        "LAAAAA-11111-111112",
    ],
)
def test_why_walks_from_a_fill_back_to_the_tick(books: Path, wanted: str) -> None:
    told = rows(books, "why", wanted)
    assert kinds(told) == BID_STORY
    assert [row["seq"] for row in told["rows"]] == sorted(row["seq"] for row in told["rows"])
    assert told["ticks"] == [
        {
            "seq": 2,
            "message_id": TICK,
            "symbol": "BTC/USD",
            "bid": "49999.9",
            "ask": "50000.1",
            "age_ms": 7,
            "received": "2026-01-01T00:00:00.116456789Z",
            "exchange": "2026-01-01T00:00:00.114456789Z",
        }
    ]
    assert told["ranks"] == [
        {
            "seq": 2,
            "scan_seq": 1,
            "at": "2025-12-31T23:59:59.123456789Z",
            "symbol": "BTC/USD",
            "rank": 2,
            "score": 898,
        }
    ]
    fill = told["rows"][3]
    assert (fill["ids"]["trade_id"], fill["ids"]["exec_id"]) == (70_001, FILL.exec_id)
    assert fill["at"] == "2026-01-01T00:00:00.130456789Z"


def test_why_of_a_tick_or_a_decision_tells_all_that_followed(books: Path) -> None:
    others = ["order.sending SENDING", "order.rejected REJECTED", "order.sending SENDING"]
    everything = sorted([*BID_STORY, *others])
    assert sorted(kinds(rows(books, "why", str(TICK)))) == everything
    assert sorted(kinds(rows(books, "why", f"{DECISION}@1"))) == everything


def test_why_shows_the_fill_that_led_to_an_order_but_not_its_whole_story(books: Path) -> None:
    told = ["decision.made", "order.fill WORKING", "order.sending SENDING"]
    assert kinds(rows(books, "why", NEXT)) == told


def test_why_of_an_order_by_hand_begins_with_the_command(books: Path) -> None:
    told = ["command.given", "order.sending SENDING", "order.acknowledged PENDING"]
    assert kinds(rows(books, "why", HAND)) == told
    assert kinds(rows(books, "why", "OHANDX-FGHIJ-KLMNOP")) == told
    assert kinds(rows(books, "why", f"orders/{HAND}")) == told
    assert kinds(rows(books, "why", str(BOOT + 30))) == told


@pytest.mark.parametrize("name", [HAND[:8], f"orders/{HAND[:8]}"])
def test_why_of_an_order_as_a_terminal_names_it_tells_every_order_named_so(
    books: Path, name: str
) -> None:
    intents = {row["ids"].get("intent_id") for row in rows(books, "why", name)["rows"]}
    assert {BID, ASK, HAND, NEXT} <= intents


def test_why_of_a_message_that_only_the_log_knows_is_found_by_its_root(books: Path) -> None:
    line = {"event": "order.state_changed", "message_id": BOOT + 777, "correlation_id": TICK}
    (books / "log").mkdir()
    filled = line | {"message_id": BOOT + 778, "incarnation": 0, "filled": "0"}
    text = "".join(json.dumps(each) + "\n" for each in (line, filled))
    (books / "log" / "zoe.jsonl").write_text(text)
    assert zoe(books, "why", "0").returncode == 1, "a quantity is no id"
    assert len(rows(books, "why", str(BOOT + 777))["rows"]) == len(BID_STORY) + 3


def test_why_shows_the_rank_and_the_tick_to_a_person(books: Path) -> None:
    done = zoe(books, "why", "70001")
    assert done.returncode == 0
    rank, tick, decision = done.stdout.splitlines()[1:4]
    assert "BTC/USD ranked 2 with a score of 898" in rank
    assert "market.tick" in tick
    assert "bid 49999.9 ask 50000.1" in tick
    assert "7 ms before the decision" in tick
    assert "bid.0 buy 0.01 at 49990" in decision
    assert "trade 70001" in done.stdout
    assert "risk: APPROVED (notional 499.9)" in done.stdout


@pytest.mark.parametrize(
    "wanted", ["ONOBOD-YKNOW-SOFTHA", "0", "9" * 18, "9" * 40, "'; --", "@", "a@1"]
)
def test_nothing_known_is_the_answer_no(books: Path, wanted: str) -> None:
    done = zoe(books, "why", wanted, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["rows"] == []
    assert "nothing is known" in done.stderr


def test_orders_are_the_open_ones_or_all(books: Path) -> None:
    states = {row["intent_id"]: row["state"] for row in rows(books, "orders")}
    assert states == {BID: "WORKING", HAND: "PENDING", NEXT: "SENDING"}
    found = {row["intent_id"]: row for row in rows(books, "orders", "--all")}
    assert found.keys() == {BID, ASK, HAND, NEXT}
    assert found[ASK]["state"] == "REJECTED"
    assert found[ASK]["reason"] == "EOrder:Post only order"
    bid = found[BID]
    assert (bid["quantity"], bid["filled_quantity"], bid["limit_price"]) == (
        "0.01",
        "0.004",
        "49990",
    )
    assert (bid["order_id"], bid["source"]) == (FILL.order_id, "strategy/quote_keeper")


def test_fills_and_balances_are_exact_text(books: Path) -> None:
    (fill,) = rows(books, "fills")
    assert (fill["quantity"], fill["cost"], fill["fee"]) == ("0.004", "199.96", "0.4999")
    assert (fill["trade_id"], fill["exec_id"]) == (70_001, FILL.exec_id)
    assert fill["cl_ord_id"] == BID.replace("0190", "0191")
    held = {row["asset"]: row["balance"] for row in rows(books, "balances")}
    assert held == {"BTC": "1.004", "USD": "9799.5401"}


def test_people_read_aligned_columns(books: Path) -> None:
    done = zoe(books, "orders", "--all")
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    assert lines[0].split()[:3] == ["created", "pair", "side"]
    assert "\x1b" not in done.stdout


def test_readers_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Each may start the server for itself, use another's, or see that one's end."""
    state = tmp_path / "desk"
    with told(state):
        pass
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(state), "ZOE_STATE_DIR": str(state)}
    readers = [
        subprocess.Popen(
            (*ZOE, "orders", "--all", "--json"),
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for reader in readers:
        out, err = reader.communicate(timeout=PATIENCE_SECONDS)
        assert reader.returncode == 0, err.decode()
        assert len(json.loads(out)) == 4


# Places that cannot be read


@pytest.mark.parametrize("word", ["orders", "fills", "balances"])
def test_where_no_desk_has_run_there_is_an_empty_list(tmp_path: Path, word: str) -> None:
    done = zoe(tmp_path, word, "--json")
    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert "no desk has run there yet" in done.stderr
    assert list(tmp_path.iterdir()) == [], "reading makes nothing"


def test_why_where_no_desk_has_run_is_the_answer_no(tmp_path: Path) -> None:
    assert zoe(tmp_path, "why", "1").returncode == 1


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/zoe", "mysql://x/y", "postgresql://h:port/db"]
)
def test_a_database_that_cannot_be_used_is_one_line(tmp_path: Path, url: str) -> None:
    done = zoe(tmp_path, "orders", environ={"DATABASE_URL": url})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_a_database_of_the_users_that_no_desk_has_used_is_empty(
    books: Path, tmp_path: Path
) -> None:
    server = server_at(EmbeddedServer(books).endpoint)
    place = str(Path(str(server.socket)).parent)
    url = f"postgresql://{server.user}:{server.password}@/template1?host={place}"
    done = zoe(tmp_path, "orders", "--json", environ={"DATABASE_URL": url})
    assert (done.returncode, done.stdout) == (0, "[]\n")
    url = f"postgresql://{server.user}:{server.password}@/{server.database}?host={place}"
    done = zoe(tmp_path, "orders", "--all", "--json", environ={"DATABASE_URL": url})
    assert (done.returncode, len(json.loads(done.stdout))) == (0, 4)


def test_books_that_have_not_differed_say_so_in_a_sentence(books: Path) -> None:
    done = zoe(books, "drift", "--account", "a")
    words = "Our books and the exchange's have not differed.\n"
    assert (done.returncode, done.stdout) == (0, words)
    assert rows(books, "drift", "--account", "a") == []
