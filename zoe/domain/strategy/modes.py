"""Modes of a strategy, and which one is in force: what was commanded, until the file says otherwise."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

OFF: Final = "off"
SHADOW: Final = "shadow"
LIVE: Final = "live"
MODES: Final = (OFF, SHADOW, LIVE)


@attrs.frozen
class Mode:
    """A mode in force, and why it is so."""

    name: str
    why: str


def in_force(configured: str, stored: Mapping[str, Any] | None) -> Mode:
    """The mode at a start.

    A command wins until the value in the configuration is another than when it was given.

    Args:
        stored: The newest command, with the ``configured`` mode of then; None where there is none.
    """
    if stored is None or stored["configured"] != configured:
        return Mode(configured, "configured")
    return Mode(stored["mode"], stored["why"])
