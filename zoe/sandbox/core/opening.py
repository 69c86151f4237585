"""New accounts and keys."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Final

import attrs

from zoe.sandbox.core.accounts import DEFAULT_PERMISSIONS, Account, ApiKey
from zoe.sandbox.core.clearing import Clearing
from zoe.sandbox.core.settlement import Leg
from zoe.sandbox.core.world import World

_KEY_BYTES: Final = 42
_SECRET_BYTES: Final = 64


@attrs.frozen
class Grant:
    """What a new account and its key may; ``limits`` as config.LIMITS."""

    tier: str
    permissions: frozenset[str] = DEFAULT_PERMISSIONS
    limits: str = "both"
    nonce_window: int = 0


def open_account(
    world: World, clearing: Clearing, balances: Mapping[str, int], grant: Grant
) -> ApiKey:
    """A new account with deposits and a key.

    Args:
        balances: Amounts in the assets' units, by symbol.
    """
    accounts = world.accounts
    name = f"AA{len(accounts.by_name) + 1:06d}"
    account = accounts.by_name[name] = Account(name, grant.tier, limits=grant.limits)
    world.journal.write("account", world.now_ns, account=name, tier=grant.tier, limits=grant.limits)
    key = give_key(world, name, grant)
    for asset, amount in balances.items():
        clearing.credit(account, Leg(asset, amount, 0), "deposit", world.ids.new("D"))
    return key


def give_key(world: World, name: str, grant: Grant) -> ApiKey:
    """Another key for an account: of the grant, what keys have."""
    accounts = world.accounts
    number = len(accounts.keys) + 1
    key = ApiKey(
        b64encode(world.ids.digest("key", number, size=_KEY_BYTES)).decode(),
        b64encode(world.ids.digest("secret", number, size=_SECRET_BYTES)).decode(),
        name,
        grant.permissions,
        nonce_window=grant.nonce_window,
    )
    accounts.keys[key.key] = key
    world.journal.write(
        "key",
        world.now_ns,
        account=name,
        key=key.key,
        secret=key.secret,
        permissions=sorted(key.permissions),
        nonce_window=key.nonce_window,
    )
    return key
