"""The guide is executed: every Python block of `docs/embedding.md`, in order, in one namespace."""

from __future__ import annotations

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "embedding.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_block_of_the_guide_runs() -> None:
    text = GUIDE.read_text()
    scope: dict[str, object] = {"__name__": "guide"}
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) > 10
    for found in blocks:
        line = text.count("\n", 0, found.start(1))
        exec(compile("\n" * line + found[1], str(GUIDE), "exec"), scope)


def test_the_guide_names_every_limit_and_exception() -> None:
    import interp
    from interp import Limits

    text = GUIDE.read_text()
    for name in Limits.__slots__:
        assert f"`{name}`" in text, name
    for name in interp.__all__:
        if isinstance(getattr(interp, name), type) and name not in ("Stats", "Message", "ScriptValue", "Engine"):
            assert name in text, name
