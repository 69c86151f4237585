"""The settings that a command works with."""

import os
from argparse import Namespace
from collections.abc import Mapping

from zoe.app import settings


def load(arguments: Namespace, flags: Mapping[str, str] | None = None) -> settings.Settings:
    """Flag over environment over file; raises ConfigError."""
    return settings.load(arguments.config, flags or {}, os.environ)
