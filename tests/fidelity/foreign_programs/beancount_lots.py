"""FIFO lots by beancount: input and output are those of ``rp2_lots``, without gains.

Each lot has a label of its own, or beancount would merge those of one price and date.
"""

import json
import sys
import time
from importlib import import_module
from typing import Any

HEAD = 'option "booking_method" "FIFO"\n2020-01-01 open Assets:Lots\n2020-01-01 open Equity:Rest\n'


def currency(number: int) -> str:
    """A name that beancount takes for a currency."""
    return f"ASSET{chr(ord('A') + number)}"


def text_of(moves: list[list[Any]], names: dict[str, str]) -> str:
    """The moves as a file of beancount's."""
    lines = [HEAD]
    for number, (direction, asset, quantity, worth) in enumerate(moves):
        lines.append(f'2020-01-02 * "{number}"\n')
        if direction == "in":
            cost = f'{{{{ {worth} USD, "{number}" }}}}'
            lines.append(f"  Assets:Lots  {quantity} {names[asset]} {cost}\n")
        else:
            lines.append(f"  Assets:Lots  -{quantity} {names[asset]} {{}}\n")
        lines.append("  Equity:Rest\n")
    return "".join(lines)


def main() -> None:
    """Reads moves, writes slices."""
    moves = json.load(sys.stdin)["moves"]
    names = {a: currency(n) for n, a in enumerate(sorted({move[1] for move in moves}))}
    assets = {name: asset for asset, name in names.items()}
    text = text_of(moves, names)
    parser, booking = (
        import_module("beancount.parser.parser"),
        import_module("beancount.parser.booking"),
    )
    began = time.process_time()
    entries, errors, options = parser.parse_string(text)
    booked, more = booking.book(entries, options)
    seconds = time.process_time() - began
    assert not errors and not more, (errors + more)[:3]
    numbers: dict[tuple[str, str], int] = {}
    counts: dict[tuple[str, str], int] = {}
    uses: dict[str, list[list[Any]]] = {asset: [] for asset in names}
    for entry in booked:
        direction, asset = (
            moves[int(entry.narration)][:2] if hasattr(entry, "narration") else ("", "")
        )
        if not direction:
            continue
        place = counts[direction, asset] = counts.get((direction, asset), -1) + 1
        if direction == "in":
            numbers[asset, entry.narration] = place
            continue
        for posting in entry.postings:
            if posting.account == "Assets:Lots":
                asset = assets[posting.units.currency]
                basis = -posting.units.number * posting.cost.number
                lot = numbers[asset, posting.cost.label]
                uses[asset].append([place, lot, str(-posting.units.number), str(basis), None])
    print(json.dumps({"uses": uses, "seconds": seconds}))


if __name__ == "__main__":
    main()
