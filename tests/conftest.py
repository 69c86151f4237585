"""Settings shared by all tests: which come first, and how hard hypothesis looks.

``small`` is for every run, and draws the same examples each time: what is red is so because of a
change. ``bin/check --hypothesis-profile=thorough`` is a long one, and draws new ones.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from loguru import logger

#: What takes longest begins first, so that no process is left alone with it at the end.
LONG_ONES: Final = (
    "e2e/test_killed_desk.py",
    "e2e/test_desk_faults_exchange.py",
    "e2e/test_desk_faults_store.py",
    "e2e/test_desk.py",
    "e2e/test_drill.py",
    "e2e/test_desk_faults_disk.py",
    "e2e/test_desk_faults_start.py",
    "e2e/test_cli_doctor.py",
    "simulation/test_seeds.py",
    "property/domain/test_crypto_trader_rules.py",
    "simulation/test_planted_bugs.py",
    "e2e/test_supervisor.py",
    "e2e/test_shared_account.py",
    "unit/cli/test_simulate.py",
)
_TESTS: Final = Path(__file__).parent

settings.register_profile(
    "small",
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow,),
)
settings.register_profile(
    "thorough", parent=settings.get_profile("small"), max_examples=5_000, derandomize=False
)
settings.load_profile("small")


@pytest.fixture(autouse=True)
def _simulations_say_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """The log of one would be longer than all other output."""
    simulated = request.path.parent.name == "simulation"
    if simulated:
        logger.disable("zoe")
    yield
    if simulated:
        logger.enable("zoe")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files stay together: the long ones, then the other end-to-end tests, then the rest."""
    items.sort(key=lambda item: _rank(item.path))


def _rank(path: Path) -> int:
    name = path.relative_to(_TESTS).as_posix()
    if name in LONG_ONES:
        return LONG_ONES.index(name)
    return len(LONG_ONES) + (not name.startswith("e2e/"))
