"""What the programs of the foreign environment share: the exchange's addresses and a key on standard
input, and a report of every step on standard output.

They know nothing of zoe, and run under the packages of foreign.lock only.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any


class Steps:
    """Steps by name: what each gave, or how it failed; one that fails stops none of the others."""

    def __init__(self) -> None:
        self.given: dict[str, str] = json.load(sys.stdin)
        self._report: dict[str, Any] = {}

    def do(self, name: str, step: Callable[[], Any]) -> Any:
        """Runs a step, and gives what it gave; None where it failed."""
        try:
            found = step()
        except Exception as problem:  # noqa: BLE001  # whatever it raises is what it has to report
            self._failed(name, problem)
            return None
        self._report[name] = {"gave": found}
        return found

    async def wait(self, name: str, step: Awaitable[Any], seconds: float = 30) -> Any:
        """The same for what is waited for."""
        try:
            found = await asyncio.wait_for(step, seconds)
        except Exception as problem:  # noqa: BLE001  # as above
            self._failed(name, problem)
            return None
        self._report[name] = {"gave": found}
        return found

    def _failed(self, name: str, problem: Exception) -> None:
        self._report[name] = {"failed": f"{type(problem).__name__}: {problem}"[:400]}

    def end(self) -> None:
        """Prints the report."""
        print(json.dumps(self._report, default=str))
