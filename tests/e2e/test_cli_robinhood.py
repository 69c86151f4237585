"""Robinhood as its user types it, by EXCHANGE or --exchange: doctor, catalog, and a desk that does not trade there."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import attrs
import commands
import pytest
from commands import Done
from robinhood_exchange import API_KEY, Fault
from robinhood_trading import Trading, trading_on_tests


@attrs.frozen
class Person:
    """A person with a Robinhood key in ``.env``."""

    place: Path
    trading: Trading

    def types(self, *words: str, exchange: str = "robinhood") -> Done:
        """A command, with that in EXCHANGE; neither key is ever in what it says."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.place),
            "EXCHANGE": exchange,
        }
        done = commands.run(words, environ, self.place)
        assert API_KEY not in done.stdout + done.stderr
        assert self.trading.seed not in done.stdout + done.stderr
        return done


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with trading_on_tests() as trading:
        words = {
            "RH_CRYPTO_API_KEY": API_KEY,
            "RH_CRYPTO_PRIVATE_KEY_SEED": trading.seed,
            "RH_CRYPTO_BASE_URL": trading.here.url,
            "ZOE_STATE_DIR": str(tmp_path / "state"),
        }
        file = tmp_path / ".env"
        file.write_text("".join(f"{name}={value}\n" for name, value in words.items()))
        file.chmod(0o600)
        yield Person(tmp_path, trading)


def test_the_doctor_asks_what_can_be_asked_there(person: Person) -> None:
    done = person.types("doctor", "--json")
    rows = {row["name"]: row for row in json.loads(done.stdout)["checks"]}
    assert (done.returncode, len(rows)) == (0, 10), done.stdout
    assert rows["tradable_pairs"]["detail"] == "2 of 3 pairs"
    assert rows["balance"]["detail"] == "0 assets and 1042.55 USD"
    assert rows["clock"]["detail"].startswith("within a second")
    assert "no sockets" in rows["ws_private"]["detail"]
    assert not any(method == "POST" for method, _, _ in person.trading.here.requests)


def test_the_doctor_says_what_to_do_about_a_key_that_lacks_something(person: Person) -> None:
    body = b'{"type":"client_error","errors":[{"detail":"Forbidden.","attr":null}]}'
    person.trading.here.plant(Fault("GET", "/orders/", "raw", status=403, body=body))
    done = person.types("doctor", "--only", "open_orders")
    assert done.returncode == 1
    assert "HTTP 403: client_error Forbidden.: allow the key" in done.stdout


def test_the_catalog_lists_its_pairs(person: Person) -> None:
    done = person.types("catalog", "--search", "eth", "--json")
    (row,) = json.loads(done.stdout)
    assert (row["symbol"], row["rest_id"], row["cost_min"]) == ("ETH/USD", "ETH-USD", "0.1")


def test_the_flag_comes_before_the_environment(person: Person) -> None:
    chosen = ("--exchange", "robinhood")
    (row,) = json.loads(
        person.types("catalog", *chosen, "--search", "eth", "--json", exchange="kraken").stdout
    )
    assert row["rest_id"] == "ETH-USD"
    done = person.types("doctor", *chosen, "--only", "balance", exchange="sandbox")
    assert (done.returncode, "1042.55 USD" in done.stdout) == (0, True)
    asked = len(person.trading.here.requests)
    assert person.types("catalog", "--exchange", "sandbox").returncode == 3, "no desk has one"
    done = person.types("catalog", "--exchange", "robinhod")
    assert (done.returncode, "did you mean robinhood" in done.stderr) == (2, True)
    assert len(person.trading.here.requests) == asked


def test_a_desk_does_not_trade_there_and_says_what_there_is(person: Person) -> None:
    done = person.types("run", "--for", "5")
    flagged = person.types("run", "--exchange", "robinhood", "--for", "5", exchange="kraken")
    for each in (done, flagged):
        assert each.returncode == 2
        assert "docs/robinhood.md" in each.stderr
    assert not person.trading.here.requests
    assert not (person.place / "state").exists(), "nothing was begun"


def test_its_private_key_is_in_no_line_of_a_desk_on_another_exchange(person: Person) -> None:
    seed = base64.b64encode(bytes(range(32))).decode()
    file = person.place / ".env"
    file.write_text(f"RH_CRYPTO_PRIVATE_KEY_SEED={seed}\nZOE_STATE_DIR={person.place / seed}\n")
    done = person.types("run", "--for", "1", exchange="sandbox")
    assert (done.returncode, seed in done.stderr) == (0, False)
    (starting,) = [line for line in done.stderr.splitlines() if '"desk.starting"' in line]
    assert json.loads(starting)["log"] == str(person.place / "[redacted]" / "log" / "zoe.jsonl")
    assert seed not in (person.place / seed / "log" / "zoe.jsonl").read_text()


def test_without_a_key_each_question_says_what_is_missing(person: Person) -> None:
    (person.place / ".env").write_text(f"ZOE_STATE_DIR={person.place / 'state'}")
    done = person.types("catalog")
    assert (done.returncode, done.stdout) == (2, "")
    assert "set RH_CRYPTO_API_KEY" in done.stderr
