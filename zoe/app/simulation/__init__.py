"""Deterministic simulation: the real desk against the sandbox's core, in virtual time, from a seed."""
