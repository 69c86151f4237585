"""What can wait, done elsewhere: the outcome of an offloaded call."""

from collections.abc import Callable
from typing import Generic, TypeVar, cast

import attrs

T = TypeVar("T")


@attrs.frozen
class Outcome(Generic[T]):
    """A result, or the error that came instead."""

    result: T | None = None
    error: BaseException | None = None

    def value(self) -> T:
        """The result; raises the error where there was one."""
        if self.error is not None:
            raise self.error
        return cast(T, self.result)


def outcome_of(call: Callable[[], T]) -> Outcome[T]:
    """Runs ``call`` and keeps whatever comes of it."""
    try:
        return Outcome(call())
    except BaseException as error:  # noqa: BLE001  # the one place where a worker meets any error
        return Outcome(error=error)
