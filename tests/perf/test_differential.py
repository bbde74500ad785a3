"""Random programs print the same, to the byte and with the same messages, however their code is generated.

Each seed's program runs in plain code (`optimize=False`), in optimised code and in both with checks for limits.
PYSGS_PROGRAMS sets how many programs a run takes (300; the slow suite takes 10,000), PYSGS_FIRST_SEED where it starts.
"""

from __future__ import annotations

import difflib
import io
import os

import pytest
from random_programs import generate

from interp import Engine, LimitExceeded, Limits, ScriptError, ScriptExit, ScriptSyntaxError

COUNT = int(os.environ.get("PYSGS_PROGRAMS", "300"))
FIRST = int(os.environ.get("PYSGS_FIRST_SEED", "0"))
BATCHES = 20
VARIANTS = [(True, False), (True, True), (False, True)]


def outcome(source: bytes, optimize: bool, limits: bool) -> tuple[bytes, str]:
    """What a program prints, messages included and in their place, and how it ends."""
    out = io.BytesIO()
    engine = Engine(
        optimize=optimize,
        limits=Limits.none().replace(seconds=300.0) if limits else Limits.none(),
        stdin=io.BytesIO(),
        stdout=out,
        stderr=out,
        cache=False,
    )
    end = "end"
    try:
        engine.run(source, name="program.sgs")
    except (ScriptError, ScriptExit, ScriptSyntaxError, LimitExceeded) as raised:
        end = f"{type(raised).__name__}: {raised}"
    finally:
        engine.close()
    return out.getvalue(), end


@pytest.mark.timeout(60 + COUNT)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_same_output(batch: int) -> None:
    for seed in range(FIRST + batch, FIRST + COUNT, BATCHES):
        source = generate(seed)
        plain = outcome(source, False, False)
        assert not plain[1].startswith("ScriptSyntaxError"), f"seed {seed}: the generator wrote no program: {plain[1]}"
        if len(plain[0]) > 200_000:
            continue  # a string that doubled in a loop: the limits would end the program in different places
        for optimize, limits in VARIANTS if seed % 3 == 0 else VARIANTS[:1]:
            other = outcome(source, optimize, limits)
            if other != plain:
                pytest.fail(f"seed {seed}, {optimize=}, {limits=}:\n{difference(plain, other)}", pytrace=False)


def difference(plain: tuple[bytes, str], other: tuple[bytes, str]) -> str:
    """The lines that differ, and the two ends."""
    before, after = (side[0].decode("latin-1").splitlines() for side in (plain, other))
    lines = difflib.unified_diff(before, after, "plain", "other", lineterm="", n=2)
    return "\n".join([*list(lines)[:40], f"plain: {plain[1]}", f"other: {other[1]}"])
