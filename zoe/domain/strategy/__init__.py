"""Strategies as pure functions: what should be true, given what is known."""
