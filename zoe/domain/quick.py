"""Constructors of frozen classes that are made by the thousand, in a quarter of the time.

A frozen attrs class sets each of its fields by ``object.__setattr__``. A twin of the same slots
sets them as any object does, and becomes the class itself before anybody has seen it.
"""

from typing import Any, Final, TypeVar, cast

import attrs

T = TypeVar("T")
_FACTORY: Final[type[Any]] = type(attrs.Factory(list))
# Written out field by field, as attrs writes its own constructors: a loop would take all that is won.
# All names but the fields' own begin with an underscore; no field's does.
_MAKE: Final = """
def make({given}):
    _made = _new(_twin)
    {stores}
    _made.__class__ = _kind
    {check}
    return _made
"""


def quick(kind: type[T]) -> type[T]:
    """Makes instances of ``kind``: the same arguments, defaults and result.

    Args:
        kind: Frozen, slotted without one for weak references, which lies elsewhere. It neither
            converts nor validates its fields; what looks at all of them afterwards does so here,
            too, and sets those that are not given.
    """
    fields = attrs.fields(kind)  # type: ignore[arg-type]  # an attrs class, as is said above
    assert all(f.converter is None and f.validator is None for f in fields), kind
    assert all(f.init or f.default is attrs.NOTHING for f in fields), kind
    assert not any(f.alias != f.name for f in fields), kind
    by_name = any(f.kw_only for f in fields)
    assert not by_name or all(f.kw_only for f in fields), kind
    assert not any(getattr(f.default, "takes_self", False) for f in fields), kind
    looks = getattr(kind, "__attrs_post_init__", None)
    layout: dict[str, Any] = {"slots": True, "weakref_slot": False, "eq": False, "repr": False}
    names = [field.name for field in fields]
    twin = attrs.make_class(kind.__name__, names, bases=kind.__bases__, **layout)
    known: dict[str, Any] = {
        "_new": object.__new__,
        "_twin": twin,
        "_kind": kind,
        "_none": object(),
        "_look": looks,
    }
    given, stores = ["*"] if by_name else [], []
    for name, default in ((field.name, field.default) for field in fields if field.init):
        made_anew = isinstance(default, _FACTORY)
        known[f"_its_{name}"] = default.factory if made_anew else default
        if made_anew:
            given.append(f"{name}=_none")
            stores.append(f"_made.{name} = _its_{name}() if {name} is _none else {name}")
        else:
            given.append(name if default is attrs.NOTHING else f"{name}=_its_{name}")
            stores.append(f"_made.{name} = {name}")
    check = "_look(_made)" if looks else ""
    source = _MAKE.format(given=", ".join(given), stores="; ".join(stores), check=check)
    exec(source, known)  # noqa: S102  # made of nothing but the names of fields
    return cast(type[T], known["make"])
