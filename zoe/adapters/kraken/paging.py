"""Pages of history, newest first, while new rows arrive.

A new row pushes every older one towards the next page: a page may then repeat rows of the one before,
and an ``end`` that is not frozen may skip some. So ``end`` is frozen first, rows are kept by id, and
paging ends with a page that holds fewer rows than a full one (``count`` is not to be relied on:
facts sheet, section 1.6).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import attrs

from zoe.adapters.kraken.history_calls import PAGE, Window
from zoe.domain.errors import WireError

MOST_PAGES: Final = 2_000

Row = TypeVar("Row")


def all_pages(
    fetch: Callable[[Window], Mapping[str, Row]], start: int | str | None, end: int | str
) -> dict[str, Row]:
    """Every row between ``start`` (exclusive) and ``end`` (inclusive) by id, as they came.

    Args:
        end: A time or an id: without it pages would shift. The exchange's present is one.

    Raises:
        WireError: The pages do not end.
    """
    found: dict[str, Row] = {}
    window = Window(start, end)
    for _ in range(MOST_PAGES):
        rows = fetch(window)
        found |= rows
        if len(rows) < PAGE:
            return found
        # Rows that came in meanwhile only make the next page repeat some: none is skipped.
        window = attrs.evolve(window, offset=window.offset + len(rows))
    raise WireError(f"more than {MOST_PAGES} pages", b"")
