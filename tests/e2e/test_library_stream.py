"""KrakenStream from somebody's own program, against a sandbox process over loopback."""

import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sandboxes import Sandbox

from zoe.adapters.kraken import public_session as topics
from zoe.adapters.kraken.client import KrakenClient
from zoe.adapters.kraken.order_form import NewOrder
from zoe.adapters.kraken.private_line import PrivateLine
from zoe.adapters.kraken.public_session import PublicSession, Stage
from zoe.adapters.kraken.rest import CallerSettings
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.socket_requests import OrderIds
from zoe.adapters.kraken.stream import Callbacks, KrakenStream
from zoe.domain.errors import ExchangeUnavailable
from zoe.domain.order import Input
from zoe.domain.reconnect import MOST_CONNECTS, Reconnect

PATIENCE_SECONDS = 60


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path, "--seed", "5", "--market", "quiet", "--journal", "j")
    made.market("50000.0", "50010.0", "5")
    yield made
    made.stop()


class Running:
    """A stream in a thread of this test's, and all that it called back.

    Args:
        policy: How it pauses, where not as any stream does.
    """

    def __init__(
        self, url: str, line: PublicSession | PrivateLine, policy: Reconnect | None = None
    ) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.news = threading.Condition()
        names = ("ticker", "book", "trade", "candle", "execution", "balance", "answer", "lost")
        calls = {f"on_{name}": self._hears(name) for name in (*names, "problem")}
        self.stream = KrakenStream(url, line, Callbacks(**calls))
        self.stream._policy = policy or self.stream._policy
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.stream.run, args=(self.ending.is_set,))
        self.thread.start()

    def _hears(self, name: str) -> Callable[[Any], None]:
        def call(news: Any) -> None:
            with self.news:
                self.heard.append((name, news))
                self.news.notify_all()

        return call

    def until(self, wanted: Callable[[str, Any], bool]) -> Any:
        """The first news that is wanted, of all that came."""
        with self.news:
            found = self.news.wait_for(
                lambda: [news for name, news in self.heard if wanted(name, news)], PATIENCE_SECONDS
            )
            assert found, self.heard[-5:]
            return found[0]

    def stop(self) -> None:
        self.ending.set()
        self.thread.join(PATIENCE_SECONDS)
        assert not self.thread.is_alive()


def public() -> PublicSession:
    session = PublicSession(10)
    session.want(topics.ticker("bbo"), ["BTC/USD", "ETH/USD"])
    session.want(topics.book(10), ["BTC/USD"])
    session.want(topics.trades(), ["BTC/USD"])
    return session


def test_tickers_and_books_call_back_and_come_back_after_the_exchange_was_gone(
    sandbox: Sandbox,
) -> None:
    session = public()
    running = Running(sandbox.ready["ws"], session)
    try:
        ticker = running.until(lambda name, news: name == "ticker" and news.symbol == "BTC/USD")
        assert ticker.bid == 50000
        book = running.until(lambda name, news: name == "book")
        assert (book.bid_price, book.ask_price, book.live) == (Decimal(50000), Decimal(50010), True)
        sandbox.market("50001.0", "50010.0", "5")
        running.until(lambda name, news: name == "book" and news.bid_price == 50001)
        sandbox.admin("faults", {"where": "book", "what": "disconnect"})
        sandbox.market("50002.0", "50010.0", "5")
        running.until(lambda name, news: name == "lost")
        running.until(lambda name, news: name == "book" and news.bid_price == 50002)
        sandbox.admin("faults", {"where": "book", "what": "bad_checksum"})
        sandbox.market("50003.0", "50010.0", "5")
        running.until(lambda name, news: name == "book" and not news.live)
        running.until(lambda name, news: name == "book" and news.live and news.bid_price == 50003)
    finally:
        running.stop()
    assert {s.stage for s in session.subscriptions if s.topic.channel == "book"} == {Stage.LIVE}


def private_line(sandbox: Sandbox) -> tuple[PrivateLine, KrakenClient]:
    keys = KeyPair(sandbox.ready["key"], sandbox.ready["secret"])
    settings = CallerSettings(rest_url=sandbox.ready["rest"], nonces=sandbox.place / "n")
    client = KrakenClient(keys, settings)
    return PrivateLine(client.get_ws_token), client


def test_orders_are_sent_answered_and_reported(sandbox: Sandbox) -> None:
    line, client = private_line(sandbox)
    running = Running(sandbox.ready["ws_auth"], line)
    try:
        running.until(lambda name, news: name == "balance")
        order = NewOrder(
            pair="BTC/USD", side="buy", order_type="limit", quantity=Decimal("0.001"),
            limit=Decimal(50_010), time_in_force="gtc",
        )  # fmt: skip
        running.stream.send(line.sender().add_order(order, 7))
        answer = running.until(lambda name, news: name == "answer" and news.req_id == 7)
        assert answer.refusal is None
        (accepted,) = answer.orders
        fill = running.until(
            lambda name, news: name == "execution" and news.facts[0].input is Input.FILL
        )
        assert fill.order_id == accepted.order_id
        running.stream.send(line.sender().cancel_order(OrderIds((accepted.order_id,)), 8))
        refused = running.until(lambda name, news: name == "answer" and news.req_id == 8)
        assert str(refused.refusal) == "EOrder:Unknown order"
    finally:
        running.stop()
        client.close()


def test_an_exchange_that_is_not_there_is_tried_again_with_pauses() -> None:
    running = Running("ws://127.0.0.1:9/v2", public())
    reason = running.until(lambda name, news: name == "lost")
    assert "did not open" in reason
    running.until(lambda name, news: name == "lost" and len(running.heard) >= 3)
    with pytest.raises(ExchangeUnavailable, match="no connection"):
        running.stream.send(b"{}")
    running.stop()


def test_a_stop_does_not_wait_for_the_end_of_a_pause() -> None:
    connects_ns = (time.monotonic_ns(),) * MOST_CONNECTS
    running = Running("ws://127.0.0.1:9/v2", public(), Reconnect(0, connects_ns))
    running.until(lambda name, news: name == "lost")
    running.stop()  # ten minutes before the next connect


def test_what_a_callback_raises_ends_the_run(sandbox: Sandbox) -> None:
    def fails(_: object) -> None:
        raise OSError("the user's own")

    stream = KrakenStream(sandbox.ready["ws"], public(), Callbacks(on_ticker=fails))
    with pytest.raises(OSError, match="own"):
        stream.run(lambda: False)
