"""The password in a ``DATABASE_URL``, for whoever must keep it out of sight."""

from typing import Final
from urllib.parse import unquote, urlsplit

#: A shorter one is found in ordinary words, and lines could not be read without them.
SHORTEST: Final = 8


def spellings(url: str) -> tuple[str, ...]:
    """The password of a URL, as it stands there and as it is meant; none where there is none to hide.

    One that is short, or that is the user's or the database's name as well, is not hidden by itself:
    lines need such words, and a gap in each would tell it. The URL as a whole is hidden all the same.
    """
    try:
        parts = urlsplit(url)
        written = parts.password or ""
    except ValueError:  # nobody will connect with it
        return ()
    meant = unquote(written)
    names = (unquote(parts.username or ""), unquote(parts.path.strip("/")))
    if len(meant) < SHORTEST or meant in names:
        return ()
    return written, meant
