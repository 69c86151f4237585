"""What a person says of rows in the store: ``zoe ledger declare``, ``rule`` and ``accept``.

Each is kept for ever with its reason, and the books are corrected by it at once; a running desk
reads them again before it books anything else.
"""

import time
from argparse import Namespace
from typing import Any, Final

from zoe.app import logs, stored_books
from zoe.cli import configured, show
from zoe.cli.progress import Progress
from zoe.domain.declarations import Declaration, What
from zoe.domain.errors import ConfigError
from zoe.domain.ledger import Ruling
from zoe.domain.ledger_audit import state_hash
from zoe.domain.ledger_row import Kind, LedgerRow, text_of, units_of_text

CONTENTS: Final = (
    *("number", "time", "type", "subtype", "wallet", "amount", "fee", "balance", "refid"),
)

Row = dict[str, Any]


def declare(arguments: Namespace) -> int:
    """What was paid for a deposit."""
    try:
        paid = units_of_text(arguments.usd)
    except ValueError as problem:
        raise ConfigError(f"USD: {problem}") from problem
    if paid < 0:
        raise ConfigError(f"nobody pays {arguments.usd} USD")
    return _declare(arguments, [_said(arguments, arguments.ledger_id, What.BASIS, usd=paid)])


def rule(arguments: Namespace) -> int:
    """What rows are that cannot be told from them; together they are one event."""
    for name in arguments.ledger_ids:
        _refuse_slash(name)
    group = arguments.group or arguments.ledger_ids[0]
    ruling = Ruling(Kind(arguments.kind), group)
    names = dict.fromkeys(arguments.ledger_ids)
    return _declare(
        arguments, [_said(arguments, name, What.RULING, ruling=ruling) for name in names]
    )


def accept(arguments: Namespace) -> int:
    """Which of the contents is right that came under one id; without a number, lists them."""
    _refuse_slash(arguments.ledger_id)
    settings = configured.load(arguments)
    logs.silence()
    told = stored_books.contents(settings, arguments.account, arguments.ledger_id)
    if not told:
        raise ConfigError(f"no row has the id {arguments.ledger_id}")
    if arguments.number is None:
        rows = [_content(number, row) for number, row in enumerate(told, 1)]
        show.document(rows) if arguments.json else show.table(CONTENTS, rows)
        return 0
    if arguments.number > len(told):
        raise ConfigError(f"{arguments.ledger_id} came with {len(told)} contents")
    right = told[arguments.number - 1]
    said = {"sha256": right.sha256, "time_ns": right.time_ns}
    return _declare(arguments, [_said(arguments, right.ledger_id, What.CONTENT, **said)])


def _refuse_slash(name: str) -> None:
    if "/" in name:
        raise ConfigError(f"{name} is no id of a ledger row")


def _said(arguments: Namespace, ledger_id: str, what: What, **said: Any) -> Declaration:
    return Declaration(ledger_id, what, arguments.why, time.time_ns(), **said)


def _declare(arguments: Namespace, said: list[Declaration]) -> int:
    settings = configured.load(arguments)
    logs.silence()
    with Progress() as watched:
        keeping = stored_books.declare(settings, arguments.account, said, watched)
    told = {
        "declared": [one.ledger_id for one in said],
        "what": said[0].what.value,
        "state_hash": state_hash(keeping.books),
    }
    show.document(told) if arguments.json else show.facts(told)
    return 0


def _content(number: int, row: LedgerRow) -> Row:
    return {
        "number": number,
        "time": show.moment(row.time_ns),
        "type": row.type,
        "subtype": row.subtype,
        "wallet": row.wallet,
        "amount": text_of(row.amount),
        "fee": text_of(row.fee),
        "balance": text_of(row.balance),
        "refid": row.refid,
    }
