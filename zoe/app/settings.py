"""Settings: flag over environment over file over default, each value with where it came from.

The file is TOML (``conf/zoe.toml``, or another by ``--config``). A key that nobody knows is an
error with the nearest known one. Secrets come by the environment or ``.env`` only, and are in no
repr and in no row of the ``config`` table.
"""

import difflib
import hashlib
import os
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, get_type_hints
from urllib.parse import urlsplit

import attrs

from zoe.actors.repositioner import RepegConfig
from zoe.app import cpu_latency, dotenv, setting_values, strategy_settings, url_password
from zoe.app.logs import LogSettings
from zoe.app.strategy_settings import (
    EDGE,
    KEEPER,
    PARAMS,
    SWITCHES,
    TRADER,
    EngineSettings,
    StrategySettings,
)
from zoe.domain import loopback
from zoe.domain.bounds import one_of, within
from zoe.domain.errors import ConfigError
from zoe.domain.focus import FocusConfig
from zoe.domain.ratelimit import TIERS
from zoe.domain.risk import Limits
from zoe.domain.scan import ScanConfig

ROOT: Final = Path(__file__).resolve().parents[2]
DEFAULT_FILE: Final = ROOT / "conf" / "zoe.toml"
EXCHANGES: Final = ("sandbox", "kraken", "robinhood")
_KRAKEN: Final = {
    "rest_url": "https://api.kraken.com",
    "ws_url": "wss://ws.kraken.com/v2",
    "ws_auth_url": "wss://ws-auth.kraken.com/v2",
}
#: Of the file: a hundred times what anybody writes.
_MOST_BYTES: Final = 1_000_000
#: Exchanges' lists are minutes old at the very most.
_MOST_LAG_MS: Final = 600_000
_SCHEMES: Final = (("https", "http"), ("wss", "ws"), ("wss", "ws"))
#: Of a Unix socket's path, its closing NUL included.
_LONGEST_SOCKET: Final = 107


@attrs.frozen
class ExchangeSettings:
    """The ``[exchange]`` section.

    Attributes:
        name: sandbox, kraken or robinhood; ``EXCHANGE``.
        rest_url: Empty for the exchange's own; ``KRAKEN_REST_URL`` and so on.
        tier: Of the account: starter, intermediate or pro. Sets both rate limits.
        lag_ms: How far the exchange's lists may lag behind its engine.
        reserve: Points of each pair's engine counter that are kept free for cancels.
    """

    name: str = attrs.field(default="sandbox", validator=one_of(*EXCHANGES))
    rest_url: str = ""
    ws_url: str = ""
    ws_auth_url: str = ""
    tier: str = attrs.field(default="starter", validator=one_of(*TIERS))
    lag_ms: int = attrs.field(default=3_000, validator=within(0, _MOST_LAG_MS))
    reserve: int = attrs.field(default=20, validator=within(0, 180))


@attrs.frozen
class DeskSettings:
    """The ``[desk]`` section.

    Attributes:
        dead_man: Keep the exchange's dead-man's switch: if the desk falls silent for a minute, the
            exchange cancels every order of the account, those placed by hand too.
        on_stop: ``cancel`` or ``keep`` the working orders at an orderly stop.
        focus: Pairs watched in full depth, beside those of the strategies.
        pin_cpu: Keep the process on this processor; -1 for any.
        huge_pages: Keep what the process remembers in pages of 2 MiB, where the kernel has them.
        cpu_latency_us: How long a processor may take to wake up, in microseconds; -1 for any time.
        views_days: So long what strategies saw is kept beside their decisions.
    """

    dead_man: bool = True
    on_stop: str = attrs.field(default="cancel", validator=one_of("cancel", "keep"))
    focus: tuple[str, ...] = ("BTC/USD", "ETH/USD")
    pin_cpu: int = attrs.field(default=-1, validator=within(-1, (os.cpu_count() or 1) - 1))
    huge_pages: bool = True
    cpu_latency_us: int = attrs.field(
        default=cpu_latency.ANY, validator=within(cpu_latency.ANY, cpu_latency.MOST_US)
    )
    views_days: int = attrs.field(default=30, validator=within(1, 3_650))


@attrs.frozen
class SandboxSettings:
    """The ``[sandbox]`` section, for a sandbox that the desk brings with it.

    Attributes:
        market: As of ``zoe sandbox --market``.
        pairs: As of ``--pairs``; empty for the well-known ones.
    """

    market: str = "synthetic"
    pairs: str = ""


@attrs.frozen
class Settings:
    """Everything a desk is told.

    Attributes:
        shown: Key to (value, source), for the ``config`` table; without secrets.
    """

    state_dir: Path
    exchange: ExchangeSettings
    desk: DeskSettings
    risk: Limits
    repeg: RepegConfig
    log: LogSettings
    scout: ScanConfig
    focus: FocusConfig
    sandbox: SandboxSettings
    quote_keeper: StrategySettings
    edge_factory: EngineSettings
    crypto_trader: EngineSettings
    api_key: str = attrs.field(default="", repr=False)
    api_secret: str = attrs.field(default="", repr=False)
    database_url: str = attrs.field(default="", repr=False)
    robinhood_seed: str = attrs.field(default="", repr=False)
    shown: Mapping[str, tuple[str, str]] = attrs.field(factory=dict, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no line of a log, whether this desk uses it or not."""
        password = url_password.spellings(self.database_url)
        return self.api_secret, self.database_url, *password, self.robinhood_seed

    @property
    def log_dir(self) -> Path:
        """Where the log files are."""
        return self.state_dir / "log"

    @property
    def log_path(self) -> Path:
        """The log that is being written."""
        return self.log_dir / "zoe.jsonl"

    @property
    def door_path(self) -> Path:
        """The control socket; elsewhere when its path would be too long for one."""
        wanted = self.state_dir / "desk.sock"
        if len(os.fsencode(wanted)) <= _LONGEST_SOCKET:
            return wanted
        runtime = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"
        name = f"zoe-{os.geteuid()}-{hash_of(str(self.state_dir))}.sock"
        return Path(runtime) / name

    @property
    def own_sandbox(self) -> bool:
        """Whether the desk brings its exchange with it."""
        where = self.exchange
        return where.name == "sandbox" and not (where.rest_url or where.ws_url or where.ws_auth_url)

    @property
    def addresses(self) -> tuple[str, str, str]:
        """REST, public socket and private socket; empty ones where the sandbox is our own."""
        if self.own_sandbox:
            return ("", "", "")
        rest, ws, ws_auth = (getattr(self.exchange, name) or url for name, url in _KRAKEN.items())
        return rest, ws, ws_auth

    @property
    def is_live(self) -> bool:
        """Whether real money may be at stake: an address that is not on this machine."""
        return not self.own_sandbox and not all(map(is_loopback, self.addresses))


def hash_of(text: str) -> str:
    """Sixteen hexadecimal digits that stand for ``text`` in a name."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_loopback(url: str) -> bool:
    """Whether ``url`` leads to this machine."""
    return loopback.is_loopback(urlsplit(url).hostname or "")


def state_dir(environ: Mapping[str, str]) -> Path:
    """Where the desk keeps its data: ``ZOE_STATE_DIR``, or a place of this user's.

    Raises:
        ConfigError: It would be below the home of a user that has none, or the working directory
            is gone, or its name is no text.
    """
    named = environ.get("ZOE_STATE_DIR")
    if not named:
        named = "/var/lib/zoe" if os.geteuid() == 0 else "~/.local/state/zoe"
    try:
        found = Path(named).expanduser().absolute()
        str(found).encode()
    except (RuntimeError, OSError, UnicodeEncodeError) as problem:
        raise ConfigError(
            f"ZOE_STATE_DIR must name a directory: of {named}, {problem}"
        ) from problem
    return found


def load(config: Path | None, flags: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
    """The settings in force.

    Args:
        config: The file; None for ``conf/zoe.toml`` where it exists.
        flags: Dotted keys of the file to the text that a flag gave.
        environ: The process's environment; ``.env`` fills what it lacks.

    Raises:
        ConfigError: One line that says what is wrong and where.
    """
    surroundings = dotenv.over(environ)
    path = DEFAULT_FILE if config is None else config
    values = _flatten(_read_file(config), str(path))
    for key, name in _ENVIRONMENT.items():
        if surroundings.get(name):
            values[key] = (surroundings[name], name)
    values |= {key: (text, "flag") for key, text in flags.items()}
    _refuse_unknown(values)
    sections = {name: _section(name, kind, values) for name, kind in _SECTIONS.items()}
    switches = {name: _section(name, kind, values) for name, kind in SWITCHES.items()}
    settings = Settings(
        state_dir=state_dir(surroundings),
        exchange=sections["exchange"],
        desk=sections["desk"],
        risk=sections["risk"],
        repeg=sections["repeg"],
        log=sections["log"],
        scout=sections["scout"],
        focus=sections["focus"],
        sandbox=sections["sandbox"],
        **_strategies(sections, switches),
        api_key=surroundings.get("KRAKEN_API_KEY", ""),
        api_secret=surroundings.get("KRAKEN_API_SECRET", ""),
        database_url=surroundings.get("DATABASE_URL", ""),
        robinhood_seed=surroundings.get("RH_CRYPTO_PRIVATE_KEY_SEED", ""),
    )
    _check(settings, values)
    shown = {"state_dir": (str(settings.state_dir), "environment")}
    shown |= _shown([*sections.items(), *switches.items()], values, str(path))
    return attrs.evolve(settings, shown=shown)


_ENVIRONMENT: Final = {
    "exchange.name": "EXCHANGE",
    "exchange.rest_url": "KRAKEN_REST_URL",
    "exchange.ws_url": "KRAKEN_WS_URL",
    "exchange.ws_auth_url": "KRAKEN_WS_AUTH_URL",
}
_SECTIONS: Final[dict[str, type]] = {
    "exchange": ExchangeSettings,
    "desk": DeskSettings,
    "risk": Limits,
    "repeg": RepegConfig,
    "log": LogSettings,
    "scout": ScanConfig,
    "focus": FocusConfig,
    "sandbox": SandboxSettings,
    **PARAMS,
}

Values = dict[str, tuple[Any, str]]


def _read_file(config: Path | None) -> Mapping[str, Any]:
    path = DEFAULT_FILE if config is None else config
    if config is None and not path.exists():
        return {}
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ConfigError(f"configuration {path}: more than {_MOST_BYTES} bytes")
        # Editors of other systems begin with a mark. Numbers with a point stay exact.
        return tomllib.loads(content.decode("utf-8-sig"), parse_float=Decimal)
    except OSError as problem:
        raise ConfigError(f"configuration {path}: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:
        raise ConfigError(f"configuration {path}: {problem}") from problem


def _flatten(tables: Mapping[str, Any], source: str, prefix: str = "") -> Values:
    flat: Values = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, source, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = (value, source)
    return flat


def known_keys() -> tuple[str, ...]:
    """Every key that a configuration may hold, dotted."""
    kinds = (*_SECTIONS.items(), *SWITCHES.items())
    return tuple(f"{name}.{field}" for name, kind in kinds for field in get_type_hints(kind))


def _refuse_unknown(values: Values) -> None:
    known = known_keys()
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"configuration: unknown key {key} ({values[key][1]}){hint}")


def _section(name: str, kind: type, values: Values) -> Any:
    given: dict[str, Any] = {}
    for field, wanted in get_type_hints(kind).items():
        key = f"{name}.{field}"
        if key in values:
            value, source = values[key]
            given[field] = setting_values.convert(key, wanted, value, source)
    try:
        return kind(**given)
    except (ValueError, TypeError, ConfigError) as problem:
        text = str(problem)
        where = _sources(name, text, values)
        raise ConfigError(f"configuration: [{name}] {text}{where}") from problem


def _sources(name: str, text: str, values: Values) -> str:
    """Where the settings come from that a text about a section names, in brackets."""
    named = (f"{name}.{word}" for word in text.split())
    found = dict.fromkeys(values[key][1] for key in named if key in values)
    return f" ({', '.join(found)})" if found else ""


def _strategies(sections: Mapping[str, Any], switches: Mapping[str, Any]) -> dict[str, Any]:
    """The strategies' settings, each of its two sections."""
    needs = {"scout": sections["scout"].enabled, "dead_man": sections["desk"].dead_man}
    trader = (switches[TRADER], sections[TRADER], needs)
    return {
        "quote_keeper": strategy_settings.keeper(switches[KEEPER], sections[KEEPER]),
        "edge_factory": strategy_settings.edge_factory(switches[EDGE], sections[EDGE]),
        "crypto_trader": strategy_settings.crypto_trader(*trader),
    }


def _check(settings: Settings, values: Values) -> None:
    addresses = dict(zip(_KRAKEN, settings.addresses, strict=True))
    for (name, address), schemes in zip(addresses.items(), _SCHEMES, strict=True):
        if address:
            key = f"exchange.{name}"
            _check_address(f"{key} ({values.get(key, ('', 'default'))[1]})", address, schemes)
    local = [is_loopback(address) for address in addresses.values() if address]
    if any(local) and not all(local):
        raise ConfigError(
            "the exchange's addresses mix this machine and others: "
            "set KRAKEN_REST_URL, KRAKEN_WS_URL and KRAKEN_WS_AUTH_URL together"
        )


def _check_address(key: str, address: str, schemes: tuple[str, str]) -> None:
    closed, plain = schemes
    try:
        parts = urlsplit(address)
        fits = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an end, a port that is none
        fits = False
    if not fits:
        raise ConfigError(
            f"configuration: {key}: {address} is not an address of an exchange: {closed}://…"
        )
    if parts.scheme == plain and not is_loopback(address):
        # Whoever listens on the way would have the key, and could answer for the exchange.
        raise ConfigError(
            f"configuration: {key}: {address} is not encrypted: {closed}:// is needed"
        )


def _shown(
    parts: Sequence[tuple[str, Any]], values: Values, file: str
) -> dict[str, tuple[str, str]]:
    shown: dict[str, tuple[str, str]] = {}
    for name, part in parts:
        for field in get_type_hints(type(part)):
            key = f"{name}.{field}"
            source = values.get(key, ("", "default"))[1]
            shown[key] = (str(getattr(part, field)), "file" if source == file else source)
    return shown
