"""A Kraken-compatible exchange of our own; imports nothing else of zoe."""
