"""Profits of the strategies split into their parts, of what the journal has of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.actors.strategist_marks import FOLLOWED, MARKED, MARKS
from zoe.domain.fair_marks import FairMark, FairMarks
from zoe.domain.order_record import fill_of
from zoe.domain.profit_split import Execution, Split, split
from zoe.domain.quantity import EXACT, plain

Row = Mapping[str, Any]
#: The rows of marks of an account's strategy.
MarksOf = Callable[[str, str], Iterable[Row]]
PARTS: Final = ("spread", "adverse", "inventory", "fees", "profit")


@attrs.frozen
class Profit:
    """One strategy's profit in one pair."""

    account: str
    strategy: str
    split: Split

    @property
    def currency(self) -> str:
        """The currency that profits are counted in."""
        return self.split.pair.partition("/")[2]


def profits(executions: Iterable[Row], marks_of: MarksOf) -> list[Profit]:
    """Each strategy's profit in each pair.

    Args:
        executions: Rows of executions, oldest first, with ``account_id`` and ``source``.
    """
    known: dict[tuple[str, str], FairMarks] = {}
    found: dict[tuple[str, str, str], list[Execution]] = {}
    for row in executions:
        account, strategy = row["account_id"], row["source"].partition("/")[2]
        who = account, strategy
        if who not in known:
            known[who] = FairMarks(_marks(marks_of(account, strategy)))
        one = _execution(row["body"], known[who])
        found.setdefault((account, strategy, one.pair), []).append(one)
    return [
        Profit(account, strategy, split(pair, each, known[account, strategy].newest(pair)))
        for (account, strategy, pair), each in sorted(found.items(), key=lambda item: item[0])
    ]


def _execution(body: Row, marks: FairMarks) -> Execution:
    fill = fill_of(body)
    name = fill.pair, fill.exec_id, fill.exchange_ns
    return Execution(
        pair=fill.pair,
        side=fill.side,
        price=fill.price.value,
        quantity=fill.quantity.value,
        cost=fill.cost,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        fair=marks.at(*name),
        followed=marks.after(*name),
    )


def _marks(rows: Iterable[Row]) -> Iterator[FairMark]:
    for row in rows:
        kind, body = row["kind"], row["body"]
        if kind in (MARKED, FOLLOWED):
            own = body["exec_id"], kind == FOLLOWED
            yield FairMark(body["pair"], int(body["at_ns"]), Decimal(body["fair"]), *own)
        elif kind == MARKS:
            for pair, fair in body["fair"].items():
                yield FairMark(pair, int(body["at_ns"]), Decimal(fair))
        else:
            yield from _mid(row["at_ns"], body["quote"])


def _mid(at_ns: int, quote: Row) -> Iterator[FairMark]:
    """The middle of a quote that a decision was made on."""
    if quote["live"] and quote["bid"] is not None and quote["ask"] is not None:
        both = EXACT.add(Decimal(quote["bid"]), Decimal(quote["ask"]))
        yield FairMark(quote["symbol"], at_ns, EXACT.divide(both, Decimal(2)))


def document(found: Iterable[Profit]) -> dict[str, Any]:
    """All of it with numbers as text, and the totals of each strategy and currency."""
    rows = list(found)
    return {"pairs": [_row(one) for one in rows], "totals": totals(rows)}


def _row(one: Profit) -> dict[str, Any]:
    parts = one.split
    return {
        "account": one.account,
        "strategy": one.strategy,
        "pair": parts.pair,
        "currency": one.currency,
        "executions": parts.executions,
        **{name: plain(getattr(parts, name)) for name in PARTS},
        "held": plain(parts.held),
        "mark": plain(parts.mark),
        "unmarked": parts.unmarked,
        "pending": parts.pending,
        "other_fees": {asset: plain(fee) for asset, fee in parts.other_fees},
    }


def totals(found: Iterable[Profit]) -> list[dict[str, Any]]:
    """The sums of each strategy in each currency."""
    sums: dict[tuple[str, str, str], list[Decimal]] = {}
    for one in found:
        name = one.account, one.strategy, one.currency
        before = sums.get(name, [Decimal(0)] * len(PARTS))
        parts = (getattr(one.split, part) for part in PARTS)
        sums[name] = [EXACT.add(a, b) for a, b in zip(before, parts, strict=True)]
    return [
        {
            "account": account,
            "strategy": strategy,
            "currency": currency,
            **dict(zip(PARTS, map(plain, values), strict=True)),
        }
        for (account, strategy, currency), values in sorted(sums.items())
    ]
