"""A limit on how late processors wake up is in force as long as it is held, and no longer."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from zoe.app import cpu_latency


def in_force() -> int:
    """The lowest limit that anybody holds, in microseconds."""
    return int(struct.unpack("=i", cpu_latency.DEVICE.read_bytes()[:4])[0])


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The events of what is logged."""
    told: list[str] = []
    sink = logger.add(lambda line: told.append(line.record["message"]), level="WARNING")
    yield told
    logger.remove(sink)


def test_it_is_in_force_while_it_is_held(said: list[str]) -> None:
    if not os.access(cpu_latency.DEVICE, os.R_OK | os.W_OK):
        pytest.skip("this machine's processors are not ours to keep awake")
    before = in_force()
    with cpu_latency.limited(before - 1):
        assert in_force() == before - 1
    assert in_force() == before
    with cpu_latency.limited(cpu_latency.ANY):
        assert in_force() == before
    assert said == []


def test_what_is_written_is_a_32_bit_number_of_microseconds(tmp_path: Path) -> None:
    device = tmp_path / "cpu_dma_latency"
    device.touch()
    with cpu_latency.limited(cpu_latency.MOST_US, device):
        assert struct.unpack("=i", device.read_bytes()) == (1_000_000,)


def test_a_limit_that_is_refused_is_said_and_the_desk_runs(tmp_path: Path, said: list[str]) -> None:
    for device in (tmp_path / "none", tmp_path, Path("/dev/full")):
        with cpu_latency.limited(0, device):
            pass
    assert said == ["desk.cpu_latency_refused"] * 3
