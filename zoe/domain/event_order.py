"""The order of events of one time: as their rows follow each other in the wallets."""

import heapq

from zoe.domain.lot_outcome import Group


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
