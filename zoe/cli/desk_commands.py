"""Commands that a running desk answers: status and order."""

import uuid
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import msgspec

from zoe.app.door_client import Answer, Command, DoorClient, NoAnswer, ask
from zoe.cli import configured, rows, show
from zoe.domain.errors import ConfigError
from zoe.domain.ids import id_number, uuid_text
from zoe.domain.words import hint

#: Names to guess from where a pair is unknown; the desk's own pairs come first.
_WELL_KNOWN = ("BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD", "BTC/EUR", "ETH/EUR", "ETH/BTC")


def status(arguments: Namespace) -> int:
    """Shows how the desk is."""
    settings = configured.load(arguments)
    answer = ask(settings.door_path, Command("status", timeout_seconds=arguments.timeout))
    if arguments.json:
        show.document(document(answer))
    else:
        _show_status(answer.result or {})
        show_error(answer)
    return answer.exit


def place(arguments: Namespace) -> int:
    """Places an order, or prints the request that would."""
    _refuse_nonsense(arguments)
    settings = configured.load(arguments)
    if arguments.dry_run:
        from zoe.cli import dry_run

        return dry_run.show_request(arguments)
    answer = _keyed("order.place", _order_params(arguments), arguments)
    if answer.error is not None and answer.error.code == "UNKNOWN_PAIR":
        known = (*settings.desk.focus, *_WELL_KNOWN)
        show.note(f"{arguments.pair} is no pair{hint(arguments.pair, known)}")
    return show_answer(answer, arguments)


def amend(arguments: Namespace) -> int:
    """Changes an order, or prints the request that would."""
    if arguments.price is None and arguments.quantity is None:
        raise ConfigError("order amend: give --price, --quantity or both")
    _refuse_route(arguments, "amend")
    if arguments.dry_run:
        from zoe.cli import dry_run

        return dry_run.show_amend(arguments)
    params: dict[str, str | bool | None] = {
        "order": _order_name(arguments),
        "quantity": arguments.quantity,
        "limit_price": arguments.price,
    }
    return show_answer(_keyed("order.amend", params, arguments), arguments)


def _keyed(name: str, params: dict[str, str | bool | None], arguments: Namespace) -> Answer:
    """The answer to what is done once under its key, however often it is asked for."""
    settings = configured.load(arguments)
    key = arguments.key or str(uuid.uuid4())
    command = Command(name, params, key, arguments.timeout)
    with DoorClient(settings.door_path) as desk:
        if arguments.key is None:
            # Ahead of the request: whatever happens to the answer, the key is known.
            show.note(f"key {key}")
        try:
            answer = desk.ask(command)
        except NoAnswer as problem:
            raise NoAnswer(f"{problem}; ask again with --key {key}") from problem
    if arguments.json and arguments.key is None:
        return msgspec.structs.replace(answer, result={**(answer.result or {}), "key": key})
    return answer


def _order_name(arguments: Namespace) -> str:
    number = id_number(arguments.order)
    return str(arguments.order) if number is None else uuid_text(number)


def _refuse_route(arguments: Namespace, command: str) -> None:
    if arguments.route is not None and not arguments.dry_run:
        reason = "--route needs --dry-run; the desk chooses its own route"
        raise ConfigError(f"order {command}: {reason}")


def _refuse_nonsense(arguments: Namespace) -> None:
    if (arguments.quantity is None) == (arguments.notional is None):
        raise ConfigError("order place: give either a quantity or --notional")
    if arguments.limit is None:
        for name in ("post_only", "tif"):
            if getattr(arguments, name):
                raise ConfigError(f"order place: --{name.replace('_', '-')} needs --limit")
        if arguments.notional and (arguments.stop or arguments.take_profit) is None:
            raise ConfigError("order place: --notional needs --limit, --stop or --take-profit")
    _refuse_route(arguments, "place")
    if arguments.post_only and (arguments.stop or arguments.take_profit) is not None:
        raise ConfigError("order place: only a limit order can be --post-only")
    if arguments.post_only and arguments.tif in ("ioc", "fok"):
        raise ConfigError(f"order place: --post-only contradicts --tif {arguments.tif}")
    if arguments.stop is not None and arguments.take_profit is not None:
        raise ConfigError("order place: give either --stop or --take-profit")
    if (arguments.tif == "gtd") != (arguments.expires is not None):
        raise ConfigError("order place: --tif gtd and --expires need each other")


def _order_params(arguments: Namespace) -> dict[str, str | bool | None]:
    seldom = {
        "stop": arguments.stop,
        "take_profit": arguments.take_profit,
        "reduce_only": arguments.reduce_only or None,
        "expires": arguments.expires,
    }
    return {
        "side": arguments.side,
        "pair": arguments.pair,
        "quantity": arguments.quantity,
        "limit_price": arguments.limit,
        "notional": arguments.notional,
        "time_in_force": arguments.tif,
        "post_only": arguments.post_only,
        **{name: value for name, value in seldom.items() if value is not None},
    }


def cancel(arguments: Namespace) -> int:
    """Cancels an order, or prints the request that would."""
    _refuse_route(arguments, "cancel")
    if arguments.dry_run:
        from zoe.cli import dry_run

        return dry_run.show_cancel(arguments)
    params: dict[str, str | bool | None] = {"order": _order_name(arguments)}
    return show_answer(_keyed("order.cancel", params, arguments), arguments)


def simple(name: str, params: dict[str, str | bool | None], arguments: Namespace) -> int:
    """Asks the desk one thing under a key, and shows its answer."""
    settings = configured.load(arguments)
    key = getattr(arguments, "key", None) or str(uuid.uuid4())
    answer = ask(settings.door_path, Command(name, params, key, arguments.timeout))
    return show_answer(answer, arguments)


def show_answer(answer: Answer, arguments: Namespace) -> int:
    """Shows what the desk said, and returns its exit code."""
    if arguments.json:
        show.document(document(answer))
        return answer.exit
    result = dict(answer.result or {})
    open_orders = result.pop("open", None)
    show.facts({name: value for name, value in result.items() if value is not None})
    if open_orders:
        show.table(rows.ORDERS, map(rows.order, open_orders))
    show_error(answer)
    return answer.exit


def document(answer: Answer) -> dict[str, Any]:
    """An answer as one JSON document."""
    error = None
    if answer.error is not None:
        error = {"code": answer.error.code, "text": answer.error.text}
    return {**(answer.result or {}), "error": error}


def show_error(answer: Answer) -> None:
    """Says why an answer is no plain yes."""
    if answer.error is not None:
        show.note(": ".join(part for part in (answer.error.code, answer.error.text) if part))


def _show_status(result: dict[str, Any]) -> None:
    """Single values first, then a table for each list."""
    tables = {name: value for name, value in result.items() if _is_table(value)}
    single = {n: v for n, v in result.items() if n not in tables and v != []}
    show.facts(dict(_flat(single, "")))
    for name, found in tables.items():
        print(f"\n{name}")
        if name == "orders":
            show.table(rows.ORDERS, map(rows.order, found))
        elif name == "components":
            # Those that are actors stand in the table of actors.
            other = [row for row in found if not str(row.get("component")).startswith("actor/")]
            show.table(list(found[0]), other)
        else:
            show.table(list(dict.fromkeys(key for row in found for key in row)), found)


def _flat(values: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name} ")
        else:
            yield f"{before}{name}", value


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
