"""The settings that a command works with."""

import os
from argparse import Namespace
from collections.abc import Mapping

from zoe.app import settings
from zoe.domain.errors import ConfigError


def load(arguments: Namespace, flags: Mapping[str, str] | None = None) -> settings.Settings:
    """Flag over environment over file; raises ConfigError."""
    return settings.load(arguments.config, flags or {}, os.environ)


def public_socket(arguments: Namespace, known: settings.Settings) -> str:
    """The public socket's address: ``--url``, else the desk's; raises ConfigError without one."""
    url: str = arguments.url or known.addresses[1]
    if not url:
        raise ConfigError("the desk's own sandbox has no address of its own: name one with --url")
    return url
