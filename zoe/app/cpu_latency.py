"""How late a processor may wake up: Linux's limit for it, held as long as a desk runs.

A processor that has nothing to do falls asleep, and what wakes it, a frame or the store's answer,
waits for that: some microseconds from a light sleep, 100 and more from a deep one or in a virtual
machine. Source: the kernel's documentation of PM QoS, "cpu_dma_latency"; a limit is in force while
the file that it was written to is open.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from zoe.runtime.log import log

DEVICE: Final = Path("/dev/cpu_dma_latency")
#: What stands for no limit.
ANY: Final = -1
#: Beyond any processor's deepest sleep; the kernel takes 32 bits.
MOST_US: Final = 1_000_000
_S32: Final = struct.Struct("=i")


@contextmanager
def limited(microseconds: int, device: Path = DEVICE) -> Iterator[None]:
    """Keeps every processor of the machine from sleeps that take longer to end; ANY for no limit.

    0: none sleeps at all, each of them is busy waiting. Where the kernel has no such file or this
    user may not write to it, that is said and nothing else changes.
    """
    if microseconds == ANY:
        yield
        return
    with ExitStack() as held:
        try:
            number = os.open(device, os.O_WRONLY)
            held.callback(os.close, number)
            os.write(number, _S32.pack(microseconds))
        except OSError as problem:
            log.warning("desk.cpu_latency_refused", file=str(device), error=problem.strerror)
        yield
