"""One desk a state directory, one desk an account: lock files that end with their process."""

import fcntl
import os
import re
import secrets
import stat
from pathlib import Path
from typing import IO, Final

from zoe.domain.errors import ConfigError, ZoeError

_IDENTITY: Final = re.compile(rb"[0-9a-f]{32}\n?")
_OURS_ALONE: Final = 0o600


class AnotherDesk(ZoeError):
    """Another desk has this state directory or this account; exit code 6."""


def claim(path: Path, what: str) -> IO[str]:
    """The open lock file; the claim lasts until it is closed or the process ends.

    Raises:
        AnotherDesk: Somebody has it.
        ConfigError: The place cannot be used.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = path.open("a+")
        # Whoever may read it may lock it, and the state directory is everybody's to pass through.
        os.fchmod(lock.fileno(), _OURS_ALONE)
    except OSError as problem:
        raise ConfigError(f"the lock of {what}, {path}: {problem.strerror}") from problem
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read(20).strip()
        lock.close()
        raise AnotherDesk(f"another desk (process {holder or 'unknown'}) holds {what}") from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def account_file(account: str, port: int | None = None) -> Path:
    """Where this user's claim on an account is, whatever the state directory.

    Args:
        port: Of an exchange on this machine: sandboxes of one seed have accounts of one name, which have
            nothing in common.

    Raises:
        ConfigError: This user has no home.
    """
    try:
        place = Path.home() / ".local" / "state" / "zoe" / "accounts"
    except RuntimeError as problem:
        raise ConfigError(f"HOME must name a directory: {problem}") from problem
    name = account.replace(":", "-")
    if port is not None:
        name += f"-{port}"
    return place / f"{name}.lock"


def identity(state_dir: Path) -> str:
    """The desk's own name, made at first use; it outlives the database beside it.

    Raises:
        ConfigError: It cannot be kept, or what is there is none: under a new one the desk would take
            its own orders for another desk's.
    """
    path = state_dir / "desk.id"
    try:
        if not path.exists():
            _write_durably(path, secrets.token_hex(16) + "\n")
        found = path.read_bytes()
    except OSError as problem:
        raise ConfigError(f"{path}: {problem.strerror}") from problem
    if not _IDENTITY.fullmatch(found):
        raise ConfigError(f"{path} is damaged: bring back a copy, or remove it with no order open")
    return found.decode().strip()


def _write_durably(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        os.fchmod(file.fileno(), _OURS_ALONE)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def prepare(state_dir: Path) -> None:
    """Makes the state directory; its user's alone to write, everybody's to pass through.

    Raises:
        ConfigError: It cannot be made or written, with the reason in one line.
    """
    try:
        state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        mode = state_dir.stat().st_mode
        if mode & stat.S_IWOTH:
            raise ConfigError(f"state directory {state_dir} can be written by everybody")
        probe = state_dir / ".probe"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()
    except OSError as problem:
        raise ConfigError(f"state directory {state_dir}: {problem.strerror}") from problem
