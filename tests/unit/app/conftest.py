"""What tests of the log share."""

import sys
from collections.abc import Iterator

import pytest
from loguru import logger


@pytest.fixture
def quiet_logger() -> Iterator[None]:
    """The log is as it was before, when a test that set it up is over."""
    yield
    logger.remove()
    logger.configure(patcher=lambda _record: None)
    logger.add(sys.stderr)
