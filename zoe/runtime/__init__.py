"""Actors without trading: addresses, mailboxes, supervision, timers, two schedulers."""
