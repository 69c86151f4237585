"""New accounts and keys."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Final

from zoe.sandbox.core.accounts import DEFAULT_PERMISSIONS, Account, ApiKey
from zoe.sandbox.core.engine import Engine
from zoe.sandbox.core.settlement import Leg
from zoe.sandbox.core.world import World

_KEY_BYTES: Final = 42
_SECRET_BYTES: Final = 64


def open_account(
    world: World,
    engine: Engine,
    balances: Mapping[str, int],
    tier: str,
    permissions: Iterable[str] = DEFAULT_PERMISSIONS,
) -> ApiKey:
    """A new account with deposits and a key.

    Args:
        balances: Amounts in the assets' units, by symbol.
    """
    accounts = world.accounts
    name = f"AA{len(accounts.by_name) + 1:06d}"
    account = accounts.by_name[name] = Account(name, tier)
    number = len(accounts.keys) + 1
    key = ApiKey(
        b64encode(world.ids.digest("key", number, size=_KEY_BYTES)).decode(),
        b64encode(world.ids.digest("secret", number, size=_SECRET_BYTES)).decode(),
        name,
        frozenset(permissions),
    )
    accounts.keys[key.key] = key
    world.journal.write("account", world.now_ns, account=name, tier=tier)
    world.journal.write(
        "key",
        world.now_ns,
        account=name,
        key=key.key,
        secret=key.secret,
        permissions=sorted(key.permissions),
    )
    for asset, amount in balances.items():
        engine.credit(account, Leg(asset, amount, 0), "deposit", world.ids.new("D"))
    return key
