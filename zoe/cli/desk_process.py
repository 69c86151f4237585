"""``zoe run``: the desk itself."""

import signal
import sys
from argparse import Namespace
from types import FrameType

from zoe.app.stopping import stop_signals
from zoe.cli import configured


def run(arguments: Namespace) -> int:
    """Runs the desk until it is told to stop."""
    # All that a desk is takes a second to load.
    for number in stop_signals():
        signal.signal(number, _nothing_to_stop)
    settings = configured.load(arguments)
    from zoe.app import main
    from zoe.app.desk import Run

    wanted = Run(arguments.seconds, arguments.seed, arguments.live, arguments.json)
    return main.run(settings, wanted)


def _nothing_to_stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
