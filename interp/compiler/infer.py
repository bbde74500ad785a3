"""Type and range inference over one function: what its locals can hold.

Rule of this file: whatever is not proved is `ANY`; a wrong answer here is a wrong result of the script.
"""

from __future__ import annotations

from ..syntax import nodes as n


class Types:
    """The result: `variables` maps a local to (mask, lo, hi); `assigned_first` needs no initial null."""

    def __init__(self) -> None:
        self.variables: dict[str, tuple[int, int, int]] = {}
        self.assigned_first: set[str] = set()


def infer(function: n.Function) -> Types:
    """The types of a resolved function's locals."""
    return Types()
