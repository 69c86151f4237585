"""What was meant by a word that is not known, and numbers of things as people write them."""

import difflib
from collections.abc import Iterable


def hint(word: str, known: Iterable[str]) -> str:
    """``; did you mean …?`` where something known is near, else nothing."""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, 1)
    return f"; did you mean {by_lower[near[0]]}?" if near else ""


def because(code: str, values: Iterable[tuple[str, str]]) -> str:
    """A code and the values behind it, in a line."""
    return ": ".join(filter(None, (code, told(values))))


def told(values: Iterable[tuple[str, str]]) -> str:
    """``limit 5, value 7``; a problem is a sentence, and needs no name."""
    return ", ".join(text if name == "problem" else f"{name} {text}" for name, text in values)


def counted(number: int, noun: str) -> str:
    """``1 order``, ``2 orders``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
