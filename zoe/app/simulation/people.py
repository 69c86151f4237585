"""People in a story: at the desk's door, and at the exchange by hand."""

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from zoe.app.simulation.market import SYMBOL
from zoe.app.simulation.planting import SLOWEST_MS
from zoe.app.simulation.world import World

_AT_THE_DOOR: Final = (
    *("place", "place", "market", "amend", "cancel"),
    *("halt", "reduce", "flatten", "resume", "resume", "resume", "again"),
)
_AT_THE_EXCHANGE: Final = ("place", "place", "cancel", "amend", "all")
_REST_PAIR: Final = "XBTUSD"
#: So many keys of wishes there are: one that comes again names the same wish.
_KEYS: Final = 16


class People:
    """The people of a simulation, who give commands at the desk's door."""

    def __init__(self, world: World, rng: Random) -> None:
        self._halted_ns: int | None = None
        self._world = world
        self._rng = rng

    # At the desk's door

    def at_the_door(self) -> None:
        """Gives one command."""
        rng, world = self._rng, self._world
        match rng.choice(_AT_THE_DOOR):
            case "place":
                world.say("order.place", self._wish(limit=True))
            case "market":
                world.say("order.place", self._wish(limit=False))
            case "amend":
                price, quantity = str(self._price()), self._quantity()
                for order in self._open_order():
                    terms = {"limit_price": price, "quantity": quantity}
                    world.say("order.amend", {"order": order, **terms})
            case "cancel":
                for order in self._open_order():
                    world.say("order.cancel", {"order": order})
            case "halt":
                self._halt()
            case "resume":
                self.resume()
            case "again":
                self._twice()
            case command:  # reduce, flatten: by either orders pass that a halt would not let
                self._note_resumed()
                world.say(command, {"why": "simulation"})

    def _twice(self) -> None:
        key = f"00000000-0000-4000-8000-{self._rng.randrange(_KEYS):012x}"
        wish = {"pair": SYMBOL, "side": "buy", "quantity": "0.001", "limit_price": "50000"}
        for _ in range(2):
            self._world.say("order.place", wish, key)

    def _wish(self, *, limit: bool) -> dict[str, Any]:
        rng = self._rng
        wish: dict[str, Any] = {"pair": SYMBOL, "side": rng.choice(("buy", "sell"))}
        wish["quantity"] = self._quantity()
        if limit:
            wish["limit_price"] = str(self._price())
            wish["post_only"] = rng.random() < 0.5
            wish["time_in_force"] = (
                "gtc" if wish["post_only"] else rng.choice(("gtc", "ioc", "fok"))
            )
        return wish

    def _quantity(self) -> str:
        return f"0.00{self._rng.randint(1, 9)}"

    def _price(self) -> int:
        return self._rng.randint(89_500, 90_500)

    def _halt(self) -> None:
        answer = self._world.ask("halt", why="simulation")
        if answer["exit"] == 0 and self._halted_ns is None:
            self._halted_ns = self._world.wall_ns()

    def resume(self) -> None:
        """Orders pass again."""
        self._note_resumed()
        self._world.say("resume", {"why": "simulation"})

    def over(self) -> Sequence[tuple[int, int]]:
        """The halts, where nobody does anything any more."""
        self._note_resumed()
        return self._world.halts

    def _note_resumed(self) -> None:
        if self._halted_ns is not None:
            self._world.halts.append((self._halted_ns, self._world.wall_ns()))
            self._halted_ns = None

    # At the exchange

    def at_the_exchange(self) -> None:
        """One request on the account that is not the desk's."""
        rng, world = self._rng, self._world
        match rng.choice(_AT_THE_EXCHANGE):
            case "place":
                terms = {"type": rng.choice(("buy", "sell")), "volume": self._quantity()}
                price = str(self._price())
                world.hands.call(
                    "AddOrder", pair=_REST_PAIR, ordertype="limit", price=price, **terms
                )
            case "cancel":
                for order in self._open_order():
                    world.hands.call("CancelOrder", txid=order)
            case "amend":
                terms = {"order_qty": self._quantity(), "limit_price": str(self._price())}
                for order in self._open_order():
                    world.hands.call("AmendOrder", txid=order, **terms)
            case _:
                world.hands.call("CancelAll")

    def clear(self) -> None:
        """Cancels what was placed at the exchange, also what is still on its way there: the desk
        leaves it alone."""
        left_ns = self._world.hands.unanswered_ns + SLOWEST_MS * 1_000_000 - self._world.wall_ns()
        if left_ns > 0:
            self._world.run(left_ns / 1e9)
        self._world.hands.call("CancelAll")

    def _open_order(self) -> Sequence[str]:
        """The exchange's id of one of the orders that are open there; nothing without one."""
        open_orders = self._world.open_orders()
        return [self._rng.choice(open_orders)] if open_orders else []
