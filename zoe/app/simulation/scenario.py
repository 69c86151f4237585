"""One seed's story: desks that trade, are killed and faulted, then settle and are audited."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import attrs

from zoe.actors.strategist import StrategyConfig
from zoe.app.simulation import acts
from zoe.app.simulation.auditor.audit import audit, evidence
from zoe.app.simulation.censor import Censor
from zoe.app.simulation.clocks import WrongClock
from zoe.app.simulation.crowd import Crowd
from zoe.app.simulation.crowd import State as CrowdState
from zoe.app.simulation.doubts import Doubt, doubts
from zoe.app.simulation.kit import play
from zoe.app.simulation.market import BUSY, SLOW, STILL, SYMBOL, SmallMarket
from zoe.app.simulation.people import People
from zoe.app.simulation.planting import LOOKS, plant
from zoe.app.simulation.steps import DyingJournal, walk
from zoe.app.simulation.world import NotInTime, Setting, World
from zoe.domain.strategy.quote_keeper import Params, QuoteKeeper
from zoe.domain.strategy.quote_keeper import State as KeeperState
from zoe.ports.journal import JournalStore
from zoe.runtime.virtual import EPOCH_NS
from zoe.store.in_memory import Fate, FaultyJournal

#: Leads a desk somewhere with the censor's help; says what it is called.
Script = Callable[[World, Censor], str]

KINDS: Final = (
    *("kills", "requests", "streams", "store", "crashes", "people", "status"),
    *("looks", "hands", "clock"),
)
#: ``all`` is a swarm: each seed switches each kind on or off, most often on; but not these, after
#: which a desk waits for long, and a story tells of fewer orders.
SHARE: Final = 0.6
SHARES: Final = {"looks": 0.25, "hands": 0.35, "clock": 0.15}
PROFILES: Final = ("none", "all", "kit", "steps", *KINDS)
#: Every so many seeds of ``all`` play a script of the kit instead.
KIT_EVERY: Final = 5
_FATES: Final = (*[Fate.DONE] * 8, Fate.FAILED, Fate.ANSWER_LOST, Fate.REQUEST_LOST)
_ACTORS: Final = (
    *("gateway", "ratelimiter", "reconciler", "risk", "orders", "repositioner"),
    *("market", "ledger", "catalogue", "door", "heartbeat"),
)
_STATUSES: Final = ("online", "cancel_only", "post_only", "limit_only", "maintenance")
#: So many of the maintenances lose an order.
LOSSES: Final = 0.7
#: A desk that has not settled after this never will: longer than the Reconciler's period.
_SETTLE_SECONDS: Final = 70
#: Two looks in a row: what a list shows against the stream counts only where two agree.
_LAST_LOOKS: Final = 2
#: Strangers are known by then, whom a look has shown.
_STRANGERS_WAIT_SECONDS: Final = 4
#: What may still be said of an order that has ended, and what a sign of an unknown one waits for.
_LINGER_SECONDS: Final = 6
ALIVE_SECONDS: Final = 90
#: How long a seed without faults trades: about as long as the exchange's counter lets it trade at
#: its pace.
CLEAN_SECONDS: Final = 10
#: How far lists lag where looks are faulted: a desk reckons with three seconds.
LAG_MS: Final = (0, 3_000)
#: Least and most orders a side that a crowd wants.
CROWD: Final = (4, 8)


@attrs.define
class Story:
    """What happened in one seed; ``violations`` is empty where all went well."""

    seed: int
    orders: int = 0
    fills: int = 0
    faults: Counter[str] = attrs.field(factory=Counter)
    crashes: int = 0
    virtual_seconds: int = 0
    messages: int = 0
    hash: str = ""
    violations: list[str] = attrs.field(factory=list)
    tier: str = ""
    doubts: list[Doubt] = attrs.field(factory=list)
    rows: list[tuple[Any, ...]] = attrs.field(factory=list, repr=False)

    @property
    def verdict(self) -> str:
        """``ok`` or ``violation``."""
        return "violation" if self.violations else "ok"


def kinds_of(profile: str, rng: random.Random) -> frozenset[str]:
    """The kinds of faults that a seed has."""
    if profile == "all":
        return frozenset(kind for kind in KINDS if rng.random() < SHARES.get(kind, SHARE))
    return frozenset() if profile in ("none", "kit", "steps") else frozenset({profile})


def setting_of(seed: int, profile: str, rng: random.Random) -> Setting:
    """The desk's strategy, its tier and its market: busy ones, and now and then the real one."""
    tier = "starter" if profile != "none" and rng.random() < 0.2 else "pro"
    if profile != "none" and rng.random() < 0.25:
        keeper = QuoteKeeper(Params(pair=SYMBOL, half_spread_bps=1, refresh_bps=1))
        strategy = StrategyConfig("quote_keeper", keeper, KeeperState)
        return Setting(strategy, SmallMarket(seed, SLOW), tier)
    crowd = Crowd(SYMBOL, rng.randint(*CROWD))
    return Setting(StrategyConfig("crowd", crowd, CrowdState), SmallMarket(seed, BUSY), tier)


def script_of(seed: int, profile: str) -> int | None:
    """Which script of the kit a seed plays; None where it is a swarm."""
    if profile == "kit":
        return seed
    return seed // KIT_EVERY if profile == "all" and seed % KIT_EVERY == 0 else None


def still_setting(seed: int) -> Setting:
    """A strategy that wants nothing, and a market that stands still."""
    strategy = StrategyConfig("crowd", Crowd(SYMBOL, 0), CrowdState)
    return Setting(strategy, SmallMarket(seed, STILL))


def tell(
    seed: int,
    profile: str = "all",
    tell_line: Callable[[str], None] | None = None,
    told: Sequence[acts.Moment] | None = None,
) -> Story:
    """Runs one seed from beginning to audit.

    Args:
        told: What happens, instead of what the seed makes of the profile.
    """
    if told is not None:
        return _Teller(seed, "none", tell_line, partial(acts.play, moments=told)).tell()
    number = script_of(seed, profile)
    script = None if number is None else partial(play, number=number)
    return _Teller(seed, profile, tell_line, script).tell()


class _Teller:
    def __init__(
        self,
        seed: int,
        profile: str,
        tell_line: Callable[[str], None] | None,
        script: Script | None,
    ) -> None:
        self._rng = random.Random(seed)
        self._kinds = kinds_of(profile, self._rng)
        self._story = Story(seed)
        self._dying: DyingJournal | None = None
        self._faulty_store: FaultyJournal | None = None
        setting = setting_of(seed, profile, self._rng)
        self._crash_names = (*_ACTORS, f"strategy/{setting.strategy.name}")
        self._profile = profile
        self._script = script
        if self._script is not None or profile == "steps":
            self._kinds = frozenset()
            setting = still_setting(seed)
        if "looks" in self._kinds:
            setting = attrs.evolve(setting, lag_ms=LAG_MS)
        self._clock = WrongClock(self._rng) if "clock" in self._kinds else None
        #: When it was set (the exchange's time).
        self._clock_set_ns: list[int] = []
        if self._clock is not None:
            setting = attrs.evolve(setting, clock=self._clock)
        self._story.tier = setting.tier
        self._world = World(seed, setting, self._faulty, tell_line)
        self._people = People(self._world, self._rng)

    def tell(self) -> Story:
        try:
            if self._profile == "steps":
                walk(self._world)
                assert self._dying is not None, "the first desk's journal is the one that dies"
                self._dying.disarm()
            elif self._script is not None:
                self._play(self._script)
            else:
                self._trade()
            self._settle()
        except NotInTime as problem:
            self._story.violations.append(f"did not settle: {problem}")
        self._audit()
        return self._story

    def _play(self, script: Script) -> None:
        """A script, on a desk that wants nothing by itself."""
        censor = self._world.censor = Censor()
        self._world.start()
        self._world.ready()
        self._story.faults[script(self._world, censor)] += 1

    # Trading under faults

    def _trade(self) -> None:
        world, rng = self._world, self._rng
        for _ in range(rng.randint(2, 5) if "kills" in self._kinds else 1):
            world.start()
            plant(world, self._kinds, rng, self._story.faults)
            if rng.random() < 0.8 and not world.is_away:
                self._wait_a_while()
            if not self._kinds:
                world.run(CLEAN_SECONDS)
            for _ in range(rng.randint(1, 4)):
                world.run(rng.uniform(0, 6))
                self._disturb()
            if "kills" in self._kinds:
                self._die()

    def _wait_a_while(self) -> None:
        """Waits until the desk is reconciled, if that comes soon."""
        world = self._world
        with contextlib.suppress(NotInTime):
            world.until(lambda: world.is_ready, seconds=20)

    def _disturb(self) -> None:
        if "crashes" in self._kinds and self._rng.random() < 0.3:
            self._world.runtime.crash(self._rng.choice(self._crash_names))
            self._story.crashes += 1
            self._story.faults["crash"] += 1
        if "status" in self._kinds and self._rng.random() < 0.3:
            status = self._rng.choice(_STATUSES)
            self._world.admin("POST", "status", {"status": status})
            self._story.faults[status] += 1
            if status == "maintenance" and self._rng.random() < LOSSES:
                self._lose()
        if self._clock is not None and self._rng.random() < 0.6:
            self._clock.step()
            self._clock_set_ns.append(self._world.wall_ns())
            self._story.faults["clock set"] += 1
        if "people" in self._kinds and self._world.is_ready:
            self._people.at_the_door()
        if "hands" in self._kinds and self._rng.random() < 0.6:
            self._people.at_the_exchange()

    def _lose(self) -> None:
        """The exchange comes back without one of the orders that it had acknowledged."""
        world = self._world
        known = [i for i in world.open_orders() if world.is_known(i)]
        if known:
            world.admin("POST", "lose", {"order_id": known[0]})
            self._story.faults["lost order"] += 1

    # Faults of the world

    def _faulty(self, store: JournalStore) -> JournalStore:
        if self._profile == "steps" and self._world.boots == 1:
            step, before = self._story.seed // 2 + 1, self._story.seed % 2 == 1
            self._dying = DyingJournal(store, step, self._die, before=before)
            return self._dying
        if "store" not in self._kinds:
            return store
        fates = [self._rng.choice(_FATES) for _ in range(self._rng.randrange(60))]
        self._story.faults["store"] += sum(fate is not Fate.DONE for fate in fates)
        self._faulty_store = FaultyJournal(store, fates)
        return self._faulty_store

    def _die(self) -> None:
        self._world.kill()
        self._story.crashes += 1
        self._story.faults["kill"] += 1

    # The end

    def _settle(self) -> None:
        """Faults end; the desk starts once more, goes on trading, and is halted."""
        world = self._world
        world.admin("DELETE", "faults", {})
        world.admin("POST", "status", {"status": "online"})
        if world.is_dead:
            world.start()
        world.ready()
        self._people.resume()
        if "hands" in self._kinds:
            self._people.clear()
        if self._script is None and self._profile != "steps":
            self._trades_again()
        world.market.pace = STILL
        answer = world.ask("halt", why="settling")
        if answer["exit"] != 0:
            self._story.violations.append(f"the halt was answered with {answer}")
        self._calms_down()
        if world.runtime.code is not None:
            self._story.violations.append(f"the desk ended with {world.runtime.code}")

    def _calms_down(self) -> None:
        """Waits until every order has ended and looks find nothing new, then for a while of
        silence.

        What is not calm in time is left as it is: the auditor has its say about that.
        """
        world = self._world
        if self._faulty_store is not None:
            self._faulty_store.fates.clear()
        with contextlib.suppress(NotInTime):
            for _ in range(_LAST_LOOKS):
                self._looks_once_more()
            world.run(_LINGER_SECONDS)
            world.until(world.is_calm, _SETTLE_SECONDS)

    def _looks_once_more(self) -> None:
        """A whole look; one that shows strangers is none, and there is one again when they are known.

        Raises:
            NotInTime: There is none.
        """
        is_over = partial(self._world.looked_since, self._world.want_look())
        with contextlib.suppress(NotInTime):
            self._world.until(is_over, _STRANGERS_WAIT_SECONDS)
        if not is_over():
            self._world.want_look()
        self._world.until(is_over, _SETTLE_SECONDS)

    def _trades_again(self) -> None:
        """A desk that the faults have left must come back to life by itself."""
        world = self._world
        placed = self._placed()
        try:
            world.until(lambda: self._placed() > placed, ALIVE_SECONDS)
        except NotInTime:
            self._story.violations.append(f"no order within {ALIVE_SECONDS} s after the faults")

    def _placed(self) -> int:
        accounts = self._world.exchange.world.accounts.by_name.values()
        return sum(len(account.orders) for account in accounts)

    def _audit(self) -> None:
        world, story = self._world, self._story
        story.rows = world.evidence_rows()
        found = evidence(world.memory.lines(), story.rows, self._people.over(), world.hands.counts)
        world.runtime.log.seal()
        story.violations += audit(found) + world.causes.violations()
        held = [(begin + EPOCH_NS, end + EPOCH_NS) for begin, end in world.causes.held]
        faulted = [r["ns"] for r in found.of("request") if r["fault"] and r.get("path") in LOOKS]
        story.doubts = doubts(story.rows, held, world.away, faulted, self._clock_set_ns)
        story.orders = len(found.of("order_accepted"))
        story.fills = len(found.of("fill"))
        story.virtual_seconds = world.virtual_seconds()
        story.messages = world.turns + len(world.runtime.log)
        story.hash = world.digest()
