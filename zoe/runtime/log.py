"""Logging as events: a constant dotted name, and its values as fields.

Actor, incarnation and ids come from the runtime's patcher, never from the caller.
"""

from typing import Final

from loguru import logger


class Log:
    """Writes events; one line per state change or decision."""

    def debug(self, event: str, **fields: object) -> None:
        """Wire traffic and other detail."""
        logger.bind(**fields).debug(event)

    def info(self, event: str, **fields: object) -> None:
        """A state change."""
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
