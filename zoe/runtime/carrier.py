"""Carriers: what steps cells. A thread of one cell, or a dispatcher that several share."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoe.runtime.cell import Cell


class Carrier:
    """Steps its cells one at a time; a turn that hangs holds up all of them.

    Attributes:
        current: The cell it is stepping just now.
        steps: How often it has stepped one: the same number twice means that it hangs or sleeps.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.cells: dict[Cell, None] = {}
        self.current: Cell | None = None
        self.steps = 0

    def carry(self, cell: "Cell") -> None:
        """Takes a cell on."""
        cell.carrier = self
        self.cells[cell] = None

    def begin(self, cell: "Cell") -> None:
        """Begins to step a cell that has its first order; the supervisor calls this once."""
        raise NotImplementedError

    def drop(self, cell: "Cell") -> None:
        """Nothing more is wanted of a cell that is down."""
        self.cells.pop(cell, None)
