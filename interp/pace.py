"""A look up from long work: compilation in a call of the host, or for a script, ends with its limits, too.

Rule of this file: the compiler calls `look` now and then and knows nothing of who set `pace.check`, if anyone did.
"""

from __future__ import annotations

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class _Pace(_thread._local):
    check: Callable[[], None] | None = None


# `check` is called by `look`, in the OS thread that set it; None where nothing limits the work.
pace = _Pace()


def look() -> None:
    """Raises what should end the work."""
    check = pace.check
    if check is not None:
        check()
