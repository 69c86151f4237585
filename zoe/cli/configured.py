"""The settings that a command works with."""

import os
from argparse import Namespace
from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs

from zoe.app import settings
from zoe.app.door_client import Command, NoAnswer, ask

_ASK_SECONDS: Final = 5


def load(arguments: Namespace) -> settings.Settings:
    """Flag over environment over file; raises ConfigError."""
    exchange = getattr(arguments, "exchange", None)
    flags = {} if exchange is None else {"exchange.name": exchange}
    return settings.load(arguments.config, flags, os.environ)


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
    """Where the running desk's exchange is, whatever is configured here; raises as ``running_desk``."""
    return running_desk(known).urls[which.value]


@attrs.frozen
class Running:
    """What a running desk says of itself.

    Attributes:
        account_id: Empty as long as the desk does not know it.
    """

    account_id: str
    urls: Mapping[str, str]


def running_desk(known: settings.Settings) -> Running:
    """Which account the running desk trades for, and where its exchange is.

    Raises:
        NoDesk: None runs.
        NoAnswer: It does not say.
    """
    answer = ask(known.door_path, Command("status", timeout_seconds=_ASK_SECONDS))
    found = answer.result or {}
    if "exchange_urls" not in found:
        raise NoAnswer("the desk does not say where its exchange is")
    return Running(str(found.get("account_id") or ""), found["exchange_urls"])
