"""What a check of the doctor's finds, whichever exchange it asks."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

from zoe.domain.errors import (
    ConfigError,
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    WireError,
)
from zoe.runtime.clock import SystemClock

CLOCK_BOUND_SECONDS: Final = 2
LEAST_FREE_BYTES: Final = 512 * 1024 * 1024


@attrs.frozen
class Finding:
    """What a check found; ``advice`` is what to do where it failed."""

    name: str
    ok: bool
    milliseconds: int
    detail: str
    advice: str = ""


@attrs.frozen
class Bad(Exception):
    """A check's answer is no."""

    detail: str
    advice: str


def find(
    name: str, check: Callable[[], str], clock: SystemClock, advice_of: Callable[[str], str]
) -> Finding:
    """What a check finds, and how long it took.

    Args:
        check: Says what is well; raises Bad, or what an exchange raises.
        advice_of: What to do about what the exchange said.
    """
    began_ns = clock.monotonic_ns()
    try:
        ok, detail, advice = True, check(), ""
    except Bad as bad:
        ok, detail, advice = False, bad.detail, bad.advice
    except (ExchangeRejected, ExchangeThrottled, ExchangeUnavailable) as problem:
        ok, detail = False, str(problem)
        advice = advice_of(detail)
    except WireError as problem:
        ok, detail = False, f"not understood: {problem}"
        advice = "the exchange has changed, or this is no exchange: look for a newer zoe"
    except ConfigError as problem:
        ok, detail, advice = False, str(problem), "put it right and ask again"
    took_ns = clock.monotonic_ns() - began_ns
    return Finding(name, ok, took_ns // 1_000_000, detail, advice)


def clock(theirs_ns: int, before_ns: int, after_ns: int) -> str:
    """How far this machine's clock is from an exchange's that tells whole seconds.

    Args:
        theirs_ns: Right within a second.
        before_ns, after_ns: Our wall time when it was asked, and when it had answered.

    Raises:
        Bad: Too far.
    """
    early_ns, late_ns = theirs_ns - after_ns, before_ns - theirs_ns - 1_000_000_000
    off_ns = max(early_ns, late_ns, 0)
    if off_ns > CLOCK_BOUND_SECONDS * 1_000_000_000:
        word = "behind" if early_ns > 0 else "ahead of"
        raise Bad(
            f"this machine is {off_ns / 1e9:.1f} s {word} the exchange",
            "set the clock: switch on time synchronisation (timedatectl set-ntp true)",
        )
    return "within a second of the exchange" if not off_ns else f"off by {off_ns / 1e9:.1f} s"


def free_space(place: Path, least_bytes: int = LEAST_FREE_BYTES) -> str:
    """How much room there is where the desk keeps its data.

    Raises:
        Bad: Too little.
    """
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < least_bytes:
        raise Bad(
            f"{free // 1_000_000} MB free in {there}",
            f"make room: the desk needs {least_bytes // 1_000_000} MB",
        )
    return f"{free / 1e9:.1f} GB free"
