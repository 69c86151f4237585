"""The order of events: by time; those of one time as their rows follow each other in the wallets."""

import heapq
from collections.abc import Iterable, Mapping
from itertools import pairwise

from zoe.domain.lot_outcome import Group
from zoe.domain.wallet_chain import WalletChain


class EventOrder:
    """The order of events whose rows are in these wallets.

    Args:
        chains: The wallets' rows.
        group_of: Each row's event.
    """

    def __init__(self, chains: Mapping[str, WalletChain], group_of: Mapping[str, Group]) -> None:
        self._chains = chains
        self._group_of = group_of

    def of(self, groups: list[Group]) -> Iterable[Group]:
        """Events, which are by time, in their order."""
        at, count = 0, len(groups)
        while at < count:
            end = at + 1
            while end < count and groups[end].time_ns == groups[at].time_ns:
                end += 1
            if end == at + 1:
                yield groups[at]
            else:
                yield from self._of_one_time(groups[at:end])
            at = end

    def _of_one_time(self, groups: list[Group]) -> list[Group]:
        time_ns, here = groups[0].time_ns, {group.key: group for group in groups}
        after: dict[str, set[str]] = {key: set() for key in here}
        before = dict.fromkeys(here, 0)
        wallets = sorted({row.wallet for group in groups for row in group.rows})
        for wallet in wallets:
            keys = [self._group_of[row.ledger_id].key for row in self._chains[wallet].at(time_ns)]
            keys = [key for key in keys if key in here]
            for first, second in pairwise(keys):
                if first != second and second not in after[first]:
                    after[first].add(second)
                    before[second] += 1
        return [here[key] for key in topological(after, before, here)]


def topological(
    after: dict[str, set[str]], before: dict[str, int], groups: dict[str, Group]
) -> list[str]:
    """Keys so that none comes before one it follows; else by ledger id.

    Where they follow each other in a circle, the smallest ledger id comes first.
    """
    ready = [(groups[key].first_id, key) for key, count in before.items() if not count]
    heapq.heapify(ready)
    left, order = set(groups), list[str]()
    while left:
        key = (
            heapq.heappop(ready)[1]
            if ready
            else min(left, key=lambda key: (groups[key].first_id, key))
        )
        if key not in left:
            continue
        left.remove(key)
        order.append(key)
        for follower in after[key]:
            before[follower] -= 1
            if not before[follower] and follower in left:
                heapq.heappush(ready, (groups[follower].first_id, follower))
    return order
