"""The settings that a command works with."""

import os
from argparse import Namespace
from collections.abc import Mapping
from enum import Enum
from typing import Final

from zoe.app import settings
from zoe.app.door_client import Command, NoAnswer, ask

_ASK_SECONDS: Final = 5


def load(arguments: Namespace, flags: Mapping[str, str] | None = None) -> settings.Settings:
    """Flag over environment over file; raises ConfigError."""
    return settings.load(arguments.config, flags or {}, os.environ)


class Exchange(Enum):
    """An address of the exchange, as the desk calls it."""

    REST = "rest"
    PUBLIC = "ws"


def address(known: settings.Settings, which: Exchange) -> str:
    """Where the exchange is: as configured; of the desk's own sandbox only the desk knows.

    Raises:
        NoDesk: It is the desk's own, and none runs.
    """
    if known.own_sandbox:
        return running_address(known, which)
    rest, public, _ = known.addresses
    return rest if which is Exchange.REST else public


def running_address(known: settings.Settings, which: Exchange) -> str:
    """Where the running desk's exchange is, whatever is configured here.

    Raises:
        NoDesk: None runs.
    """
    answer = ask(known.door_path, Command("status", timeout_seconds=_ASK_SECONDS))
    found = (answer.result or {}).get("exchange_urls")
    if found is None:
        raise NoAnswer("the desk does not say where its exchange is")
    return str(found[which.value])
