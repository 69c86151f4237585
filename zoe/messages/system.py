"""Messages about the desk itself: health, reconciliation, people's commands."""

from typing import ClassVar

import attrs

from zoe.domain.catalog import Catalog
from zoe.runtime.message import Lane, Message


@attrs.frozen
class Tick(Message):
    """A timer of the actor that receives it; ``name`` says which."""

    name: str
    ref: int = 0


@attrs.frozen
class Beat(Message):
    """A component's sign of life.

    Attributes:
        status: ``ok``, ``degraded`` or ``down``.
        drift: Of what there are differences that nothing explains; None from a component that keeps none.
    """

    lane: ClassVar[Lane] = Lane.LATEST
    traced: ClassVar[bool] = False
    component: str
    status: str
    detail: str
    drift: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """The newest sign of each component."""
        return self.component


@attrs.frozen
class ReportHealth(Message):
    """Tell the sender the last sign of life of every component."""


@attrs.frozen
class DoubtSettled(Message):
    """The fate of an order, or of an amend, is known again."""

    took_ns: int


@attrs.frozen
class HealthReported(Message):
    """Component, status, detail and age in nanoseconds.

    Attributes:
        doubt_times: Of the doubts that this run has settled: count, and times in milliseconds.
        drift: See Beat; None while nobody has told.
    """

    components: tuple[tuple[str, str, str, int], ...]
    doubt_times: tuple[tuple[str, int | None], ...] = ()
    drift: tuple[str, ...] | None = None


@attrs.frozen
class WatchCatalog(Message):
    """Tell the sender the catalogue now and after each change."""


@attrs.frozen
class CatalogChanged(Message):
    """The pairs as they are, with a version."""

    lane: ClassVar[Lane] = Lane.LATEST
    catalog: Catalog

    @property
    def key(self) -> str:
        """One catalogue: a newer message replaces an older one."""
        return "catalog"


@attrs.frozen
class WatchReconciled(Message):
    """Tell the sender ``Reconciled`` now, if so, and each time it becomes so."""


@attrs.frozen
class Reconciled(Message):
    """Our view of the account equals the exchange's: trading may begin."""


@attrs.frozen
class StreamOpened(Message):
    """The private stream is live: subscribed, snapshots delivered."""


@attrs.frozen
class WatchStream(Message):
    """Tell the sender ``StreamOpened`` now, if the private stream is live."""


@attrs.frozen
class StreamBroken(Message):
    """The private stream is gone, or has a gap; what happened meanwhile must be looked up.

    Attributes:
        calls_lost: Whether private calls that were asked for before are answered by nobody.
    """

    reason: str
    calls_lost: bool = False


@attrs.frozen
class DoorRequest(Message):
    """A line that came in by the control socket."""

    client: int
    line: bytes


@attrs.frozen
class DoorAnswer(Message):
    """The line that answers it."""

    client: int
    line: bytes


@attrs.frozen
class DoorClosed(Message):
    """The client went away."""

    client: int


@attrs.frozen
class CloseDesk(Message):
    """End the desk in order: no new orders, working ones canceled or kept, then exit 0."""

    lane: ClassVar[Lane] = Lane.CONTROL
    reason: str


@attrs.frozen
class ProveLife(Message):
    """Answer with ``LifeProven``: whoever does is not stuck."""

    ref: int


@attrs.frozen
class LifeProven(Message):
    """The sender handles its mail."""

    ref: int


@attrs.frozen
class DeadManChanged(Message):
    """Whether the exchange cancels our orders if we fall silent; without it no add may leave."""

    lane: ClassVar[Lane] = Lane.CONTROL
    armed: bool
    reason: str


@attrs.frozen
class ReleaseDeadMan(Message):
    """The desk stops and keeps its orders: disarm, then tell the sender ``DeadManChanged``."""


@attrs.frozen
class AccountLockChanged(Message):
    """Whether this desk holds its account's lock; without it no add may leave."""

    lane: ClassVar[Lane] = Lane.CONTROL
    held: bool
    reason: str
