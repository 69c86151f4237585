"""Immutable messages, by subject."""
