"""A life of both strategies of many pairs with a kill in it, told in one line; a program too.

python tests/simulation/engine_story.py SEED
"""

import hashlib
import sys

from engine_world import EngineWorld, edge, trader
from loguru import logger

NAMES = ("edge_factory", "crypto_trader")


def told(seed: int) -> str:
    """Executions of each strategy, a digest of every decision, and the run's own."""
    made = EngineWorld(seed, lambda: (edge(), trader()))
    made.start()
    made.ready()
    made.run(40)
    made.kill()
    made.start()
    made.ready()
    made.run(30)
    fills = [len(made.journal.fills(made.account, f"strategy/{name}")) for name in NAMES]
    decisions = hashlib.sha256()
    for name in NAMES:
        for row in made.journal.stream(f"strategy/{made.account}/{name}"):
            decisions.update(repr((row.seq, sorted(row.body.items()))).encode())
    return f"{fills[0]} {fills[1]} {decisions.hexdigest()} {made.digest()}"


if __name__ == "__main__":
    logger.disable("zoe")
    print(told(int(sys.argv[1])))
