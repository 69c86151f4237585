"""Where commands look for the exchange."""

from argparse import Namespace
from pathlib import Path

import pytest

from zoe.app import settings
from zoe.app.door_client import NoDesk
from zoe.cli import configured, grammar
from zoe.cli.configured import Exchange


def test_a_configured_exchange_is_known_without_a_desk_and_an_own_one_is_not(
    tmp_path: Path,
) -> None:
    own = settings.load(None, {}, {"ZOE_STATE_DIR": str(tmp_path)})
    urls = {
        "KRAKEN_REST_URL": "http://127.0.0.1:1",
        "KRAKEN_WS_URL": "ws://127.0.0.1:1/v2",
        "KRAKEN_WS_AUTH_URL": "ws://127.0.0.1:1/auth/v2",
    }
    named = settings.load(None, {}, {"ZOE_STATE_DIR": str(tmp_path), **urls})
    assert configured.address(named, Exchange.REST) == urls["KRAKEN_REST_URL"]
    assert configured.address(named, Exchange.PUBLIC) == urls["KRAKEN_WS_URL"]
    for which in Exchange:
        with pytest.raises(NoDesk):
            configured.address(own, which)
        with pytest.raises(NoDesk):
            configured.running_address(named, which)


@pytest.mark.parametrize("command", ["run", "doctor", "catalog"])
def test_the_flag_comes_before_the_environment_and_the_environment_before_the_file(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "zoe.toml"
    file.write_text('exchange.name = "kraken"')
    (tmp_path / ".env").write_text("")  # not the project's
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EXCHANGE", raising=False)

    def chosen(*words: str) -> str:
        arguments: Namespace = grammar.parse([command, "--config", str(file), *words])
        return configured.load(arguments).exchange.name

    assert chosen() == "kraken"
    assert chosen("--exchange", "robinhood") == "robinhood"
    monkeypatch.setenv("EXCHANGE", "sandbox")
    assert chosen() == "sandbox"
    assert chosen("--exchange", "robinhood") == "robinhood"
