"""The catalogue, where somebody invents pairs."""

import json
from typing import Any

import attrs
import pytest
from edge_story import PAIR
from loguru import logger
from stage import Stage

from zoe.actors.catalogue import Catalogue
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.catalog import MOST_PAIRS
from zoe.messages.market import InstrumentsChanged
from zoe.messages.system import CatalogChanged
from zoe.messages.wire import WireReply, WireRequest


def test_pairs_without_end_are_left_out_and_told_of_once_a_second() -> None:
    venue = KrakenVenue(None, "http://127.0.0.1:1")
    stage = Stage("catalogue", lambda: Catalogue(venue, ("market",)), ("wire", "market"))
    (asked,) = stage.said["wire"]
    assert isinstance(asked, WireRequest)
    stage.tell(WireReply(asked.request_id, 200, b'{"error":[],"result":{}}'))
    said: list[dict[str, Any]] = []
    sink = logger.add(lambda m: said.append({"event": m.record["message"], **m.record["extra"]}))
    try:
        for n in range(20):
            new = tuple(attrs.evolve(PAIR, symbol=f"X{n}-{each}/USD") for each in range(1_000))
            stage.tell(InstrumentsChanged(new), seconds=0.1)
    finally:
        logger.remove(sink)
    last = stage.said["market"][-1]
    assert isinstance(last, CatalogChanged)
    assert len(last.catalog.instruments) == MOST_PAIRS
    full = [line for line in said if line["event"] == "catalogue.full"]
    assert 1 <= len(full) <= 3
    assert sum(line["left_out"] for line in full) <= 20_000 - MOST_PAIRS


@pytest.mark.parametrize("more", [0, 3])
def test_a_first_list_of_more_than_there_is_room_for_says_how_many_were_left_out(more: int) -> None:
    row = {"base": "A", "quote": "ZUSD", "pair_decimals": 1, "lot_decimals": 8}
    names = [f"A{n}" for n in range(MOST_PAIRS + more)]
    rows = {name: {"altname": name, "wsname": f"{name}/USD", **row} for name in names}
    body = json.dumps({"error": [], "result": rows}).encode()
    said: list[int] = []
    sink = logger.add(
        lambda message: said.append(message.record["extra"]["left_out"]),
        filter=lambda record: record["message"] == "catalogue.full",
    )
    venue = KrakenVenue(None, "http://127.0.0.1:1")
    stage = Stage("catalogue", lambda: Catalogue(venue, ()), ("wire",))
    (asked,) = stage.said["wire"]
    assert isinstance(asked, WireRequest)
    stage.tell(WireReply(asked.request_id, 200, body))
    logger.remove(sink)
    assert said == [more] * bool(more)
