"""Remembering what was made of short texts: patterns, templates, formats.

Rule of this file: what is remembered outlives the script and belongs to no engine's account of memory, so it is small.
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LONGEST = 4096


def remembered(make: Callable[[bytes], Any], longest: int = LONGEST) -> Any:
    """`make` with the results of the last 256 texts of at most `longest` bytes at hand."""
    short = lru_cache(maxsize=256)(make)
    return lambda text: short(text) if len(text) <= longest else make(text)
