"""The settings that a command works with."""

import os
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, Final

from zoe.app import settings
from zoe.app.door_client import Command, ask

_ASK_SECONDS: Final = 5


def load(arguments: Namespace, flags: Mapping[str, str] | None = None) -> settings.Settings:
    """Flag over environment over file; raises ConfigError."""
    return settings.load(arguments.config, flags or {}, os.environ)


def exchange_urls(known: settings.Settings) -> dict[str, Any]:
    """Where the running desk's exchange is: ``rest``, ``ws`` and ``ws_auth``.

    Raises:
        NoDesk: None runs.
    """
    answer = ask(known.door_path, Command("status", timeout_seconds=_ASK_SECONDS))
    found: dict[str, Any] = (answer.result or {})["exchange_urls"]
    return found
