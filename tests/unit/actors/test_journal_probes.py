"""How the Journal learns that its store is well while nobody wants anything of it."""

import pytest
from journal import FaultyJournal
from journal_stage import Stage, memory


@pytest.mark.parametrize(("records", "probes"), [(0, 3), (3, 0)])
def test_a_store_that_nobody_asks_for_anything_is_asked_how_it_is(
    records: int, probes: int
) -> None:
    store = FaultyJournal(memory())
    stage = Stage(store)
    stage.run(1)
    begun = store.calls
    for _ in range(3):
        if records:
            stage.record()
        stage.run(2)
    assert store.calls == begun + records + probes
