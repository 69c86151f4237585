"""A world for each scheduler."""

import sys
from collections.abc import Iterator

import pytest
from loguru import logger
from probes import World, worlds


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    """Lines on standard error cost more than what these tests do."""
    logger.remove()


@pytest.fixture(params=["threads", "virtual"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from worlds(request.param)


@pytest.fixture
def threads() -> Iterator[World]:
    """For what only threads can do."""
    yield from worlds("threads")


@pytest.fixture
def virtual() -> Iterator[World]:
    """For what only virtual time can show."""
    yield from worlds("virtual")


@pytest.fixture
def often(threads: World) -> Iterator[None]:
    """Threads that are switched between every few calls, so that they meet in narrow places."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)
