"""JSON texts, broken in the ways that texts break; and numbers that no library of ours writes."""

import json
import re
from typing import Any

from hypothesis import strategies as st

#: Numbers no JSON library of ours would write: they stand in the text as they are.
WILD_NUMBERS = st.sampled_from(
    ["1e999", "-1e999", "1e-999", "1e99999999999999999999", "1E400", "-0", "0e0", "1e41",
     "123456789012345678901234567890.123456789", "9" * 400, "18446744073709551616", "0.1e1"]
).map(lambda text: f"@@{text}@@")  # fmt: skip
WILD_TEXTS = st.sampled_from(
    [
        "NaN",
        "sNaN",
        "-Infinity",
        "1e999999999",
        "",
        " 1",
        "1_0",
        "\N{ARABIC-INDIC DIGIT ONE}",
        "\x00",
        "\ud7ff" * 3,
        "None",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text(max_size=8)
    | WILD_NUMBERS | WILD_TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def text_of(value: object) -> str:
    return re.sub(r'"@@([^@"]+)@@"', r"\1", json.dumps(value))


def places(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a value, itself included."""
    found = [at]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*at, index))
    return found


def replaced(value: Any, at: tuple[Any, ...], new: object) -> Any:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


@st.composite
def damaged(draw: st.DrawFn, whole: Any) -> bytes:
    """The text of ``whole``, broken in one of the ways that texts break."""
    kind = draw(st.sampled_from(("wrong", "missing", "twice", "cut", "noise", "page", "deep")))
    at = draw(st.sampled_from(places(whole)))
    if kind == "wrong":
        return text_of(replaced(whole, at, draw(ANYTHING))).encode(errors="replace")
    text = text_of(whole)
    if kind == "missing":
        return re.sub(r'"\w+":', '"gone":', text, count=draw(st.integers(1, 12))).encode()
    if kind == "twice":
        return re.sub(r'("\w+":)', r"\1 null,\1", text, count=draw(st.integers(1, 12))).encode()
    raw = text.encode()
    if kind == "cut":
        return raw[: draw(st.integers(0, len(raw)))]
    if kind == "noise":
        spot = draw(st.integers(0, len(raw) - 1))
        return raw[:spot] + draw(st.binary(min_size=1, max_size=4)) + raw[spot + 1 :]
    if kind == "page":
        return draw(st.sampled_from((b"<html>502 Bad Gateway</html>", b"error code: 1015", b"")))
    return text_of(replaced(whole, at, "@@deep@@")).replace("deep", "[" * 2_000).encode()
