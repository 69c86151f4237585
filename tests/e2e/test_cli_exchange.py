"""Commands on an exchange as processes, with and without a desk: its catalogue, its budget, its market."""

import subprocess
from pathlib import Path
from typing import Any

import commands
import pytest
from commands import ROOT, ZOE
from desks import Desk, Row, desk
from sandboxes import running


def seen(person: Desk, *watch: str) -> list[Row]:
    """What somebody who watches sees: nothing where the exchange is slower than that."""
    code, rows = person.zoe(*watch, "--json")
    return rows if code == 0 else []


def focused(person: Desk, *watch: str) -> set[str]:
    """Pairs that somebody who watches sees in focus."""
    return {row["pair"] for row in seen(person, *watch) if row["focus"]}


def test_the_catalogue_of_an_exchange_needs_no_desk_and_no_key(tmp_path: Path) -> None:
    with running(tmp_path, "--market", "quiet") as sandbox:
        person = Desk(tmp_path)
        person.environ |= {
            "KRAKEN_REST_URL": sandbox.ready["rest"],
            "KRAKEN_WS_URL": sandbox.ready["ws"],
            "KRAKEN_WS_AUTH_URL": sandbox.ready["ws_auth"],
        }
        everything = person.listed("catalog")
        pairs: dict[str, Any] = sandbox.public("AssetPairs")
        assert {row["rest_id"] for row in everything} == set(pairs)
        for row in everything:
            theirs = pairs[row["rest_id"]]
            assert row["altname"] == theirs["altname"]
            assert row["ws_v1"] == theirs["wsname"]
            assert row["price_increment"] == theirs["tick_size"]
            assert row["status"] == theirs["status"]
        (found,) = person.listed("catalog", "--search", "xxbtzusd")
        assert (found["ws_v2"], found["ws_v1"]) == ("BTC/USD", "XBT/USD")
        code, said = person.zoe("catalog", "--search", "btc/usd")
        assert code == 0
        assert "XXBTZUSD" in said
        assert person.zoe("catalog", "--search", "nothing", "--json") == (1, [])
        # A market that is a moment old has no minutes to fill in; names are those of the catalogue.
        code, (bars,) = person.zoe("history", "--pair", "XBTUSD", "--json")
        assert (code, bars["pair"], bars["missing"], bars["problem"]) == (1, "BTC/USD", 720, None)
        words = ("history", "--pair", "XBTUSD", "--config", str(person.config))
        done = commands.run(words, person.environ, tmp_path)
        assert done.stderr == "zoe: 720 minutes still missing: the exchange has no candles there\n"
        assert person.zoe("history", "--pair", "X/Y", "--json")[0] == 2
        # Nobody knows what a desk of that exchange looks at.
        watch = ("watch", "--url", sandbox.ready["ws"], "--for", "1")
        rows = person.until(lambda: seen(person, *watch))
        assert {(row["focus"], row["rank"]) for row in rows} == {(None, None)}
        plain = (*watch, "--config", str(person.config))
        unknown = "focus and ranks are not known"
        person.until(lambda: unknown in commands.run(plain, person.environ, tmp_path).stderr)
        # It ends before its time, since nothing will come.
        record = ("record", str(tmp_path / "market.gz"), "--url", sandbox.ready["ws"])
        assert person.zoe(*record, "--pair", "NOPE/USD", "--for", "50")[0] == 4
    code, said = person.zoe("catalog", "--json")
    assert (code, said["error"]["code"]) == (4, "unavailable")


def test_without_a_desk_an_own_sandbox_has_no_catalogue_and_no_budget(tmp_path: Path) -> None:
    person = Desk(tmp_path)
    for words in (("catalog",), ("budget",)):
        code, said = person.zoe(*words, "--json")
        assert (code, said["error"]["code"]) == (3, "no_desk")


def test_a_recorder_that_is_killed_has_kept_what_came_and_another_goes_on(tmp_path: Path) -> None:
    path, index = tmp_path / "market.gz", tmp_path / "market.gz.index"
    person = Desk(tmp_path)
    with running(tmp_path, "--market", "quiet") as sandbox:
        words = ("record", str(path), "--pair", "BTC/USD", "--url", sandbox.ready["ws"])
        given = person.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen((*ZOE, *words), cwd=tmp_path, env=given) as recorder:
            # Heartbeats come once a second: the first parts are written before a member ends.
            person.until(lambda: index.exists() and index.read_bytes().count(b"\n") > 1)
            person.until(lambda: person.zoe("replay", str(path), "--json")[1]["frames"] > 2)
            recorder.kill()
        code, killed = person.zoe("replay", str(path), "--json")
        assert (code, killed["truncated"], killed["not_understood"]) == (0, True, 0)
        person.until(lambda: person.zoe(*words, "--for", "1")[0] == 0)
    code, whole = person.zoe("replay", str(path), "--json")
    assert (code, whole["truncated"], whole["not_understood"]) == (0, False, 0)
    assert whole["frames"] > killed["frames"]
    code, decided = person.zoe("replay", str(path), "--decide", "--json")
    assert (code, decided["truncated"], decided["frames"]) == (0, False, whole["frames"])


@pytest.mark.slow
def test_a_running_desk_tells_its_catalogue_and_its_budget(tmp_path: Path) -> None:
    with desk(tmp_path) as running_desk:
        running_desk.start()
        running_desk.quoted()
        assert any(row["ws_v2"] == "BTC/USD" for row in running_desk.listed("catalog"))
        own = running_desk.zoe("status", "--json")[1]["exchange_urls"]["ws"]
        for url in ((), ("--url", own)):
            watch = ("watch", "--for", "1", *url)
            running_desk.until(lambda w=watch: focused(running_desk, *w) == {"BTC/USD", "ETH/USD"})
        key = "00000000-0000-4000-8000-000000000001"
        order = ("order", "place", "buy", "ETH/USD", "0.01", "--limit", "1000", "--key", key)
        assert running_desk.zoe(*order, "--json")[0] == 0
        code, told = running_desk.zoe("budget", "--json")
        assert (code, told["tier"]) == (0, "starter")
        assert "ETH/USD" in told["pairs"]
        code, said = running_desk.zoe("budget")
        assert code == 0
        assert "ETH/USD" in said
        assert running_desk.stop() == 0
