"""Where commands look for the exchange."""

from pathlib import Path

import pytest

from zoe.app import settings
from zoe.app.door_client import NoDesk
from zoe.cli import configured
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
