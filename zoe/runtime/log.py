"""Logging as events: a constant dotted name, and its values as fields.

Actor, incarnation and ids come from the runtime's patcher, never from the caller.
"""

from typing import Any, Final

from loguru import logger

_DEBUG: Final = 10
_INFO: Final = 20


class Log:
    """Writes events; one line per state change or decision."""

    #: What loguru itself asks first, but only when a line's fields are bound already.
    _core: Any = logger._core  # type: ignore[attr-defined]  # not in its stubs

    @property
    def tells_changes(self) -> bool:
        """Whether anybody reads lines of INFO: to ask before fields that take long to make."""
        return bool(self._core.min_level <= _INFO)

    def debug(self, event: str, **fields: object) -> None:
        """Wire traffic and other detail."""
        if self._core.min_level <= _DEBUG:
            logger.bind(**fields).debug(event)

    def info(self, event: str, **fields: object) -> None:
        """A state change."""
        if self._core.min_level <= _INFO:
            logger.bind(**fields).info(event)

    def warning(self, event: str, **fields: object) -> None:
        """Something the desk recovered from by itself; has a row in docs/runbook.md."""
        logger.bind(**fields).warning(event)

    def error(self, event: str, **fields: object) -> None:
        """A person should look; has a row in docs/runbook.md."""
        logger.bind(**fields).error(event)

    def critical(self, event: str, **fields: object) -> None:
        """Trading has stopped; has a row in docs/runbook.md."""
        logger.bind(**fields).critical(event)

    def opt_exception(self, event: str, error: BaseException, **fields: object) -> None:
        """An error that ends the process, with its trace."""
        logger.bind(error=f"{type(error).__name__}: {error}", **fields).opt(
            exception=error
        ).critical(event)


log: Final = Log()
