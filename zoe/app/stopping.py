"""How people, service managers and terminals ask for an orderly end."""

import signal


def stop_signals() -> tuple[signal.Signals, ...]:
    """SIGTERM and SIGINT; and that a terminal is closed, unless it was meant to go on without (nohup)."""
    always = (signal.SIGTERM, signal.SIGINT)
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return always if ignored else (*always, signal.SIGHUP)
