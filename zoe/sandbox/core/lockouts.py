"""Lockout: a key that fails too often is refused for a while (facts, 1.3)."""

from zoe.sandbox.core import errors
from zoe.sandbox.core.accounts import ApiKey
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.core.world import World


class Lockouts:
    """Counts invalid nonces and signatures of a key, one after the other."""

    def __init__(self, world: World) -> None:
        self._world = world

    def check(self, key: ApiKey) -> None:
        """Lets a key through, or raises a Refusal; each attempt begins a lockout anew."""
        if key.locked_until_ns > self._world.now_ns:
            key.locked_until_ns = max(key.locked_until_ns, self._until_ns())
            raise Refusal(errors.LOCKOUT)

    def failed(self, key: ApiKey, error: str) -> Refusal:
        """What is said of one more failure."""
        key.failures += 1
        if key.failures < self._world.config.lockout_after:
            return Refusal(error)
        key.failures, key.locked_until_ns = 0, self._until_ns()
        return Refusal(errors.LOCKOUT)

    def _until_ns(self) -> int:
        return self._world.now_ns + self._world.config.lockout_seconds * SECOND_NS
