"""Runs commands of ``zoe``, each in a process forked from this one, which has read their modules.

A message on the socket whose number is the only argument is a command: JSON with its words,
environment and directory, and four descriptors, its three streams and a socket for the answer. The
answer is the process's number as soon as it is known, and its exit code. It ends with the socket.
"""

import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import sys
from typing import Any, Final, NoReturn

import zoe.cli
from zoe.cli.main import main

#: What handlers import when they are called.
LATE: Final = ("zoe.app.doctor", "zoe.app.door_client", "zoe.store.embedded", "zoe.store.reading")
MOST_BYTES: Final = 1 << 20


def wanted(control: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next command, in a process of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    while True:
        said, descriptors, _, _ = socket.recv_fds(control, MOST_BYTES, 4)
        if not said:
            sys.exit()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            *streams, answer = descriptors
            _answer_for_a_child(socket.socket(fileno=answer))
            return json.loads(said), streams
        for descriptor in descriptors:
            os.close(descriptor)


def _answer_for_a_child(answer: socket.socket) -> None:
    """Returns in a child only."""
    child = os.fork()
    if child:
        answer.send(str(child).encode())
        _, status = os.waitpid(child, 0)
        answer.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    answer.close()


def become(command: dict[str, Any], streams: list[int]) -> NoReturn:
    """Ends as the command does."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    os.environ.clear()
    os.environ.update(command["environ"])
    os.chdir(command["directory"])
    sys.exit(main(command["words"]))


if __name__ == "__main__":
    modules = [found.name for found in pkgutil.iter_modules(zoe.cli.__path__, "zoe.cli.")]
    for module in (*modules, *LATE):
        importlib.import_module(module)
    gc.freeze()
    become(*wanted(socket.socket(fileno=int(sys.argv[1]))))
