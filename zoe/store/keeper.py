"""Keeper: holds PostgreSQL by a life line, and runs programs as a user of lesser rights.

Run as a file by ``python -I -S``; it imports nothing but a few modules of the standard library, so
that it stays small. Its standard input is the life line: at end of file the desk is gone, however
it went, and so is PostgreSQL a moment later. Death signals alone do not do: they follow the thread
that started the child, and are cleared when the user changes.

    keeper.py run  UID GID SEARCH PROGRAM [ARG ...]    drops rights, becomes the program
    keeper.py keep UID GID SEARCH PROGRAM [ARG ...]    starts it, holds it, passes its exit code on

UID -1 changes nothing. SEARCH 1 lets the program enter directories that are closed to its user.
"""

import ctypes
import os
import select
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 4
_CAP_DAC_READ_SEARCH = 2
_CAP_VERSION_3 = 0x20080522
#: Fast, immediate, none too gently; with time to obey between them.
_TO_STOP = [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]
_SECONDS_TO_STOP = 3
_BLOCKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _drop(uid: int, gid: int, search: bool) -> None:
    """Becomes ``uid``; keeps no right but, where asked, that of entering directories."""
    if uid < 0:
        return
    libc = _libc()
    if search:
        # Without the fix-up access(2) honours capabilities too; all but one are dropped below.
        libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if search:
        bit = 1 << _CAP_DAC_READ_SEARCH
        header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
        data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        if libc.capset(header, data) or libc.prctl(
            _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0
        ):
            os.write(2, b"FATAL: a directory above the state directory is closed to others\n")
            os._exit(1)


def _become(uid: int, gid: int, search: bool, program: list[str], parent: int) -> None:
    os.setsid()
    _drop(uid, gid, search)
    # After the change of user, which would clear it; then the parent may be gone already.
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    for name in _BLOCKED:
        signal.signal(name, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)
    os.execv(program[0], program)


def _hold(child: int) -> int:
    """Waits for the child, or for the end of the life line; returns the child's exit status."""
    dead, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    orders = list(_TO_STOP)
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        waits = orders == _TO_STOP
        watched = [dead, 0] if waits else [dead]
        patience = _SECONDS_TO_STOP if orders and not waits else None
        ready, _, _ = select.select(watched, [], [], patience)
        if dead in ready:
            os.read(dead, 64)
        elif not ready or not os.read(0, 64):
            os.kill(child, orders.pop(0))


def main(arguments: list[str]) -> int:
    """See the module."""
    mode, uid, gid, search, *program = arguments
    rights = (int(uid), int(gid), search == "1")
    if mode == "run":
        _drop(*rights)
        os.execv(program[0], program)
    # None of them reaches the keeper. The child takes them again once it can obey: an order to
    # stop that comes before waits until then.
    signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _become(*rights, program, parent)
    status = _hold(child)
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
