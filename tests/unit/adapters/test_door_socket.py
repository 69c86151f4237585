"""The control socket, with real Unix sockets and a client that does as it likes."""

import contextlib
import os
import queue
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from zoe.adapters import door_socket
from zoe.adapters.door_socket import DoorSocket
from zoe.domain.errors import ConfigError
from zoe.messages.system import DoorAnswer, DoorClosed, DoorRequest
from zoe.runtime.message import Envelope, Message

PATIENCE_SECONDS = 60


class Stop:
    """Asked to end by the test."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def requested(self) -> bool:
        return self.event.is_set()


class House:
    """A served door, and what came in by it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.door = DoorSocket(path)
        self.news: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stop = Stop()
        self._thread = threading.Thread(
            target=self.door.serve, args=(self._stop, self.news.put), daemon=True
        )
        self._thread.start()

    def calls(self) -> socket.socket:
        """A client that is connected."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE_SECONDS)
        client.connect(str(self.path))
        return client

    def hears(self) -> Message:
        return self.news.get(timeout=PATIENCE_SECONDS)

    def asked(self) -> DoorRequest:
        request = self.hears()
        assert isinstance(request, DoorRequest), request
        return request

    def answers(self, client: int, line: bytes) -> None:
        self.door.handle(Envelope(DoorAnswer(client, line), 1, 1, None, None, None, 0))

    def ends(self) -> None:
        self._stop.event.set()
        self.door.wake()
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: Unix sockets allow no long one."""
    with tempfile.TemporaryDirectory(prefix="door") as name:
        yield Path(name)


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    made = House(folder / "desk.sock")
    yield made
    made.ends()


def line_of(client: socket.socket) -> bytes:
    """One line, or what came before the end."""
    with client.makefile("rb") as stream:
        return stream.readline()


def closed(client: socket.socket) -> bool:
    with contextlib.suppress(ConnectionResetError):
        return client.recv(1) == b""
    return True


def test_a_line_is_a_request_and_its_answer_comes_back_to_whoever_asked(house: House) -> None:
    first, second = house.calls(), house.calls()
    first.sendall(b'{"ask":1}\n')
    one = house.asked()
    second.sendall(b'{"ask":2}\n')
    two = house.asked()
    assert (one.line, two.line) == (b'{"ask":1}', b'{"ask":2}')
    assert one.client != two.client
    house.answers(two.client, b"for two")
    house.answers(one.client, b"for one")
    assert line_of(first) == b"for one\n"
    assert line_of(second) == b"for two\n"


def test_half_a_line_is_no_request_until_its_end_comes(house: House) -> None:
    client = house.calls()
    client.sendall(b"first\nsec")
    assert house.asked().line == b"first"
    assert house.news.empty()
    client.sendall(b"ond\nthird\n")
    assert [house.asked().line for _ in range(2)] == [b"second", b"third"]


def test_half_a_line_at_the_end_is_no_request(house: House) -> None:
    client = house.calls()
    client.sendall(b"halt --a")
    client.close()
    assert isinstance(house.hears(), DoorClosed)


def test_the_longest_line_is_heard_and_a_longer_one_costs_the_connection(house: House) -> None:
    client = house.calls()
    client.sendall(b"x" * door_socket.LONGEST_LINE + b"\n")
    number = house.asked().client
    with contextlib.suppress(OSError):
        client.sendall(b"x" * (door_socket.LONGEST_LINE + 1) + b"\n")
    assert house.hears() == DoorClosed(number)
    assert closed(client)


def test_a_line_without_end_costs_the_connection(house: House) -> None:
    client = house.calls()
    with contextlib.suppress(OSError):
        for _ in range(10):
            client.sendall(b"x" * door_socket.LONGEST_LINE)
    assert isinstance(house.hears(), DoorClosed)
    assert closed(client)
    assert house.news.empty()


def test_a_client_that_is_gone_is_told_and_its_answer_hurts_nobody(house: House) -> None:
    client = house.calls()
    client.sendall(b"ask\n")
    number = house.asked().client
    client.close()
    assert house.hears() == DoorClosed(number)
    house.answers(number, b"too late")
    other = house.calls()
    other.sendall(b"ask\n")
    house.answers(house.asked().client, b"here")
    assert line_of(other) == b"here\n"


def test_many_clients_are_served_and_one_too_many_is_turned_away(house: House) -> None:
    clients = [house.calls() for _ in range(door_socket.MOST_CLIENTS)]
    for client in clients:
        client.sendall(b"here\n")
    numbers = [house.asked().client for _ in clients]
    assert len(set(numbers)) == door_socket.MOST_CLIENTS
    assert closed(house.calls())
    for number in numbers:
        house.answers(number, b"%d" % number)
    assert {line_of(client) for client in clients} == {b"%d\n" % number for number in numbers}
    clients[0].close()
    assert isinstance(house.hears(), DoorClosed)
    again = house.calls()
    again.sendall(b"now\n")
    assert house.asked().line == b"now"


def test_connections_that_ask_nothing_keep_nobody_out(house: House) -> None:
    served = house.calls()
    served.sendall(b"halt\n")
    waits = house.asked()
    silent = [house.calls() for _ in range(door_socket.MOST_CLIENTS - 1)]
    for _ in range(2 * door_socket.MOST_CLIENTS):
        silent.append(house.calls())
        assert isinstance(house.hears(), DoorClosed)
    assert closed(silent[0])
    silent[-1].sendall(b"status\n")
    assert house.asked().line == b"status"
    house.answers(waits.client, b"done")
    assert line_of(served) == b"done\n"


def test_a_large_answer_is_delivered_as_fast_as_it_is_read(house: House) -> None:
    client = house.calls()
    client.sendall(b"all\n")
    house.answers(house.asked().client, b"y" * 3_000_000)
    assert len(line_of(client)) == 3_000_001


def test_an_answer_that_comes_while_another_is_not_read_yet_loses_nothing(house: House) -> None:
    client = house.calls()
    client.sendall(b"all\nall\n")
    for letter in (b"y", b"z"):
        house.answers(house.asked().client, letter * 3_000_000)
    # Answers are delivered in their order: whoever has the third knows that the second was tried.
    other = house.calls()
    other.sendall(b"ask\n")
    house.answers(house.asked().client, b"here")
    assert line_of(other) == b"here\n"
    with client.makefile("rb") as stream:
        assert [len(stream.readline()) for _ in range(2)] == [3_000_001] * 2


def test_whoever_spoke_last_is_let_go_last(house: House) -> None:
    clients = [house.calls() for _ in range(door_socket.MOST_CLIENTS)]
    clients[0].sendall(b"here\n")
    number = house.asked().client
    house.answers(number, b"heard")
    assert line_of(clients[0]) == b"heard\n"
    house.calls()
    assert house.hears() != DoorClosed(number)
    assert closed(clients[1])


def test_a_client_that_asks_and_never_reads_is_let_go(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_socket, "MOST_UNREAD", 1_000_000)
    client = house.calls()
    client.sendall(b"all\n")
    number = house.asked().client
    house.answers(number, b"y" * 3_000_000)
    assert house.hears() == DoorClosed(number)


def test_a_client_that_asks_without_end_is_heard_as_fast_as_it_is_answered(house: House) -> None:
    number = 3 * door_socket.MOST_ASKED
    eager, other = house.calls(), house.calls()
    eager.sendall(b"".join(b"%d\n" % place for place in range(number)))
    first = [house.asked() for _ in range(door_socket.MOST_ASKED)]
    other.sendall(b"halt\n")
    halt = house.asked()
    assert halt.line == b"halt"
    house.answers(halt.client, b"halted")
    assert line_of(other) == b"halted\n"
    heard = [request.line for request in first]
    for place in range(number):
        house.answers(first[0].client, b"to %d" % place)
        if len(heard) < number:
            heard.append(house.asked().line)
    assert heard == [b"%d" % place for place in range(number)]
    with eager.makefile("rb") as stream:
        assert [stream.readline() for _ in range(number)] == [b"to %d\n" % n for n in range(number)]


def test_a_client_that_has_asked_all_it_may_and_leaves_is_let_go(house: House) -> None:
    client = house.calls()
    client.sendall(b"all\n" * (door_socket.MOST_ASKED + 1))
    (number,) = {house.asked().client for _ in range(door_socket.MOST_ASKED)}
    client.close()
    house.answers(number, b"too late")
    assert house.hears() == DoorClosed(number)


def test_only_its_owner_may_open_the_door(house: House) -> None:
    mode = house.path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    # The mask of the process is as it was.
    before = os.umask(0o022)
    os.umask(before)
    assert before != 0o177


def test_a_stale_socket_file_is_replaced(folder: Path) -> None:
    path = folder / "desk.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    house = House(path)
    client = house.calls()
    client.sendall(b"alive\n")
    assert house.asked().line == b"alive"
    house.ends()


def test_the_door_takes_its_file_with_it_and_answers_after_that_go_nowhere(folder: Path) -> None:
    house = House(folder / "desk.sock")
    client = house.calls()
    client.sendall(b"bye\n")
    number = house.asked().client
    house.answers(number, b"a last word")
    house.ends()
    assert line_of(client) == b"a last word\n"
    assert closed(client)
    assert not house.path.exists()
    house.answers(number, b"nobody hears")
    house.door.wake()


@pytest.mark.parametrize("name", ["missing/desk.sock", "x" * 200, "."])
def test_a_path_that_cannot_be_used_is_one_line_for_a_person(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        DoorSocket(folder / name)
    text = str(caught.value)
    assert text.startswith(f"control socket {folder}")
    assert "None" not in text
    assert "\n" not in text
