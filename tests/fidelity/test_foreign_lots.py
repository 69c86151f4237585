"""``zoe ledger replay`` gives the lots and gains that rp2 and beancount give, slice by slice.

The moves that they are told were written down by an independent hand while the rows were made.
1,000 events stand for every run; ``ZOE_LEDGER_EVENTS=10000`` asks for more, seeds by ``…_SEED``.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import foreign
import pytest
from ledger_files import write_lines
from ledger_rows import Accounts

from zoe.domain.ledger_row import text_of

ZOE: Final = (sys.executable, "-P", "-m", "zoe.cli.main")
EVENTS: Final = int(os.environ.get("ZOE_LEDGER_EVENTS", "1000"))
SEED: Final = int(os.environ.get("ZOE_LEDGER_SEED", "1"))
PATIENCE_SECONDS: Final = 600
#: They round quotients where we take whole units, once a slice.
CLOSE: Final = Decimal("0.0000001")

Use = tuple[int, int, Decimal, Decimal, Decimal | None]
Uses = dict[str, list[Use]]


class Answers:
    """What everybody says of the same events."""

    def __init__(
        self, made: Accounts, document: dict[str, Any], disposals: list[Any], theirs: dict[str, Any]
    ) -> None:
        self.made = made
        self.document = document
        self.disposals = disposals
        self.theirs = theirs

    def ours(self) -> Uses:
        """Our disposals; events and lots numbered by asset in the order in which they came."""
        found: Uses = {}
        places: dict[str, list[Any]] = {}
        for row in self.disposals:
            asset = row["asset"]
            place = places.setdefault(asset, [-1, -1, None])
            place[0] += 1
            for lot in row["lots"]:
                place[1] += lot["opened_by"] != place[2]
                place[2] = lot["opened_by"]
                use = Decimal(lot["quantity"]), Decimal(lot["basis"])
                found.setdefault(asset, []).append((place[0], place[1], *use, None))
        return found

    def gains(self) -> dict[str, list[Decimal | None]]:
        """Ours, disposal by disposal."""
        found: dict[str, list[Decimal | None]] = {}
        for row in self.disposals:
            gain = None if row["gain"] is None else Decimal(row["gain"])
            found.setdefault(row["asset"], []).append(gain)
        return found

    def of(self, name: str) -> Uses:
        """Another program's."""
        return {
            asset: [
                (
                    out,
                    lot,
                    Decimal(quantity),
                    Decimal(basis),
                    None if gain is None else Decimal(gain),
                )
                for out, lot, quantity, basis, gain in sorted(uses, key=lambda use: use[:2])
            ]
            for asset, uses in self.theirs[name]["uses"].items()
            if uses
        }


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    interpreter = foreign.python()
    made = Accounts(SEED).make(EVENTS)
    moves = [
        (moved.direction, moved.asset, text_of(moved.quantity), _text(moved.worth))
        for moved in made.truth
    ]
    given = json.dumps({"moves": moves})
    place = tmp_path_factory.mktemp("exports")
    started = {name: _start(interpreter, name, place) for name in ("rp2_lots", "beancount_lots")}
    write_lines(made, place)
    left = place / "disposals.txt"
    done = subprocess.run(
        (*ZOE, "ledger", "replay", str(place), "--disposals", str(left), "--json"),
        env={"PATH": "/usr/bin:/bin", "HOME": str(place)},
        cwd=foreign.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = {}
    for name, process in started.items():
        said, complaints = process.communicate(given, timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, f"{name}: {complaints[-3000:]}"
        theirs[name] = json.loads(said)
    disposals = [json.loads(text) for text in left.read_text().splitlines()]
    yield Answers(made, json.loads(done.stdout), disposals, theirs)


def _text(worth: int | None) -> str | None:
    return None if worth is None else text_of(worth)


def _start(interpreter: str, name: str, place: Path) -> "subprocess.Popen[str]":
    """A program that leaves what it writes beside, in ``place``."""
    return subprocess.Popen(
        (interpreter, str(foreign.PROGRAMS / f"{name}.py")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=place,
        env={"PATH": "/usr/bin:/bin"},
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rp2_lots", "beancount_lots"])
def test_every_slice_is_the_same_lot_quantity_and_basis(answers: Answers, name: str) -> None:
    ours, theirs = answers.ours(), answers.of(name)
    assert sorted(ours) == sorted(theirs)
    for asset, uses in ours.items():
        assert [use[:3] for use in uses] == [use[:3] for use in theirs[asset]], asset
        for mine, other in zip(uses, theirs[asset], strict=True):
            assert abs(mine[3] - other[3]) < CLOSE, (asset, mine, other)


@pytest.mark.slow
def test_every_gain_is_the_same(answers: Answers) -> None:
    ours, theirs = answers.gains(), answers.of("rp2_lots")
    compared: Counter[bool] = Counter()
    for asset, gains in ours.items():
        of_rp2: list[Decimal | None] = [Decimal(0)] * len(gains)
        for out, _, _, _, gain in theirs[asset]:
            known = of_rp2[out]
            of_rp2[out] = None if gain is None or known is None else known + gain
        for mine, other in zip(gains, of_rp2, strict=True):
            compared[other is not None] += 1
            if other is not None:
                assert mine is not None
                assert abs(mine - other) < CLOSE, (asset, mine, other)
    assert compared[True] > 10 * compared[False]


@pytest.mark.slow
def test_what_is_left_in_lots_is_what_came_less_what_they_took(answers: Answers) -> None:
    left: Counter[str] = Counter()
    for moved in answers.made.truth:
        if moved.direction == "in":
            left[moved.asset] += moved.quantity
    for asset, uses in answers.of("rp2_lots").items():
        left[asset] -= sum(int(use[2].scaleb(10)) for use in uses)
    ours: Counter[str] = Counter()
    for asset, lots in answers.document["lots"].items():
        ours[asset] += sum(int(Decimal(lot["quantity"]).scaleb(10)) for lot in lots)
    assert +ours == +left
