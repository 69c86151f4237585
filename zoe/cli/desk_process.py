"""``zoe run``: the desk itself."""

from argparse import Namespace

from zoe.cli import configured


def run(arguments: Namespace) -> int:
    """Runs the desk until it is told to stop."""
    flags = {} if arguments.exchange is None else {"exchange.name": arguments.exchange}
    settings = configured.load(arguments, flags)
    from zoe.app import main
    from zoe.app.desk import Run

    wanted = Run(arguments.seconds, arguments.seed, arguments.live, arguments.json)
    return main.run(settings, wanted)
