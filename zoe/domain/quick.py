"""Constructors of frozen classes that are made by the thousand, in a third of the time.

A frozen attrs class sets each of its fields by ``object.__setattr__``. A twin of the same slots
sets them as any object does, and becomes the class itself before anybody has seen it.
"""

from typing import Any, TypeVar, cast

import attrs

T = TypeVar("T")


def quick(kind: type[T]) -> type[T]:
    """Makes instances of ``kind``: the same arguments, defaults and result.

    Args:
        kind: Frozen, slotted without one for weak references, which lies elsewhere, and neither
            converts nor validates what it is given.
    """
    fields = attrs.fields(kind)  # type: ignore[arg-type]  # an attrs class, as is said above
    assert all(f.converter is None and f.validator is None and f.init for f in fields), kind
    assert not hasattr(kind, "__attrs_post_init__"), kind

    def become(self: Any) -> None:
        self.__class__ = kind

    these = {f.name: attrs.field(default=f.default) for f in fields}
    body = {"__attrs_post_init__": become}
    layout: dict[str, Any] = {"slots": True, "weakref_slot": False, "eq": False, "repr": False}
    twin = attrs.make_class(kind.__name__, these, bases=kind.__bases__, class_body=body, **layout)
    return cast(type[T], twin)
