"""Errors, sorted by who must act on them (see docs/architecture.md).

``AssertionError`` is the ninth member of the family: our code is wrong, and nobody catches it.
"""


class ZoeError(Exception):
    """Root of every error that zoe raises on purpose."""


class IllegalCommand(ZoeError):
    """The state forbids the command, usually after a lost race: refused with an event."""


class UnexpectedFact(ZoeError):
    """The exchange contradicts us: the actor crashes and reconciliation settles it."""


class EarlyFact(UnexpectedFact):
    """More is told than can be so far: what makes it possible may be told later, or by a look."""


class ExchangeRejected(ZoeError):
    """Understood and refused by the exchange: known not done, never retried unchanged.

    Attributes:
        code: The exchange's own words, for example ``EOrder:Insufficient funds``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ExchangeThrottled(ZoeError):
    """Over a limit of the exchange, not even tried: known not done.

    Attributes:
        code: The exchange's own words.
        retry_after_seconds: How long the exchange asked us to wait, None where it did not say.
    """

    def __init__(self, code: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class ExchangeUnavailable(ZoeError):
    """No answer, or one that says nothing: the outcome of a write is unknown."""


class WireError(ZoeError):
    """A payload that cannot be parsed.

    Attributes:
        raw: The payload as received, kept for the person who must look at it.
    """

    def __init__(self, problem: str, raw: bytes) -> None:
        super().__init__(problem)
        self.raw = raw


class StoreError(ZoeError):
    """Not durable, and known not to be: stop taking commands."""


class StoreUnknown(StoreError):
    """The connection was lost before the commit was answered: durable or not, nobody knows yet."""


class StoreConflict(StoreError):
    """Another writer holds our place in a stream: the process must end."""


class ConfigError(ZoeError):
    """Cannot start; one line for a person, exit code 2."""
