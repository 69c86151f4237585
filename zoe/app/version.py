"""The version, as ``status`` and the log say it; the same as in pyproject.toml."""

from typing import Final

VERSION: Final = "0.1.0"
