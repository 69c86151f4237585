"""A Gateway that was restarted lets nobody wait for what the one before was asked."""

import json

from stage import Stage

from zoe.actors.gateway import Gateway
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.messages.gateway import PrivateCall
from zoe.messages.system import StreamBroken
from zoe.messages.wire import WireReply, WireRequest

OTHERS = ("wire", "catalogue", "risk", "ratelimiter", "reconciler", "orders", "heartbeat", "asker")


def test_a_restart_tells_that_the_stream_is_broken_and_asks_for_another_token() -> None:
    venue = KrakenVenue(KeyPair("KEY", "c2VjcmV0"))
    stage = Stage("gateway", lambda: Gateway(venue, lambda n: n, ("reconciler",)), OTHERS)
    stage.run(0.1)
    (first,) = stage.heard("wire", WireRequest)
    assert stage.heard("reconciler", StreamBroken) == []
    body = json.dumps({"error": [], "result": {"token": "t"}}).encode()
    stage.tell(WireReply(first.request_id, 200, body))
    stage.tell(PrivateCall(1, "no operation at all", stage.runtime.find("asker")), 1)
    (broken,) = stage.heard("reconciler", StreamBroken)
    assert broken.calls_lost
    calls = [request.url.rpartition("/")[2] for request in stage.heard("wire", WireRequest)]
    assert calls == ["GetWebSocketsToken", "GetWebSocketsToken"]
