"""The auditor is audited: bugs planted in the desk are found within a few stories."""

import pytest
from planted import PLANTS, Plant, found


@pytest.mark.parametrize("plant", PLANTS, ids=[plant.__name__ for plant in PLANTS])
def test_a_planted_bug_is_found_within_a_few_stories(plant: Plant) -> None:
    discovery = found(plant)
    assert discovery is not None, "neither the kit nor the swarm found it"
    print(plant.__name__, *discovery)


def test_there_are_enough_of_them() -> None:
    assert len(PLANTS) >= 20
