"""Simulations say nothing: the log of one would be longer than all other output."""

from collections.abc import Iterator

import pytest
from loguru import logger


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    logger.disable("zoe")
    yield
    logger.enable("zoe")
