"""A stored decision made once more: the same wants bit for bit, or why not."""

import json
from collections.abc import Mapping
from typing import Any

import attrs

from zoe.actors.strategist_rows import shown_want, unpacked
from zoe.app.engines import code_digest, digest
from zoe.domain.errors import ConfigError
from zoe.domain.strategy import record
from zoe.domain.strategy.view import Engine, View, Want


@attrs.frozen
class Again:
    """A decision made once more: what it wants, or why that is not what was journalled.

    Attributes:
        problem: Why it is not the same, or could not be made; None where it is.
    """

    wants: tuple[Mapping[str, str], ...] = ()
    problem: str | None = None


def decide_again(body: Mapping[str, Any], engine: Engine | None) -> Again:
    """Decides on the View and the state that a decision's row has kept."""
    if engine is None or "made" not in body:
        return Again(problem=f"{body.get('strategy')} keeps no views: nothing to decide on")
    params = digest(getattr(engine, "params", None))
    if params != body["params"]:
        return Again(problem=f"made with parameters {body['params']}, those in force are {params}")
    made = json.loads(unpacked(body["made"]))
    try:
        view = record.read(View, made["view"])
        state = record.read_state(engine.state_type, made["state"])
        wants = record.read(tuple[Want, ...], made["wants"])
        if record.digest(view) != body["view_digest"]:
            return Again(problem="the stored View is not the one that was seen")
        decision = record.again(engine, state, view, wants)
    except (ConfigError, record.DecisionDiffers) as problem:
        code = code_digest()
        other = "" if body["code"] == code else f"made by code {body['code']}, this is {code}: "
        return Again(problem=f"{other}{problem}")
    return Again(tuple(shown_want(want, view) for want in decision.wants))
