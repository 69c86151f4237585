"""Kraken spot: signing, names, builders and parsers, sessions without I/O."""
