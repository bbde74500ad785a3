"""What a script function tells of itself: its text and the variables it captures.

Rules of this file: the compiler leaves both in the code object. Its docstring is "function|closure RESULTS TWIN
BEGIN:END [NAME,…]": how many results, the number of the twin or `-`, where the text stands in the source of the unit,
and the Python names of captured variables in the order of `use`. Its last constant is that source, the one before it
the code of the twin.
"""

from __future__ import annotations

from .kinds import CellType, FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def captured_names(function: Any) -> list[str]:
    """The Python names of the variables that a function lists in `use`, in that order."""
    parts = (function.__doc__ or "").split(" ")
    return parts[4].split(",") if len(parts) > 4 else []


def captured(function: Any) -> list[CellType]:
    """The cells of the captured variables, in the order of `use`."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    return [cells[name] for name in captured_names(function)]


def cell_value(cell: CellType) -> Any:
    """What a captured variable holds; null before its first assignment."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def with_captured(function: Any, cells: list[CellType]) -> Any:
    """A new function with the same code and other captured variables."""
    code = function.__code__
    given = dict(zip(captured_names(function), cells, strict=True))
    itself: CellType | None = None
    closure = []
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        if name in given:
            cell = given[name]
        elif cell_value(cell) is function:
            cell = itself = CellType()  # `_F`
        closure.append(cell)
    made = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, tuple(closure))
    if itself is not None:
        itself.cell_contents = made
    return made


def source_text(function: Any) -> bytes | None:
    """The text of a script function, from `function` to the end of its body; None where it is not known."""
    consts = function.__code__.co_consts
    parts = (function.__doc__ or "").split(" ")
    if len(parts) < 4 or type(consts[-1]) is not bytes:
        return None
    begin, _, end = parts[3].partition(":")
    return consts[-1][int(begin) : int(end)] or None
