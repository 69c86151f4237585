"""Requests and answers on a socket (facts, section 2.2)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from zoe.sandbox.core.moments import rfc3339
from zoe.sandbox.core.outbox import Session

_ENCODER: Final = msgspec.json.Encoder()


class Ask(msgspec.Struct, frozen=True):
    """One request; ``req_id`` and ``method`` are echoed as they were sent, or left out."""

    session: Session
    method: str
    params: Mapping[str, Any]
    req_id: int | None
    at_ns: int

    def accept(self, result: Mapping[str, object] | list[Any], **beside: object) -> bytes:
        """The answer to a request that was carried out."""
        return self._answer({**beside, "result": result, "success": True})

    def refuse(self, error: str, symbol: str | None = None) -> bytes:
        """The answer to one that was not."""
        told: dict[str, object] = {"error": error, "success": False}
        if symbol is not None:
            told["symbol"] = symbol
        if error == "ESession:Invalid session":
            told["status"] = "error"
        return self._answer(told)

    def pong(self) -> bytes:
        """The answer to a ping, which has no ``success``."""
        return self._answer({}, "pong")

    def _answer(self, told: dict[str, object], method: str | None = None) -> bytes:
        answer: dict[str, object] = {"method": method or self.method, **told}
        if not answer["method"]:
            del answer["method"]
        if self.req_id is not None:
            answer["req_id"] = self.req_id
        answer["time_in"] = answer["time_out"] = rfc3339(self.at_ns)
        return _ENCODER.encode(answer)


#: JSON text of a value.
encode: Final = _ENCODER.encode
