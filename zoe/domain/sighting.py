"""One look at an order, wherever it came from: the private stream or a REST list."""

from typing import Final

import attrs

from zoe.domain.order import Fact, Intent
from zoe.domain.quick import quick


@attrs.frozen(weakref_slot=False)
class Sighting:
    """What one report of the exchange says about one order.

    Attributes:
        cl_ord_id: As the exchange wrote it, None where the report did not carry it.
        facts: In the order in which they happened.
        description: The order in our terms where the report described it in full; its
            ``intent_id`` is the exchange's id, since nobody here wished for it.
    """

    order_id: str
    cl_ord_id: str | None
    facts: tuple[Fact, ...]
    description: Intent | None = None


#: As the class itself.
quick_sighting: Final = quick(Sighting)
