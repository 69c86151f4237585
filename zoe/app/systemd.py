"""What systemd wants to hear of a service of type ``notify``; silent without it."""

import os
import socket
from collections.abc import Mapping
from typing import Final

#: Of a watchdog so impatient that saying it lives would be all that a desk does.
LEAST_SECONDS: Final = 0.25


def notify(text: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Sends ``text`` (``READY=1``, ``WATCHDOG=1``, ``STOPPING=1``); False without a listener.

    Source: sd_notify(3). A datagram to ``NOTIFY_SOCKET``; a leading @ stands for a NUL.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)
        try:
            channel.sendto(text.encode(), address)
        except OSError:
            return False  # a service manager that does not listen is no reason to stop trading
    return True


def watchdog_seconds(environ: Mapping[str, str] = os.environ) -> float | None:
    """How often ``WATCHDOG=1`` is to be said; None where nobody waits for it.

    Source: sd_watchdog_enabled(3). ``WATCHDOG_USEC`` is how long systemd waits; half of it is advised.
    """
    told = environ.get("WATCHDOG_USEC", "")
    if not told.isascii() or not told.isdigit() or int(told) == 0:
        return None
    return max(int(told) / 2_000_000, LEAST_SECONDS)
