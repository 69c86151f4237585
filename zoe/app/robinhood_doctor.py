"""The doctor's questions where the exchange is Robinhood: what can be asked there, and this machine.

No desk trades there, so that nothing is asked of one; what Robinhood does not have says so, and is no failure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from zoe.adapters.robinhood.client import RobinhoodClient
from zoe.app import findings
from zoe.app.doctor import Doctor
from zoe.app.findings import Bad, Finding
from zoe.app.settings import Settings
from zoe.domain.catalog import TRADABLE
from zoe.domain.quantity import plain
from zoe.domain.words import counted
from zoe.runtime.clock import SystemClock

_REFUSED: Final = (
    ("HTTP 401", "see that the key, its private key and this machine's clock are right"),
    ("HTTP 403", "allow the key what it lacks, at robinhood.com under crypto"),
    ("HTTP 429", "wait a minute; nothing else may use this account meanwhile"),
    ("HTTP 5", "the exchange is not well: try again later"),
)


class RobinhoodDoctor:
    """The ten checks.

    Args:
        environ: Where the key, its private key and the address stand.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._clock = SystemClock()
        self._client: RobinhoodClient | None = None
        self._checks: dict[str, Callable[[], str]] = {
            "system_status": self._system_status,
            "tradable_pairs": self._tradable_pairs,
            "balance": self._balance,
            "open_orders": self._open_orders,
            "ws_public": lambda: "none: Robinhood has no sockets",
            "ws_private": lambda: "none: Robinhood has no sockets",
            "clock": self._machine_clock,
            "key_permissions": lambda: "not told by Robinhood; no key there can withdraw",
        }

    def examine(self, names: Iterable[str]) -> Iterator[Finding]:
        """A finding for each of the checks, as soon as it is there."""
        for name in names:
            check = self._checks.get(name)
            if check is None:  # of this machine, the same whatever the exchange
                yield from Doctor(self._settings, None, self._clock).examine((name,))
            else:
                yield findings.find(name, check, self._clock, _advice)
        if self._client is not None:
            self._client.close()

    def _asked(self) -> RobinhoodClient:
        if self._client is None:
            self._client = RobinhoodClient.from_environment(self._environ)
        return self._client

    def _system_status(self) -> str:
        status = self._asked().get_system_status()
        if status != "online":
            raise Bad(f"the account is {status}", "see what robinhood.com says of it")
        return status

    def _tradable_pairs(self) -> str:
        found = self._asked().get_trading_pairs()
        tradable = [pair for pair in found if pair.status in TRADABLE]
        if not tradable:
            raise Bad("no trade in any pair", "see what robinhood.com says of the account, or wait")
        return f"{len(tradable)} of {len(found)} pairs"

    def _balance(self) -> str:
        cash = self._asked().get_balance()
        return f"{counted(len(self._asked().get_holdings()), 'asset')} and {plain(cash.amount)} USD"

    def _open_orders(self) -> str:
        return counted(len(self._asked().get_open_orders()), "open order")

    def _machine_clock(self) -> str:
        before_ns = self._clock.wall_ns()
        date = self._asked().get_exchange_date()
        after_ns = self._clock.wall_ns()
        try:
            theirs_ns = int(parsedate_to_datetime(date or "").timestamp()) * 1_000_000_000
        except ValueError:
            return "not told by the exchange"
        return findings.clock(theirs_ns, before_ns, after_ns)


def _advice(said: str) -> str:
    for beginning, advice in _REFUSED:
        if said.startswith(beginning):
            return advice
    return "see that RH_CRYPTO_BASE_URL is right, if it is set, and can be reached from here"
