"""A command at the desk's control socket when others crowd it."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from zoe.app import door_client
from zoe.app.door_client import Command, DoorClient, NoAnswer

ANSWER = b'{"id":1,"exit":0}\n'


@pytest.fixture
def crowded() -> Iterator[tuple[Path, socket.socket]]:
    """A socket whose queue is full, and its path, which may not be long."""
    with tempfile.TemporaryDirectory(prefix="door") as name, socket.socket(socket.AF_UNIX) as door:
        path = Path(name) / "desk.sock"
        door.bind(str(path))
        door.listen(0)
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.connect(str(path))
            yield path, door


def test_a_queue_that_is_full_for_a_moment_is_waited_for(
    crowded: tuple[Path, socket.socket],
) -> None:
    path, door = crowded

    def serve() -> None:
        door.accept()[0].close()
        connection, _ = door.accept()
        with connection:
            connection.recv(1_000)
            connection.sendall(ANSWER)

    serving = threading.Timer(0.3, serve)
    serving.start()
    with DoorClient(path) as client:
        assert client.ask(Command("halt")).exit == 0
    serving.join()


@pytest.mark.parametrize("answer", [ANSWER, b'{"id":0,"exit":0}\n'])
def test_an_answer_is_waited_for_a_while_longer_than_the_desk_may_take(
    crowded: tuple[Path, socket.socket], answer: bytes
) -> None:
    """Also one to a line of which the desk could not read even the number."""
    path, door = crowded
    door.accept()[0].close()
    with DoorClient(path) as client:
        connection, _ = door.accept()
        with connection:
            serving = threading.Timer(0.2, connection.sendall, (answer,))
            serving.start()
            assert client.ask(Command("halt", timeout_seconds=0)).exit == 0
            serving.join()


def test_a_queue_that_stays_full_is_told_in_time(
    crowded: tuple[Path, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_client, "CONNECT_SECONDS", 1)
    with pytest.raises(NoAnswer, match="takes no connection"):
        DoorClient(crowded[0])
