"""What the kit's scripts do in a world: orders by a person, faults, and a censor's rules."""

from typing import Any, Final

from zoe.app.simulation.censor import Censor, Rules
from zoe.app.simulation.market import SYMBOL
from zoe.app.simulation.world import ASK_SECONDS, NotInTime, World
from zoe.domain.order import State
from zoe.messages.gateway import SendAdd
from zoe.runtime.message import Envelope

#: In the market that stands still: 0.005 at each of these, and far more 2.5 USD further out.
BID: Final = "89999.0"
ASK: Final = "90001.0"
#: Orders that rest, that are filled at once, and that are filled in part.
RESTS: Final = {"quantity": "0.002", "limit_price": "89500"}
FILLS: Final = {"quantity": "0.001", "limit_price": ASK}
FILLS_IN_PART: Final = {"quantity": "0.02", "limit_price": ASK}
REFUSAL: Final = "EOrder:Insufficient funds"
#: Longer than an order waits for its answer; shorter than a slow look takes.
DOUBT_MS: Final = 7_000

Shape = dict[str, Any]


class Stage:
    """A simulated world, with a person at the door and a censor of what the exchange tells."""

    def __init__(self, world: World, censor: Censor) -> None:
        self.world = world
        self._censor = censor
        self._keys = 0
        self._halted_ns = 0

    def key(self) -> str:
        """One that was not used before."""
        self._keys += 1
        return f"00000000-0000-4000-8000-{self.world.boots:06x}{self._keys:06x}"

    def market(self) -> None:
        """Puts little at a price, so that orders are filled in part."""
        self.world.admin("POST", "market", {"symbol": SYMBOL, "best_bid": BID, "best_ask": ASK})
        self.world.run(0.5)

    def tells(self, **rules: Any) -> None:
        """Gives the censor other rules."""
        self._censor.rules = Rules(**rules)

    def place(self, shape: Shape, key: str | None = None) -> str:
        """A person's order; its intent's id."""
        key = key or self.key()
        self.world.say("order.place", {"pair": SYMBOL, "side": "buy", **shape}, key)
        return key

    def placed(self, shape: Shape) -> str:
        """A person's order that works."""
        key = self.place(shape)
        self.until(key, State.WORKING, seconds=5)
        return key

    def amend(self, order: str, **terms: str) -> None:
        """A person's amend."""
        self.world.say("order.amend", {"order": order, **terms}, self.key())

    def halt(self, every_seconds: float = 0.05) -> None:
        """Halts the desk, and waits until it says that it is; ``resume`` ends that.

        Args:
            every_seconds: How closely its answer is waited for.
        """
        world = self.world
        number = world.say("halt", {"why": "kit"})
        for _ in range(round(ASK_SECONDS / every_seconds)):
            if number in world.answers:
                break
            world.run(every_seconds)
        assert world.answers[number]["exit"] == 0, world.answers[number]
        self._halted_ns = world.wall_ns()

    def resume(self) -> None:
        """Orders pass again."""
        self.world.halts.append((self._halted_ns, self.world.wall_ns()))
        self.world.say("resume", {"why": "kit"})

    def until(self, key: str, *states: State, seconds: int = 40) -> None:
        """Waits until the order is in one of these states; a rare row may be missed."""
        wanted = {state.value for state in states}
        try:
            self.world.until(lambda: self.world.order_state(key) in wanted, seconds)
        except NotInTime:
            return

    def until_gateway(self) -> None:
        """Waits until an add has come to the gateway, for a second at most."""
        runtime, come = self.world.runtime, False
        note = runtime.witness

        def look(envelope: Envelope) -> None:
            nonlocal come
            come = come or isinstance(envelope.message, SendAdd)
            if note is not None:
                note(envelope)

        runtime.witness = look
        for _ in range(50_000):
            if come:
                break
            self.world.run(0.000_02)
        runtime.witness = note

    def slow_looks(self) -> None:
        """The stream will tell before a look does."""
        self.fault("OpenOrders", "slow", ms=4_000, count=3)

    def fault(self, where: str, what: str, **fields: Any) -> None:
        """Plants a fault of the exchange."""
        self.world.admin("POST", "faults", {"where": where, "what": what, **fields})
