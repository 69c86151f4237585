"""Robinhood crypto behind the exchange port, for programs of one's own; see docs/robinhood.md."""
