"""The auditor is audited: bugs planted in the desk are found within a few stories."""

from collections.abc import Iterator

import pytest
from loguru import logger
from planted import PLANTS, found
from plants import Plant


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """The log of one simulation would be longer than all other output."""
    logger.disable("zoe")
    yield
    logger.enable("zoe")


@pytest.mark.parametrize("plant", PLANTS, ids=[plant.__name__ for plant in PLANTS])
def test_a_planted_bug_is_found_within_a_few_stories(plant: Plant) -> None:
    discovery = found(plant)
    assert discovery is not None, "neither the kit nor the swarm found it"
    print(plant.__name__, *discovery)


def test_there_are_enough_of_them() -> None:
    assert len(PLANTS) >= 20
