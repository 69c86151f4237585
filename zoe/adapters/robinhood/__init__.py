"""Robinhood crypto; its client is not built yet."""
