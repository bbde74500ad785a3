"""Python's own kinds of functions and their parts, without the module `types`, whose classes take long to make.

Rule of this file: what is loaded on the way to a cached script takes these names from here.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CellType, CodeType, FunctionType, MethodType
else:
    _inner = (lambda captured: lambda: captured)(None)
    FunctionType = type(_inner)
    CodeType = type(_inner.__code__)
    CellType = type(_inner.__closure__[0])
    MethodType = type(_inner.__get__(0))

__all__ = ["CellType", "CodeType", "FunctionType", "MethodType"]
