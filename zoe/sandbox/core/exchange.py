"""Exchange: the front of the core. Bytes and a time in, deliveries out."""

from zoe.sandbox.core.config import Config
from zoe.sandbox.core.memory import Memory
from zoe.sandbox.core.wire import Delivery, HttpRequest


class Exchange:
    """A Kraken-compatible exchange that owns no clock, socket or thread.

    ``now_ns`` is UTC; it never goes back inside (an earlier one counts as the latest seen). No input
    makes a method raise; only the memory can.

    Args:
        memory: An earlier exchange's journal is gone on with: same accounts, keys, orders, balances.

    Raises:
        ValueError: The journal cannot be read, or is of other pairs.
    """

    def __init__(self, config: Config, memory: Memory, now_ns: int) -> None:
        raise NotImplementedError

    @property
    def first_key(self) -> tuple[str, str]:
        """Key and secret (base64) of the account that is made at the first start."""
        raise NotImplementedError

    def request(self, now_ns: int, request: HttpRequest) -> list[Delivery]:
        """``/0/public/*``, ``/0/private/*`` and ``/sandbox/*`` (to be let in from loopback only)."""
        raise NotImplementedError

    def opened(self, now_ns: int, connection: int, path: str) -> list[Delivery]:
        """A socket on ``/v2`` (public) or ``/auth/v2`` (private)."""
        raise NotImplementedError

    def received(self, now_ns: int, connection: int, payload: bytes) -> list[Delivery]:
        """A text frame from a client."""
        raise NotImplementedError

    def closed(self, now_ns: int, connection: int) -> None:
        """The socket is gone, whoever closed it."""
        raise NotImplementedError

    def next_wakeup(self) -> int | None:
        """When something is due by itself; to be asked after every call of another method."""
        raise NotImplementedError

    def wake(self, now_ns: int) -> list[Delivery]:
        """What was due until now."""
        raise NotImplementedError
