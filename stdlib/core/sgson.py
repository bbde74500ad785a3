"""`sgson_encode` and `sgson_decode` (chapter 04 section 8).

Rule of this file: the format itself (`sgson_text`) is loaded by the first call.
"""

from __future__ import annotations

from interp.library import Library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

library = Library("core-sgson", doc="Values as readable text")


@library.function("sgson_encode( any v[, string tab ] )")
def sgson_encode(value: Any, tab: bytes | None) -> bytes | None:
    """The value as SGSON text: compact, or indented by `tab`. Errors: values that have no text form (null)."""
    from . import sgson_text

    return sgson_text.encode(value, tab)


@library.function("sgson_decode( string text )")
def sgson_decode(text: bytes) -> Any:
    """The value of an SGSON text; text that cannot be read is a Warning with the position, and null."""
    from . import sgson_text

    return sgson_text.decode(text)
