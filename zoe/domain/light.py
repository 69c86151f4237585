"""``light``: the decorator of values that are made by the thousand a second.

To the type checker, which looks at every file, it is ``attrs.frozen``: whoever assigns to a field is
told so before the code runs. Nothing forbids it while it runs, since forbidding costs more than all
else: a frozen class of eight fields is made in 700 ns, a light one in 120. Both compare, hash, print
and ``attrs.evolve`` alike. What is made seldom, or handed to other people's programs, is frozen.
"""

from functools import partial
from typing import TYPE_CHECKING

import attrs

__all__ = ["light"]

if TYPE_CHECKING:
    from attrs import frozen as light
else:
    light = partial(attrs.define, unsafe_hash=True, on_setattr=attrs.setters.NO_OP)
