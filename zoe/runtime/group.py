"""A group of the supervision tree, as it runs."""

from collections.abc import Iterable

from zoe.runtime.cell import Cell
from zoe.runtime.supervisor import Budget, Group, Window


class GroupNode:
    """A group with its members, in start order."""

    def __init__(self, group: Group, parent: "GroupNode | None") -> None:
        self.group = group
        self.parent = parent
        self.members: list[Cell | GroupNode] = []
        self.budget = Budget(group.intensity, group.period_seconds)
        self.failures = Window((parent or self).budget.period_seconds)

    def cells(self) -> list[Cell]:
        """Every cell of the tree below, in start order, without those started while running."""
        return cells_of(self.members)

    def restarted_with(self, member: "Cell | GroupNode") -> list[Cell]:
        """The cells that are stopped and started when a member has failed, in start order."""
        if self.group.strategy == "one_for_one":
            return cells_of([member])
        return cells_of(self.members[self.members.index(member) :])


def cells_of(members: "Iterable[Cell | GroupNode]") -> list[Cell]:
    """Every cell of these members, in order."""
    found: list[Cell] = []
    for member in members:
        found.extend(member.cells() if isinstance(member, GroupNode) else [member])
    return found
