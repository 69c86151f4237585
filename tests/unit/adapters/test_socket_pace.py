"""How long frames gather before they are read, by numbers and on a real socket."""

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.sync.server import Server, ServerConnection, serve

from zoe.adapters.socket_pace import LEAST_NS, MOST_GATHERED_BYTES, Pace
from zoe.adapters.socket_reader import GIVE_WAY_SECONDS, SocketReader
from zoe.messages.wire import WireFrame, WireOpen
from zoe.runtime.clock import SystemClock
from zoe.runtime.message import Message

PATIENCE_SECONDS = 60
GATHER_NS = 10_000_000


@given(st.lists(st.tuples(st.integers(1, 65_536), st.integers(0, 10**10)), max_size=30))
def test_a_reader_in_haste_never_rests(reads: list[tuple[int, int]]) -> None:
    pace, now_ns = Pace(), 0
    for size, passed_ns in reads:
        now_ns += passed_ns
        assert pace.rest_ns(size, now_ns) == 0


@given(st.integers(1, 65_536), st.integers(1, 10**10))
def test_it_rests_as_long_as_it_may_but_not_until_more_has_come_than_may_gather(
    size: int, passed_ns: int
) -> None:
    pace = Pace()
    pace.rest_ns(1, 1)
    pace.gather_ns = GATHER_NS
    rest_ns = pace.rest_ns(size, 1 + passed_ns)
    longest = min(Fraction(MOST_GATHERED_BYTES * passed_ns, size), Fraction(GATHER_NS))
    if size > MOST_GATHERED_BYTES or longest < LEAST_NS:
        assert rest_ns == 0
    else:
        assert longest - 1 < rest_ns <= longest


class Rests:
    """How a reader is asked to end; each rest waits until it is ended."""

    def __init__(self) -> None:
        self.begun: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.end = threading.Event()

    def requested(self) -> bool:
        return False

    def wait(self, seconds: float) -> bool:
        self.begun.put(seconds)
        assert self.end.wait(PATIENCE_SECONDS)
        return False


@pytest.fixture
def peers() -> Iterator[tuple[str, "queue.SimpleQueue[ServerConnection]"]]:
    accepted: queue.SimpleQueue[ServerConnection] = queue.SimpleQueue()
    over = threading.Event()

    def handle(connection: ServerConnection) -> None:
        accepted.put(connection)
        over.wait(PATIENCE_SECONDS)

    server: Server = serve(handle, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host, port = server.socket.getsockname()[:2]
    yield f"ws://{host}:{port}", accepted
    over.set()
    server.shutdown()


def test_frames_gather_while_the_reader_rests_until_somebody_is_in_haste(
    peers: tuple[str, "queue.SimpleQueue[ServerConnection]"],
) -> None:
    url, accepted = peers
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def hear(news: Message) -> None:
        if isinstance(news, WireFrame):
            for payload in (news.payload, *news.more):
                heard.put(payload)

    def hear_all(messages: Sequence[Message], *, lend: bool) -> None:
        assert lend, "nothing more waits to be read"
        for news in messages:
            hear(news)

    rests = Rests()
    reader = SocketReader(WireOpen("feed", url), 1, (hear, hear_all), SystemClock())
    reader.gather(10)
    threading.Thread(target=reader.read, args=(rests,), daemon=True).start()
    server = accepted.get(timeout=PATIENCE_SECONDS)
    server.send("first")
    assert heard.get(timeout=PATIENCE_SECONDS) == b"first"
    assert rests.begun.get(timeout=PATIENCE_SECONDS) == 0.01
    server.send("second")
    server.send("third")
    assert heard.empty(), "what comes now waits"
    reader.gather(0)
    rests.end.set()
    assert heard.get(timeout=PATIENCE_SECONDS) == b"second"
    assert heard.get(timeout=PATIENCE_SECONDS) == b"third"
    reader.close()
    assert rests.begun.empty(), "nobody rests in haste"


class Slices:
    """A reader whose frames are told in four parts."""

    def feed(self, payload: bytes, received_ns: int) -> Sequence[Message]:
        raise AssertionError("they come together")

    def feed_all(self, payloads: Iterable[bytes], received_ns: int) -> Iterator[Sequence[Message]]:
        (payload,) = payloads
        for part in range(4):
            yield [WireFrame("feed", 1, b"%s %d" % (payload, part), received_ns)]


def test_where_nobody_is_in_haste_others_go_first_before_the_rest_of_a_long_read_is_told(
    peers: tuple[str, "queue.SimpleQueue[ServerConnection]"],
) -> None:
    url, accepted = peers
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def hear_all(messages: Sequence[Message], *, lend: bool) -> None:
        for news in messages:
            heard.put(news)

    def hears() -> bytes:
        news = heard.get(timeout=PATIENCE_SECONDS)
        assert isinstance(news, WireFrame)
        return news.payload

    rests = Rests()
    wish = WireOpen("feed", url, Slices)
    reader = SocketReader(wish, 1, (lambda news: None, hear_all), SystemClock())
    reader.gather(10)
    threading.Thread(target=reader.read, args=(rests,), daemon=True).start()
    server = accepted.get(timeout=PATIENCE_SECONDS)
    server.send("first")
    assert [hears() for _ in range(3)] == [b"first 0", b"first 1", b"first 2"], "at once"
    assert rests.begun.get(timeout=PATIENCE_SECONDS) == GIVE_WAY_SECONDS
    assert heard.empty(), "others go first"
    reader.gather(0)
    rests.end.set()
    server.send("second")
    assert [hears() for _ in range(5)][-1] == b"second 3"
    reader.close()
    assert rests.begun.empty(), "nobody gives way in haste"
