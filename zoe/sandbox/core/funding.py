"""Deposits, withdrawals and income, as the admin makes them happen (facts, 6.2 and 6.4)."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from zoe.sandbox.core.accounts import Account, Funding
from zoe.sandbox.core.catalog import Asset, Catalog
from zoe.sandbox.core.clearing import Clearing
from zoe.sandbox.core.money import from_signed_text, from_text, text
from zoe.sandbox.core.settlement import Leg
from zoe.sandbox.core.world import World

#: Types of ledger rows that the admin may make; those of trades come from the engine.
TYPES: Final = frozenset(
    {"deposit", "withdrawal", "transfer", "adjustment", "spend", "receive", "staking", "reward"}
    | {"dividend", "earn", "sale", "conversion", "credit", "settled", "rollover", "margin"}
    | {"nfttrade", "nftcreatorfee", "nftrebate", "custodytransfer"}
)
STATUSES: Final = {
    "deposit": ("Initial", "Pending", "EarlyConfirmed", "Settled", "Success", "Failure"),
    "withdrawal": ("Initial", "Pending", "Settled", "Success", "Failure"),
}
_CREDITED: Final = ("EarlyConfirmed", "Settled", "Success")
_FIELDS: Final = frozenset(
    {"account", "asset", "amount", "fee", "type", "subtype", "status", "status_prop"}
    | {"ref_id", "method"}
)


class Treasury:
    """Books what comes in and goes out."""

    def __init__(self, world: World, clearing: Clearing) -> None:
        self._world = world
        self._clearing = clearing

    def book(self, wanted: Mapping[str, Any]) -> dict[str, object]:
        """A new event, or one known by ``ref_id`` whose status changes.

        Raises:
            ValueError: It makes no sense, or the account has not that much.
        """
        unknown = set(wanted) - _FIELDS
        if unknown:
            raise ValueError(f"unknown: {' '.join(sorted(unknown))}")
        known = self._world.accounts.fundings.get(str(wanted.get("ref_id")))
        if known is not None:
            return self._proceed(known, wanted)
        account = self._world.accounts.by_name.get(str(wanted.get("account")))
        asset = self._world.catalog.asset(str(wanted.get("asset")))
        if account is None or asset is None:
            raise ValueError("account and asset must be known")
        kind = wanted.get("type", "deposit")
        if kind not in TYPES:
            raise ValueError("type is one of " + " ".join(sorted(TYPES)))
        amount = from_signed_text(str(wanted.get("amount", "")), asset.decimals)
        fee = from_text(str(wanted.get("fee", "0")), asset.decimals)
        if kind in STATUSES:
            return self._move(account, asset, kind, Leg(asset.symbol, abs(amount), fee), wanted)
        self._check(account, asset, amount - fee)
        ref_id = str(wanted.get("ref_id") or self._world.ids.new("F"))
        leg = Leg(asset.symbol, amount, fee)
        subtype = str(wanted.get("subtype", ""))
        ledger_id = self._clearing.credit(account, leg, kind, ref_id, subtype)
        if "ref_id" not in wanted:
            self._keep(Funding(account.name, ref_id, kind, asset.symbol, amount, fee))
        return {"ref_id": ref_id, "ledger_id": ledger_id}

    def _check(self, account: Account, asset: Asset, change: int) -> None:
        if account.available(asset.symbol) + change < 0:
            raise ValueError("the account has not that much")

    def _move(
        self, account: Account, asset: Asset, kind: str, moved: Leg, wanted: Mapping[str, Any]
    ) -> dict[str, object]:
        amount, fee = moved.amount, moved.fee
        status = _status(kind, wanted.get("status", "Success"))
        method = str(wanted.get("method", asset.altname))
        if kind == "withdrawal":
            self._check(account, asset, -amount - fee)
        elif amount < fee:
            raise ValueError("the fee is more than the amount")
        moving = Funding(
            account.name,
            str(wanted.get("ref_id") or self._world.ids.new("F")),
            kind,
            asset.symbol,
            amount,
            fee,
            method,
            "Initial",
            str(wanted.get("status_prop", "")),
            self._world.now_ns,
        )
        if kind == "withdrawal":
            self._pay(account, moving, 1)
        return self._set(account, moving, status)

    def _proceed(self, known: Funding, wanted: Mapping[str, Any]) -> dict[str, object]:
        if known.type not in STATUSES or known.is_final:
            raise ValueError("nothing of it can change")
        status = _status(known.type, wanted.get("status"))
        known = attrs.evolve(known, status_prop=str(wanted.get("status_prop", known.status_prop)))
        return self._set(self._world.accounts.by_name[known.account], known, status)

    def _set(self, account: Account, moving: Funding, status: str) -> dict[str, object]:
        """What a new status books: a deposit that arrives, a withdrawal that comes back."""
        booked = moving.type == "deposit" and moving.status in _CREDITED
        if status == "Failure" and booked:
            asset = self._world.catalog.assets[moving.asset]
            self._check(account, asset, moving.fee - moving.amount)
        if moving.type == "deposit" and status in _CREDITED and not booked:
            self._pay(account, moving, 1)
        elif status == "Failure" and (booked or moving.type == "withdrawal"):
            self._pay(account, moving, -1)
        self._keep(attrs.evolve(moving, status=status))
        return {"ref_id": moving.ref_id, "status": status}

    def _pay(self, account: Account, moving: Funding, sign: int) -> None:
        """Once, or back: the second entry has the opposite signs."""
        amount = moving.amount if moving.type == "deposit" else -moving.amount
        leg = Leg(moving.asset, sign * amount, sign * moving.fee)
        self._clearing.credit(account, leg, moving.type, moving.ref_id)

    def _keep(self, moving: Funding) -> None:
        self._world.accounts.fundings[moving.ref_id] = moving
        decimals = self._world.catalog.assets[moving.asset].decimals
        record = attrs.asdict(moving) | {
            "amount": text(moving.amount, decimals),
            "fee": text(moving.fee, decimals),
        }
        self._world.journal.write("funding", self._world.now_ns, **record)


def _status(kind: str, status: object) -> str:
    if status not in STATUSES[kind]:
        raise ValueError("status is one of " + " ".join(STATUSES[kind]))
    return str(status)


def funding_of(record: Mapping[str, Any], catalog: Catalog) -> Funding:
    """As the journal kept it."""
    decimals = catalog.assets[record["asset"]].decimals
    fields = {name: record[name] for name in attrs.fields_dict(Funding)}
    fields["amount"] = from_signed_text(record["amount"], decimals)
    fields["fee"] = from_text(record["fee"], decimals)
    return Funding(**fields)
