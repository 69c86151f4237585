"""Protocols of everything outside the desk."""
