"""Arbitrary script values for round trips, and a form in which two of them can be compared."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from interp.runtime.values import Array, Map, Record, Table, dict_items, dict_set, make_table, map_items

TEXT = st.one_of(st.binary(max_size=6), st.sampled_from([b"a", b"null", b"name", b"_x9", b"9", b"array"]))
# SGSON writes a keyword as a bare key and then refuses it (chapter 04 section 8)
KEYWORDS = (b"null", b"true", b"false")
KEYS = TEXT.filter(lambda text: text not in KEYWORDS)
INTS = st.one_of(st.integers(-3, 3), st.integers(-(1 << 63), (1 << 63) - 1))
SCALARS = st.one_of(st.none(), st.booleans(), INTS, st.floats(allow_nan=False), TEXT)


def _no_keyword(key: Any) -> bool:
    return type(key) is not bytes or key not in KEYWORDS


def descriptions(scalars: Any = SCALARS) -> Any:
    """Descriptions of values: scalars, and tuples of a container's kind and its parts."""
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.tuples(st.just("array"), st.lists(inner, max_size=20)),
            st.tuples(st.sampled_from(["dict", "record"]), st.lists(st.tuples(KEYS, inner), max_size=4)),
            st.tuples(st.just("map"), st.lists(st.tuples(inner.filter(_no_keyword), inner), max_size=4)),
        ),
        max_leaves=25,
    )


def build(core: Any, description: Any) -> Any:
    """The script value of a description."""
    if type(description) is not tuple:
        return description
    kind, parts = description
    if kind == "array":
        return core.array([build(core, part) for part in parts])
    if kind == "map":
        return core.map(*[build(core, part) for pair in parts for part in pair])
    entries = [(key, build(core, part)) for key, part in parts]
    if kind == "dict":
        return make_table(entries)
    record = Record()
    for key, part in entries:
        dict_set(record, key, part)
    return record


def plain(value: Any, real: Any = repr) -> Any:
    """Types, contents and order of a value as nested Python tuples; `real` shows reals."""
    if isinstance(value, Array):
        return ("array", [plain(item, real) for item in value])
    if isinstance(value, Map):
        return ("map", [(plain(key, real), plain(item, real)) for key, item in map_items(value)])
    if isinstance(value, (Table, Record)):
        return ("dict", [(key, plain(item, real)) for key, item in dict_items(value)])
    if type(value) is float:
        return real(value)
    return (type(value).__name__, value)
