"""`serialize` and `unserialize` (chapter 04 section 7): which format a mode stands for.

Rule of this file: the formats themselves are loaded by the first call that needs them.
"""

from __future__ import annotations

from interp.library import Library, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

library = Library("core-serialize", doc="Values as bytes")


@library.function("serialize( any v[, int mode = 2] )")
def serialize(value: Any, mode: int) -> bytes | None:
    """The value as a string: 1 stack stream, 2 stream with identities, 3 compact SGSON text.

    Functions without a symbol travel as source text (modes 1 and 2), closures with their variables (mode 2), where the
    host allows it. Errors: another mode, values that cannot be saved (null is the result).
    """
    if mode == 3:
        from . import sgson_text

        return sgson_text.encode(value, None)
    if mode not in (1, 2):
        return error("bad serialization mode")
    from . import stream_write

    return stream_write.write_stack(value) if mode == 1 else stream_write.write_variables(value)


@library.function("unserialize( string data[, int mode = 2] )")
def unserialize(data: bytes, mode: int) -> Any:
    """The value that `serialize` of the same mode has saved. Errors: another mode, no data, faults in the data."""
    if mode not in (1, 2, 3):
        return error("bad serialization mode")
    if not data:
        return error("sgs_Unserialize: variable does not resolve to a non-empty string")
    if mode == 3:
        from . import sgson_text

        return sgson_text.decode_silently(data)
    from . import stream_read

    return stream_read.read_stack(data) if mode == 1 else stream_read.read_variables(data)
