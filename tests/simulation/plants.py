"""How a bug is planted."""

from collections.abc import Callable
from typing import Any

import pytest

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


def instead(patch: Patch, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replaces a function by one that is made from it."""
    patch.setattr(owner, name, make(getattr(owner, name)))
