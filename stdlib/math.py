"""Library `math` (chapter 07 section 2): real functions of reals.

Rule of this file: every function gives a real or warns `mathematical error` and gives null, nothing else; an
overflow is an infinity, and no Python exception leaves a body.
"""

from __future__ import annotations

import math

from interp.library import Library, warning

library = Library("math", doc="Real functions: rounding, powers, logarithms, trigonometry (chapter 07 section 2).")

library.shortcuts = {"$m_sqrt": math.sqrt, "$m_sin": math.sin, "$m_cos": math.cos}

library.constant("M_PI", math.pi)
library.constant("M_E", math.e)


def _domain() -> None:
    return warning(b"mathematical error")


@library.function("abs( real x )")
def absolute(x: float) -> float:
    """The absolute value of a real."""
    return math.fabs(x)


@library.function("floor( real x )")
def floor(x: float) -> float:
    """The largest whole value not above `x`, as a real."""
    # int() drops the sign of a zero, which the result must keep
    return math.copysign(float(math.floor(x)), x) if math.isfinite(x) else x


@library.function("ceil( real x )")
def ceil(x: float) -> float:
    """The smallest whole value not below `x`, as a real; `ceil( -0.25 )` is negative zero."""
    return math.copysign(float(math.ceil(x)), x) if math.isfinite(x) else x


@library.function("round( real x )")
def round_half_up(x: float) -> float:
    """`floor( x + 0.5 )`: halves go up."""
    shifted = x + 0.5
    return math.copysign(float(math.floor(shifted)), shifted) if math.isfinite(shifted) else shifted


@library.function("pow( real b, real e )")
def power(b: float, e: float) -> float | None:
    """`b` to the power `e`. Warns for a negative base with a broken exponent and for zero to a negative power."""
    if (b < 0 and math.isfinite(e) and not e.is_integer()) or (b == 0 and e < 0):
        return _domain()
    try:
        return math.pow(b, e)
    except OverflowError:
        return -math.inf if b < 0 and math.fmod(e, 2.0) != 0 else math.inf
    except ValueError:
        return math.nan


@library.function("sqrt( real x )")
def square_root(x: float) -> float | None:
    """The square root. Warns for negative numbers."""
    return _domain() if x < 0 else math.sqrt(x)


@library.function("exp( real x )")
def exponential(x: float) -> float:
    """e to the power `x`."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


@library.function("log( real x, real base )")
def logarithm(x: float, base: float) -> float | None:
    """ln(x) / ln(base). Warns unless both are positive and the base is not 1."""
    if x <= 0 or base <= 0 or base == 1:
        return _domain()
    return math.log(x) / math.log(base)


@library.function("sin( real x )")
def sine(x: float) -> float:
    """The sine of `x` radians; NaN for an infinity."""
    return math.nan if math.isinf(x) else math.sin(x)


@library.function("cos( real x )")
def cosine(x: float) -> float:
    """The cosine of `x` radians; NaN for an infinity."""
    return math.nan if math.isinf(x) else math.cos(x)


@library.function("tan( real x )")
def tangent(x: float) -> float:
    """The tangent of `x` radians; NaN for an infinity."""
    return math.nan if math.isinf(x) else math.tan(x)


@library.function("asin( real x )")
def arc_sine(x: float) -> float | None:
    """The angle in radians whose sine is `x`. Warns outside -1 to 1."""
    return _domain() if x < -1 or x > 1 else math.asin(x)


@library.function("acos( real x )")
def arc_cosine(x: float) -> float | None:
    """The angle in radians whose cosine is `x`. Warns outside -1 to 1."""
    return _domain() if x < -1 or x > 1 else math.acos(x)


@library.function("atan( real x )")
def arc_tangent(x: float) -> float:
    """The angle in radians whose tangent is `x`."""
    return math.atan(x)


@library.function("atan2( real y, real x )")
def arc_tangent_of_point(y: float, x: float) -> float:
    """The angle in radians of the point (x, y); 0 for the origin."""
    return math.atan2(y, x)


@library.function("deg2rad( real x )")
def to_radians(x: float) -> float:
    """Degrees to radians."""
    return x * math.pi / 180.0


@library.function("rad2deg( real x )")
def to_degrees(x: float) -> float:
    """Radians to degrees."""
    return x * 180.0 / math.pi
