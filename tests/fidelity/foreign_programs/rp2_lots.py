"""FIFO lots by rp2: moves of assets on standard input, every slice of a lot on standard output.

Input: ``{"moves": [[direction, asset, quantity, worth or null], …]}`` in the order of events.
Output: ``{"uses": {asset: [[out number, in number, quantity, basis, gain or null], …]},
"seconds": …}``. What is worth nothing, or left without gain, is given a price of 1, and its gain is
not told.
"""

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

START = datetime(2020, 1, 1, tzinfo=UTC)
COLUMNS = {
    "in": (
        *("timestamp", "asset", "exchange", "holder", "transaction_type", "spot_price"),
        *("crypto_in", "crypto_fee", "fiat_in_no_fee", "fiat_in_with_fee", "fiat_fee"),
        *("unique_id", "notes"),
    ),
    "out": (
        *("timestamp", "asset", "exchange", "holder", "transaction_type", "spot_price"),
        *("crypto_out_no_fee", "crypto_fee", "crypto_out_with_fee", "fiat_out_no_fee"),
        *("fiat_fee", "unique_id", "notes"),
    ),
    "intra": (
        *("timestamp", "asset", "from_exchange", "from_holder", "to_exchange", "to_holder"),
        *("spot_price", "crypto_sent", "crypto_received", "unique_id", "notes"),
    ),
}


class Rp2:
    """The library, set up for some assets."""

    def __init__(self, assets: list[str]) -> None:
        self._decimal = import_module("rp2.rp2_decimal").RP2Decimal
        module = import_module("rp2.configuration")
        text = f"[general]\nassets = {', '.join(assets)}\nexchanges = Kraken\nholders = One\n"
        for name, columns in COLUMNS.items():
            places = "\n".join(f"{column} = {n}" for n, column in enumerate(columns))
            text += f"[{name}_header]\n{places}\n"
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "rp2.ini"
            path.write_text(text)
            country = import_module("rp2.plugin.country.us").US()
            self._configuration = module.Configuration(str(path), country)
        methods = import_module("prezzemolo.avl_tree").AVLTree()
        fifo = import_module("rp2.plugin.accounting_method.fifo").AccountingMethod()
        methods.insert_node(1970, fifo)
        self._engine = import_module("rp2.accounting_engine").AccountingEngine(methods)
        self._sets = import_module("rp2.transaction_set").TransactionSet
        self._in = import_module("rp2.in_transaction").InTransaction
        self._out = import_module("rp2.out_transaction").OutTransaction
        self._data = import_module("rp2.input_data").InputData
        self._tax = import_module("rp2.tax_engine").compute_tax

    def uses(self, asset: str, moves: list[tuple[int, list[Any]]]) -> list[list[Any]]:
        """Every slice of one asset's lots."""
        sets = [self._sets(self._configuration, kind, asset) for kind in ("IN", "OUT", "INTRA")]
        numbers = {"in": 0, "out": 0}
        valued: list[bool] = []
        for number, (direction, _, quantity, worth) in moves:
            amount = self._decimal(quantity)
            told = worth is not None and worth != "0"
            fiat = self._decimal(worth) if told else amount
            when = (START + timedelta(seconds=number)).isoformat()
            ident = str(numbers[direction])
            numbers[direction] += 1
            who = (self._configuration, when, asset, "Kraken", "One")
            if direction == "in":
                sets[0].add_entry(
                    self._in(
                        *(*who, "BUY", fiat / amount, amount),
                        fiat_in_no_fee=fiat,
                        fiat_in_with_fee=fiat,
                        unique_id=ident,
                        row=number + 1,
                    )
                )
            else:
                valued.append(told)
                sets[1].add_entry(
                    self._out(
                        *(*who, "SELL", fiat / amount, amount, self._decimal("0")),
                        fiat_out_no_fee=fiat,
                        unique_id=ident,
                        row=number + 1,
                    )
                )
        computed = self._tax(self._configuration, self._engine, self._data(asset, *sets))
        return [self._use(found, valued) for found in computed.gain_loss_set]

    @staticmethod
    def _use(found: Any, valued: list[bool]) -> list[Any]:
        out = int(found.taxable_event.unique_id)
        gain = str(found.fiat_gain) if valued[out] else None
        lot = int(found.acquired_lot.unique_id)
        return [out, lot, str(found.crypto_amount), str(found.fiat_cost_basis), gain]


def main() -> None:
    """Reads moves, writes slices."""
    import_module("logging").disable(50)  # it warns of every price that is not a round one
    moves = json.load(sys.stdin)["moves"]
    by_asset: dict[str, list[tuple[int, list[Any]]]] = {}
    for number, move in enumerate(moves):
        by_asset.setdefault(move[1], []).append((number, move))
    library = Rp2(sorted(by_asset))
    began = time.process_time()
    uses = {asset: library.uses(asset, found) for asset, found in by_asset.items()}
    print(json.dumps({"uses": uses, "seconds": time.process_time() - began}))


if __name__ == "__main__":
    main()
