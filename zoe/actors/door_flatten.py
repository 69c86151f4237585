"""The Desk door's command ``flatten``: positions closed, order by order.

A part of the door, which owns it. It lets only what reduces through, cancels our working orders,
then asks RiskOfficer what would close the positions, places the first of these orders, waits until
it is concluded, and asks again: so nothing is sold twice, whatever became of the order before.
Each step is journalled under the command's key ahead of its order. Asked again under the same key
it goes on, or answers as it did; a client that goes away ends it after the order under way.
"""

from typing import Any, Final

import attrs
import msgspec

from zoe.actors.door_talks import DONE, FLATTEN, NO, Problem, Request, Talk, Talks
from zoe.domain.exposure import ZERO
from zoe.domain.flatten import Left, Plan, Step
from zoe.domain.ids import uuid_text
from zoe.domain.order import CONCLUDED, Intent, Order, OrderType, TimeInForce
from zoe.domain.order_record import canonical
from zoe.domain.order_wish import PERSON
from zoe.domain.quantity import Quantity, plain
from zoe.domain.risk import FLATTENING, TradingState
from zoe.domain.words import because, counted
from zoe.messages.journal import Hydrate, Hydrated, Record, Row
from zoe.messages.orders import AwaitNoOrders, CancelOwnOrders, OrderDenied, PlaceOrder
from zoe.messages.risk import FlattenPlanned, PlanFlatten, SetTradingState, TradingStateChanged
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

#: So often in a row a pair's order may come to nothing before its position is left.
TRIES: Final = 3
ENDED: Final = "flatten.ended"
#: Code of the answer where somebody wished for another state while it ran.
INTERRUPTED: Final = "interrupted"


@attrs.define
class Flattening:
    """How far a flatten has come.

    Attributes:
        version: Of the newest row under its key.
        was: The trading state that it began in.
        why: Why the trading state is what it is as long as it runs.
        stopped: The state that somebody wished for meanwhile; empty where nobody did.
        waits_for: The intent under way.
        fruitless: By pair: orders in a row that came to nothing, and why the last one did.
    """

    stream: str
    everything: bool
    version: int = 0
    was: str = TradingState.ACTIVE.value
    why: str = ""
    stopped: str = ""
    stage: str = "reading"
    waits_for: str | None = None
    pair: str = ""
    orders: list[dict[str, Any]] = attrs.field(factory=list)
    fruitless: dict[str, tuple[int, str]] = attrs.field(factory=dict)


class FlattenCommand:
    """Positions closed by hand."""

    def __init__(self, door: Actor, account_id: str, talks: Talks) -> None:
        self._door = door
        self._account_id = account_id
        self._talks = talks

    def begin(self, ref: int, request: Request) -> None:
        """Begins, goes on, or only tells what would be done."""
        everything = request.params.get("all") is True
        if request.params.get("dry_run") is True:
            self._tell("risk", PlanFlatten(ref, everything, as_if_canceled=True))
            return
        request = msgspec.structs.replace(request, key=self._talks.key(request))
        talk = self._talks[ref]
        talk.request = request
        if self._talks.same(ref, FLATTEN, request.key or "") is not None:
            return  # answered together with the first
        stream = f"flatten/{self._account_id}/{request.key}"
        talk.gathered["flatten"] = Flattening(stream, everything)
        self._tell("journal", Hydrate(ref, self._door.me, stream=stream))

    def hydrated(self, ref: int, answer: Hydrated, state: TradingState) -> None:
        """What was done under this key before."""
        talk = self._talks[ref]
        task = _task(talk)
        if answer.rows and answer.rows[-1].kind == ENDED:
            said = answer.rows[-1].body
            error = said.get("error")
            self._talks.answer(ref, said["exit"], said["result"], error and tuple(error))
            return
        task.version = len(answer.rows)
        if answer.rows:
            task.was = answer.rows[0].body["was"]
            task.everything = answer.rows[0].body["all"]
        else:
            task.was = state.value
            why = talk.request.params.get("why")
            begun = {"was": task.was, "all": task.everything, "why": why, "key": talk.request.key}
            self._record(task, "flatten.begun", begun)
        task.stage, task.why = "reducing", f"{FLATTENING}{talk.request.key}"
        self._set(TradingState.REDUCING, task.why)

    def withdraw(self, why: str) -> None:
        """Ends what has not begun: a halt or a resume that is given after it is the last word."""
        for ref, task in self._tasks():
            if task.stage == "reading":
                self._talks.answer(ref, NO, None, (INTERRUPTED, f"{why} before it began"))

    def changed_state(self, news: TradingStateChanged) -> None:
        """Only what reduces passes: our working orders are canceled; by any other state it ends."""
        for ref, task in self._tasks():
            match task.stage, news.state:
                case "reducing", TradingState.REDUCING:
                    task.stage = "canceling"
                    self._tell("orders", CancelOwnOrders("flatten"))
                    self._tell("orders", AwaitNoOrders())
                case "reducing", TradingState.HALTED:
                    task.was = news.state.value  # a moment before
                case (
                    ("canceling" | "planning" | "placing"),
                    (TradingState.HALTED | TradingState.ACTIVE),
                ):
                    task.stopped = news.state.value
                    if task.waits_for is None:
                        self._cut_short(ref, task)

    def nothing_left(self) -> None:
        """No order of ours is open: positions stand still."""
        for ref, task in self._tasks():
            if task.stage == "canceling":
                self._plan(ref, task)

    def planned(self, news: FlattenPlanned) -> None:
        """The next order, or the end."""
        talk = self._talks.get(news.ref)
        if talk is None:
            return
        if "flatten" not in talk.gathered:
            self._talks.answer(news.ref, DONE, _described(news.plan))
            return
        task = _task(talk)
        steps = [s for s in news.plan.steps if task.fruitless.get(s.pair, (0, ""))[0] < TRIES]
        if steps:
            self._place(task, steps[0])
        else:
            self._end(news.ref, task, news.plan)

    def changed(self, order: Order) -> None:
        """An order of a flatten is concluded."""
        if order.state in CONCLUDED:
            word = f"{order.state.value}: {order.reason}" if order.reason else order.state.value
            self._concluded(order.intent.intent_id, plain(order.filled.value), word)

    def denied(self, denial: OrderDenied) -> None:
        """RiskOfficer has denied an order of a flatten."""
        self._concluded(denial.intent.intent_id, "0", because(denial.code, denial.values))

    def forgotten(self, intent_id: str) -> None:
        """An order of a flatten was never sent."""
        self._concluded(intent_id, "0", "it was never sent")

    def _tasks(self) -> list[tuple[int, Flattening]]:
        talks = self._talks.of(FLATTEN)
        return [(ref, _task(talk)) for ref, talk in talks if "flatten" in talk.gathered]

    def _plan(self, ref: int, task: Flattening) -> None:
        task.stage = "planning"
        self._tell("risk", PlanFlatten(ref, task.everything))

    def _place(self, task: Flattening, step: Step) -> None:
        intent = Intent(
            intent_id=uuid_text(self._door.rng.getrandbits(128)),
            source=PERSON,
            slot=None,
            pair=step.pair,
            side=step.side,
            order_type=OrderType.LIMIT,
            quantity=Quantity(step.quantity),
            limit_price=step.limit_price,
            time_in_force=TimeInForce.IOC,
            decision=f"{task.stream}@{task.version + 1}",
        )
        self._record(task, "flatten.step", {"intent_id": intent.intent_id, **_line(step)})
        task.stage, task.waits_for, task.pair = "placing", intent.intent_id, step.pair
        task.orders.append({"intent_id": intent.intent_id, **_line(step)})
        self._tell("risk", PlaceOrder(intent, self._door.me))

    def _concluded(self, intent_id: str, filled: str, outcome: str) -> None:
        for ref, task in self._tasks():
            if task.waits_for != intent_id:
                continue
            task.waits_for = None
            task.orders[-1] |= {"filled_quantity": filled, "outcome": outcome}
            tries = 0 if filled != "0" else task.fruitless.get(task.pair, (0, ""))[0] + 1
            task.fruitless[task.pair] = (tries, outcome)
            if task.stopped:
                self._cut_short(ref, task)
            else:
                self._plan(ref, task)

    def _cut_short(self, ref: int, task: Flattening) -> None:
        """Ends at once: the state is what somebody else wished for, and stays so."""
        error = (INTERRUPTED, f"the desk is {task.stopped} since; positions may be left")
        self._conclude(ref, task, NO, (task.stopped, []), error)

    def _end(self, ref: int, task: Flattening, plan: Plan) -> None:
        left = [_left(one) for one in plan.left]
        sums: dict[str, list[Step]] = {}
        for step in plan.steps:
            sums.setdefault(step.pair, []).append(step)
        for pair, steps in sums.items():
            quantity = plain(sum((step.quantity * step.times for step in steps), ZERO))
            left.append({"name": pair, "quantity": quantity, "reason": task.fruitless[pair][1]})
        closed = not plan.steps and all(one.small for one in plan.left)
        error = None if closed else ("not_flat", f"{counted(len(left), 'position')} not closed")
        state = TradingState.REDUCING
        if task.was == TradingState.HALTED.value:
            state = TradingState.HALTED
            self._set(state, "flatten has ended: halted as before", task.why)
        else:
            # From here on strategies look after what is left again.
            self._set(state, "after a flatten", task.why)
        self._conclude(ref, task, DONE if closed else NO, (state.value, left), error)

    def _conclude(
        self,
        ref: int,
        task: Flattening,
        code: int,
        outcome: tuple[str, list[dict[str, Any]]],
        error: Problem | None,
    ) -> None:
        state, left = outcome
        result = {"state": state, "orders": task.orders, "left": left}
        self._record(task, ENDED, {"exit": code, "result": result, "error": error})
        log.info("door.flattened", orders=len(task.orders), left=len(left))
        self._talks.answer(ref, code, result, error)

    def _set(self, state: TradingState, why: str, instead_of: str | None = None) -> None:
        key = uuid_text(self._door.rng.getrandbits(128))
        self._tell("risk", SetTradingState(state, why, key, self._door.me, instead_of))

    def _record(self, task: Flattening, kind: str, body: dict[str, Any]) -> None:
        task.version += 1
        row = Row(task.stream, task.version, kind, canonical(body))
        self._tell("journal", Record((row,)))

    def _tell(self, name: str, message: Any) -> None:
        self._door.tell(self._door.find(name), message)


def _task(talk: Talk) -> Flattening:
    task: Flattening = talk.gathered["flatten"]
    return task


def _described(plan: Plan) -> dict[str, Any]:
    """A plan that is only told."""
    orders = [{**_line(step), "times": step.times} for step in plan.steps]
    return {"orders": orders, "left": [_left(o) for o in plan.left]}


def _line(step: Step) -> dict[str, Any]:
    return {
        "pair": step.pair,
        "side": step.side.value,
        "quantity": plain(step.quantity),
        "limit_price": str(step.limit_price),
    }


def _left(left: Left) -> dict[str, Any]:
    return {"name": left.name, "quantity": plain(left.quantity), "reason": left.reason}
