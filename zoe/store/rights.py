"""As whom PostgreSQL runs: as whoever we are, or, since it refuses root, as a user of its own."""

import os
import pwd
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from zoe.domain.errors import ConfigError

#: As root: a user id that nobody else has; a live process of the same id would block a start.
OWN_UID: Final = 780_065


@attrs.frozen
class Rights:
    """The user a program runs as.

    Attributes:
        uid: -1 is whoever we are.
        search: Whether it may read what is closed to it: a directory above its own is.
    """

    uid: int = -1
    gid: int = -1
    search: bool = False

    def command(self, mode: str, program: Sequence[str]) -> list[str]:
        """The command line that runs ``program`` with these rights (keeper.py)."""
        keeper = str(Path(__file__).with_name("keeper.py"))
        drop = [str(self.uid), str(self.gid), "1" if self.search else "0"]
        return [sys.executable, "-I", "-S", keeper, mode, *drop, *program]

    def own(self, place: Path) -> None:
        """Hands a place over, with all that is in it; never follows a link."""
        if self.uid < 0:
            return
        os.chown(place, self.uid, self.gid, follow_symlinks=False)
        for folder, folders, files in os.walk(place):
            for name in (*folders, *files):
                os.chown(Path(folder) / name, self.uid, self.gid, follow_symlinks=False)

    def own_directory(self, directory: Path) -> None:
        """Makes a directory that is closed to all others.

        Raises:
            ConfigError: Somebody else made it first.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), self.uid):
            raise ConfigError(f"{directory} belongs to somebody else: remove it")
        if self.uid >= 0:
            os.chown(directory, self.uid, self.gid, follow_symlinks=False)
        directory.chmod(0o700)

    def for_initdb(self) -> "Rights":
        """The rights for ``initdb``, which wants a user who has a name; the data is handed over
        later."""
        if self.uid < 0:
            return self
        for entry in sorted(pwd.getpwall(), key=lambda e: e.pw_uid):
            if 0 < entry.pw_uid < 1000:
                return attrs.evolve(self, uid=entry.pw_uid, gid=entry.pw_gid)
        raise ConfigError("no system account to create a database with: set DATABASE_URL")


def rights_for(data: Path, *places: Path) -> Rights:
    """The rights of a server with that data directory, which may be still to come.

    Args:
        places: What else it must be able to enter.
    """
    if os.geteuid() != 0:
        return Rights()
    search = any(_closed_to_others(place) for place in (data, *places))
    if data.exists() and data.stat().st_uid:
        # Made by a person's desk, now run by root: PostgreSQL insists on the owner.
        return Rights(data.stat().st_uid, data.stat().st_gid, search)
    return Rights(OWN_UID, OWN_UID, search)


def _closed_to_others(place: Path) -> bool:
    """Whether some directory above ``place`` may not be entered by just anybody."""
    return any(
        above.exists() and not above.stat().st_mode & stat.S_IXOTH for above in place.parents
    )
