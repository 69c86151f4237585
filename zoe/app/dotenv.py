"""The ``.env`` file: variables that are kept beside the desk, secrets among them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from zoe.domain.errors import ConfigError

SECRETS: Final = (
    *("KRAKEN_API_KEY", "KRAKEN_API_SECRET", "DATABASE_URL"),
    *("RH_CRYPTO_API_KEY", "RH_CRYPTO_PRIVATE_KEY_SEED"),
)
_ROOT: Final = Path(__file__).resolve().parents[2]


def over(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, and what it lacks from ``.env``; raises as ``read``."""
    return dict(read()) | dict(environ)


def read(path: Path | None = None) -> Mapping[str, str]:
    """The variables of ``.env``: in the working directory, else in the project's.

    Raises:
        ConfigError: It holds a secret and others may read it, or a line is not ``NAME=value``.
    """
    # Relative, for a working directory may be gone: then it has none.
    candidates = (Path(".env"), _ROOT / ".env") if path is None else (path,)
    for candidate in candidates:
        if candidate.is_file():
            return _parse(candidate)
    return {}


def _parse(path: Path) -> Mapping[str, str]:
    found: dict[str, str] = {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path} cannot be read: {type(problem).__name__}") from problem
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip().removeprefix("export ").strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        if not equals or not name.strip().isidentifier():
            raise ConfigError(f"{path} line {number} is not NAME=value")
        found[name.strip()] = value.strip().strip("'\"")
    if any(found.get(name) for name in SECRETS) and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} holds secrets and others may read it: chmod 600 {path}")
    return found
