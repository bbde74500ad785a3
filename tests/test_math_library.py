"""Library `math` (chapter 07 section 2) against Python's own `math`, and the warnings outside of the domains."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp.runtime import state
from interp.runtime.values import Array
from stdlib.math import library

REALS = st.floats(allow_nan=True, allow_infinity=True)
FUNCTIONS = library.functions
ONE_ARGUMENT = sorted(set(FUNCTIONS) - {"pow", "log", "atan2"})

collected: list[bytes] = []


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    """A world without scripts whose messages are collected."""
    made = state.World()
    made.array_type = Array
    made.message_hook = lambda kind, level, text, frames: collected.append(text) or True
    before = state.switch(made.root)
    collected.clear()
    yield
    state.switch(before)


def call(name: str, *args: Any) -> Any:
    collected.clear()
    return FUNCTIONS[name](None, *args)


def same(a: Any, b: float) -> bool:
    """Whether `a` is the real `b`: a NaN is a NaN, and zeros have signs."""
    if type(a) is not float or math.isnan(b):
        return type(a) is float and math.isnan(a)
    return a == b and math.copysign(1, a) == math.copysign(1, b)


@given(REALS)
def test_plain_functions_are_those_of_python(x: float) -> None:
    assert same(call("abs", x), math.fabs(x))
    assert same(call("atan", x), math.atan(x))
    for name in ("sin", "cos", "tan"):
        assert same(call(name, x), math.nan if math.isinf(x) else getattr(math, name)(x))


@given(REALS, REALS)
def test_atan2(y: float, x: float) -> None:
    assert same(call("atan2", y, x), math.atan2(y, x))


@pytest.mark.parametrize("name", ONE_ARGUMENT)
@given(x=REALS)
def test_every_function_gives_a_real_or_one_warning(name: str, x: float) -> None:
    result = call(name, x)
    if result is None:
        assert collected == [f"{name}(): mathematical error".encode()]
    else:
        assert type(result) is float and not collected


@given(REALS, REALS)
def test_pow_and_log_give_a_real_or_one_warning(a: float, b: float) -> None:
    result = call("pow", a, b)
    refused = (a < 0 and math.isfinite(b) and b != math.floor(b)) or (a == 0 and b < 0)
    assert (result is None) == refused == bool(collected)
    result = call("log", a, b)
    refused = a <= 0 or b <= 0 or b == 1
    assert (result is None) == refused == bool(collected)


@given(st.integers(-(2**63), 2**63 - 1))
def test_ints_become_reals(n: int) -> None:
    for name in ("abs", "floor", "ceil", "round"):
        assert type(call(name, n)) is float
    assert call("floor", n) == float(n)


@given(st.floats(-1e15, 1e15))
def test_rounding(x: float) -> None:
    assert call("floor", x) == math.floor(x)
    assert call("ceil", x) == math.ceil(x)
    assert call("round", x) == math.floor(x + 0.5)


def test_rounding_keeps_infinities_and_negative_zero() -> None:
    for name in ("floor", "ceil", "round"):
        assert call(name, math.inf) == math.inf and call(name, -math.inf) == -math.inf
        assert math.isnan(call(name, math.nan))
    assert same(call("ceil", -0.25), -0.0)
    assert same(call("floor", -0.0), -0.0)
    assert [call("round", x) for x in (2.5, -2.5, -1.5, -0.5)] == [3, -2, -1, 0]


def test_overflow_is_an_infinity() -> None:
    assert call("exp", 1000) == math.inf and call("exp", -1000) == 0
    assert call("pow", 10, 400) == math.inf and call("pow", 10, -400) == 0
    assert call("pow", -10, 401) == -math.inf and call("pow", -10, 400) == math.inf
    assert call("pow", 0, 0) == 1 and call("pow", -2, math.inf) == math.inf
    assert call("log", math.inf, 2) == math.inf
    assert not collected


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("sqrt", (-1,)),
        ("asin", (1.001,)),
        ("acos", (-2,)),
        ("pow", (-8, 0.5)),
        ("pow", (0, -1)),
        ("log", (0, 2)),
        ("log", (4, 0)),
        ("log", (4, 1)),
    ],
)
def test_domain_errors(name: str, args: tuple[float, ...]) -> None:
    assert call(name, *args) is None
    assert collected == [f"{name}(): mathematical error".encode()]


def test_arguments_are_converted() -> None:
    assert call("abs", b"-12.5") == 12.5 and call("sqrt", b"0x10") == 4 and call("abs", True) == 1
    assert call("pow", 2, 3, b"ignored") == 8
    assert call("abs", None) is None and collected == [b"abs(): argument 1 - expected real, got null"]
    assert call("pow", 2) is None and collected == [b"pow(): argument 2 - expected real, got nothing"]
    assert call("log", 5) is None and collected == [b"log(): argument 2 - expected real, got nothing"]


def test_angles_and_constants() -> None:
    assert library.constants == {"M_PI": math.pi, "M_E": math.e}
    assert call("deg2rad", 180) == math.pi and call("rad2deg", math.pi) == 180
    assert call("deg2rad", 30) == 30 * math.pi / 180 and call("rad2deg", 1) == 180 / math.pi
