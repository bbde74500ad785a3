"""Nothing in the libraries is quadratic: eight times the input takes about eight times as long.

The cases are those of `benchmarks/libraries.py`, smaller. The factor is generous, as noise must not fail a test; what
is quadratic takes 64 times as long.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from interp.runtime import state
from interp.runtime.values import Array

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import libraries

SMALL, TIMES, SLACK = 1 << 14, 8, 4
# the times of shorter calls are noise
SHORT = 0.002


@pytest.fixture
def world() -> Iterator[None]:
    world = state.World()
    world.array_type = Array
    world.namespace["$stop"] = False
    before = state.switch(world.root)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        state.switch(before)


def fastest(call: Callable[[], Any]) -> float:
    """CPU seconds of the fastest of three calls."""
    times = []
    for _ in range(3):
        begin = time.process_time()
        call()
        times.append(time.process_time() - begin)
    return min(times)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("part", ["string_cases", "utf8_cases", "fmt_cases", "re_cases", "json_cases"])
def test_time_grows_with_the_input(part: str, world: None) -> None:
    cases = getattr(libraries, part)
    slow = []
    for small, large in zip(cases(SMALL), cases(SMALL * TIMES), strict=True):
        one, many = max(fastest(small.ours), SHORT), fastest(large.ours)
        if many > SLACK * TIMES * one and fastest(large.ours) > SLACK * TIMES * one:
            slow.append(f"{small.name}: {one:.4f} s, {many:.4f} s")
    assert not slow
