"""How the language tests run scripts: a fresh engine with memory streams, and what it printed.

Rule of this file: nothing here knows how the interpreter works; only its host's face is used.
"""

from __future__ import annotations

import io
import os
from typing import Any

import pytest

from interp.cli import open_engine
from interp.errors import ScriptError, ScriptExit, ScriptSyntaxError

slow = pytest.mark.skipif(not os.environ.get("PYSGS_SLOW"), reason="set PYSGS_SLOW=1 to run the long variants")


class Result:
    """What a script left: its two outputs, and the value it returned (host form)."""

    def __init__(self, out: str, err: str, value: Any) -> None:
        self.out = out
        self.err = err
        self.value = value


def run(source: str | bytes, name: str = "t.sgs") -> Result:
    """Runs a program in an engine of its own, as the command line does."""
    out, err = io.BytesIO(), io.BytesIO()
    engine = open_engine(stdin=io.BytesIO(), stdout=out, stderr=err)
    value = None
    try:
        value = engine.run(source, name=name)
    except (ScriptError, ScriptExit, ScriptSyntaxError):
        pass  # shows in what was printed
    finally:
        engine.close()
    return Result(out.getvalue().decode("latin-1"), err.getvalue().decode("latin-1"), value)


def both(source: str, name: str = "t.sgs") -> str:
    """Standard output followed by the messages."""
    result = run(source, name)
    return result.out + result.err
