"""A program that runs a store and nothing else, for tests that kill it.

    store_program.py STATE_DIR [UID]

Prints one JSON line once the server is up: the processes, and how much of a processor it took. Ends, by an orderly
stop, when its standard input does.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from zoe.domain.errors import ConfigError
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.migrate import migrate, steps
from zoe.store.reading import server_at
from zoe.store.waiting import wait_until_up


def main(state: str, uid: str | None = None) -> int:
    """See the module."""
    if uid is not None:
        steps()  # loads what could not be loaded later
        os.setgroups([])
        os.setgid(int(uid))
        os.setuid(int(uid))
        # Ours may lie where only root may look.
        sys.executable = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    began = used()
    try:
        server = EmbeddedServer.start(Path(state))
    except ConfigError as problem:
        print(problem, file=sys.stderr)
        return 2
    database = Database(server_at(server.endpoint))
    wait_until_up(database, server)
    seconds = used() - began
    migrate(database)
    postmaster = int((Path(state) / "pg" / "data" / "postmaster.pid").read_text().split()[0])
    keeper = int(Path(f"/proc/{postmaster}/stat").read_text().rsplit(")", 1)[1].split()[1])
    up = {"desk": os.getpid(), "keeper": keeper, "postmaster": postmaster, "seconds": seconds}
    print(json.dumps(up), flush=True)
    sys.stdin.read()
    server.stop()
    return 0


def used() -> float:
    """Seconds of the processor, those of programs that have ended among them."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
