"""How many examples a strategy's rules are tried on.

500 with every check; 20,000 with ``--hypothesis-profile=thorough``.
"""

from hypothesis import settings

RULE = settings(max_examples=20_000 if settings().max_examples > 100 else 500)
