"""Fakes of ports/journal.py: the stores that simulations use."""

from zoe.store.in_memory import Fate, FaultyJournal, MemoryJournal, MemoryNotes

__all__ = ["Fate", "FaultyJournal", "MemoryJournal", "MemoryNotes"]
