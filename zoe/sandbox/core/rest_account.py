"""The private REST calls about money: balances, ledger, volume, funding, the key (facts, 1.6)."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from zoe.sandbox.core import errors, history
from zoe.sandbox.core.accounts import TOKEN_SECONDS, Account, Funding
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.forms import Fields
from zoe.sandbox.core.intake_rest import TOKENIZED, rest_pair
from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.core.money import text
from zoe.sandbox.core.orders import LedgerRow
from zoe.sandbox.core.paging import TRUE, page, window_of
from zoe.sandbox.core.rest_orders import RestOrders, names
from zoe.sandbox.core.trading import Caller
from zoe.sandbox.core.volumes import CENT, tier_of
from zoe.sandbox.core.world import World
from zoe.sandbox.core.worth import worth

Params = Mapping[str, str]
MOST_LEDGERS: Final = 20
_TOKEN_BYTES: Final = 32
_PLACES: Final = 4
_PAGES: Final = {"deposit": 25, "withdrawal": 500}
#: As GetApiKeyInfo calls the permissions (facts, 1.3).
_PERMISSIONS: Final = {
    "deposit": "add-funds",
    "withdraw": "withdraw-funds",
    "query-open-orders": "query-open-trades",
    "query-closed-orders": "query-closed-trades",
    "modify-orders": "modify-trades",
    "cancel-orders": "close-trades",
    "export": "export-data",
}


class RestAccount:
    """Shows one account its money."""

    def __init__(self, world: World, orders: RestOrders) -> None:
        self._world = world
        self._orders = orders
        self._tokens = 0

    def balance(self, caller: Caller, params: Params) -> object:
        """Balance."""
        return history.balances(caller.account.balances, self._world.catalog)

    def balance_ex(self, caller: Caller, params: Params) -> object:
        """BalanceEx."""
        account, catalog = caller.account, self._world.catalog
        held = {asset: account.holds[asset] for asset in account.balances}
        holds = history.balances(held, catalog)
        kept = history.balances(account.balances, catalog)
        return {name: {"balance": kept[name], "hold_trade": holds[name]} for name in kept}

    def trade_balance(self, caller: Caller, params: Params) -> object:
        """TradeBalance; without margin, so that equity is what there is."""
        wanted = self._asset(params.get("asset", "ZUSD"))
        assets = self._world.catalog.assets
        total = sum(
            worth(self._world, name, Fraction(amount, pow(10, assets[name].decimals)), wanted)
            for name, amount in caller.account.balances.items()
        )
        shown, none = text(round(total * pow(10, _PLACES)), _PLACES), text(0, _PLACES)
        told = dict.fromkeys(("eb", "tb", "m", "n", "c", "v", "e", "mf", "uv"), none)
        return told | dict.fromkeys(("eb", "tb", "e", "mf"), shown)

    def ledgers(self, caller: Caller, params: Params) -> object:
        """Ledgers."""
        account, at_ns = caller.account, self._orders.as_of()
        window = window_of(params, account.ledger_times.get)
        wanted, kind = params.get("asset", "all"), params.get("type", "all")
        assets = None if wanted == "all" else {self._asset(one) for one in wanted.split(",")}
        found: Iterable[LedgerRow] = (
            row
            for row in reversed(account.ledger)
            if row.at_ns <= at_ns
            and window.has(row.at_ns)
            and (assets is None or row.asset in assets)
            and kind in ("all", row.type)
        )
        if params.get("aclass") == TOKENIZED:
            found = ()

        def shown(row: LedgerRow) -> tuple[str, object]:
            return row.ledger_id, self._shown(row)

        return page("ledger", params, found, shown)

    def query_ledgers(self, caller: Caller, params: Params) -> object:
        """QueryLedgers."""
        wanted, at_ns = set(names(params, "id", MOST_LEDGERS)), self._orders.as_of()
        rows = {
            row.ledger_id: self._shown(row)
            for row in reversed(caller.account.ledger)
            if row.ledger_id in wanted and row.at_ns <= at_ns
        }
        if not rows:
            raise invalid("id")
        return rows

    def _shown(self, row: LedgerRow) -> dict[str, object]:
        told = history.ledger_row(row, self._world.catalog)
        how = self._world.spoiled_rows.get(row.ledger_id)
        return told if how is None else history.spoiled(told, how)

    def _asset(self, name: str) -> str:
        asset = self._world.catalog.asset(name.strip())
        if asset is None:
            raise Refusal(errors.UNKNOWN_ASSET)
        return asset.symbol

    def trade_volume(self, caller: Caller, params: Fields) -> object:
        """TradeVolume."""
        cents = caller.account.volume.at(self._world.now_ns)
        told: dict[str, object] = {
            "currency": "ZUSD",
            "volume": text(cents * CENT, _PLACES),
            "fees": None,
            "fees_maker": None,
        }
        pairs = self._volume_pairs(params)
        for name, column in (("fees", 2), ("fees_maker", 1)) if pairs else ():
            told[name] = {pair.rest_id: _fee_row(pair, cents, column) for pair in pairs}
        if params.get("fee_schedule") in TRUE:
            told["schedules"] = {
                pair.rest_id: [
                    {"volume": str(row[0]), "maker": text(row[1], 2), "taker": text(row[2], 2)}
                    for row in pair.fees
                ]
                for pair in pairs
            }
        return told

    def _volume_pairs(self, params: Fields) -> list[Pair]:
        listed = params.lists.get("pair")
        wanted = params.get("pair", "").split(",") if listed is None else listed
        found = [one.get("asset", "") if isinstance(one, dict) else str(one) for one in wanted]
        return [rest_pair(self._world, {"pair": one.strip()}) for one in found if one]

    def deposits(self, caller: Caller, params: Params) -> object:
        """DepositStatus."""
        return self._moves(caller.account, params, "deposit")

    def withdrawals(self, caller: Caller, params: Params) -> object:
        """WithdrawStatus."""
        return self._moves(caller.account, params, "withdrawal")

    def _moves(self, account: Account, params: Params, kind: str) -> object:
        """Newest first; with a cursor a page and where the next begins."""
        window = window_of(params, lambda name: None)
        wanted = self._asset(params["asset"]) if params.get("asset") else None
        found = [
            moving
            for moving in self._all_moves(account, kind)
            if window.has(moving.asked_ns)
            and wanted in (None, moving.asset)
            and params.get("method") in (None, "", moving.method)
            and params.get("aclass") != TOKENIZED
        ]
        limit, cursor = params.get("limit", str(_PAGES[kind])), params.get("cursor", "false")
        if not (limit.isascii() and limit.isdigit()) or not int(limit[:9]):
            raise invalid("limit")
        first = _place_of(cursor, found)
        last = first + int(limit[:9])
        rows = [self._move_row(moving) for moving in found[first:last]]
        if cursor in ("false", "False", ""):
            return rows
        return {kind: rows, "next_cursor": found[last].ref_id if last < len(found) else None}

    def _all_moves(self, account: Account, kind: str) -> list[Funding]:
        known = self._world.accounts.fundings
        moves = [one for one in known.values() if one.account == account.name and one.type == kind]
        seen = {one.ref_id for one in moves}
        for row in account.ledger:
            if row.type == kind and row.ref_id not in seen:
                names_of = (row.account, row.ref_id, kind, row.asset, row.amount, row.fee)
                moves.append(Funding(*names_of, row.asset, asked_ns=row.at_ns))
        return sorted(moves, key=lambda moving: moving.asked_ns, reverse=True)

    def _move_row(self, moving: Funding) -> dict[str, object]:
        asset = self._world.catalog.assets[moving.asset]
        row: dict[str, object] = {
            "method": moving.method,
            "aclass": "currency",
            "asset": asset.rest_id,
            "refid": moving.ref_id,
            "txid": self._world.ids.digest("txid", moving.ref_id, size=32).hex(),
            "info": self._world.ids.digest("address", moving.ref_id, size=20).hex(),
            "amount": text(moving.amount, asset.decimals),
            "fee": text(moving.fee, asset.decimals),
            "time": moving.asked_ns // SECOND_NS,
            "status": moving.status,
        }
        if moving.status_prop:
            row["status-prop"] = moving.status_prop
        if moving.type == "deposit":
            return row | {"originators": []}
        return row | {"network": moving.method, "key": moving.method}

    def key_info(self, caller: Caller, params: Params) -> object:
        """GetApiKeyInfo."""
        key, none = caller.key, "0"
        return {
            "apiKeyName": key.account,
            "apiKey": key.key,
            "nonce": str(key.nonce),
            "nonceWindow": key.nonce_window,
            "permissions": sorted(_PERMISSIONS.get(one, one) for one in key.permissions),
            "iban": "",
            "validUntil": none,
            "queryFrom": none,
            "queryTo": none,
            "createdTime": none,
            "modifiedTime": none,
            "ipAllowlist": [],
            "lastUsed": str(self._world.now_ns // SECOND_NS),
        }

    def token(self, caller: Caller, params: Params) -> object:
        """GetWebSocketsToken."""
        self._tokens += 1
        world = self._world
        digest = world.ids.digest("token", world.now_ns, self._tokens, size=_TOKEN_BYTES)
        token = b64encode(digest).decode().rstrip("=")
        world.accounts.give_token(token, caller.key, world.now_ns)
        return {"token": token, "expires": TOKEN_SECONDS}


def _place_of(cursor: str, found: list[Funding]) -> int:
    """Where the page of a cursor begins.

    Raises:
        Refusal: It is neither a switch, which begins with the first, nor of one of these.
    """
    if cursor in ("false", "False", "true", "True", ""):
        return 0
    place = next((n for n, moving in enumerate(found) if moving.ref_id == cursor), None)
    if place is None:
        raise invalid("cursor")
    return place


def _fee_row(pair: Pair, cents: int, column: int) -> dict[str, object]:
    tier, rows = tier_of(pair, cents), pair.fees
    after = rows[tier + 1] if tier + 1 < len(rows) else None
    fees = [row[column] for row in rows]
    return {
        "fee": text(rows[tier][column] * CENT, _PLACES),
        "minfee": text(min(fees) * CENT, _PLACES),
        "maxfee": text(max(fees) * CENT, _PLACES),
        "nextfee": None if after is None else text(after[column] * CENT, _PLACES),
        "tiervolume": text(rows[tier][0] * 10**_PLACES, _PLACES),
        "nextvolume": None if after is None else text(after[0] * 10**_PLACES, _PLACES),
    }
