"""How much memory the values of one engine take: a walk over everything its scripts can reach (chapter 12 section 4).

Rules of this file: an estimate, good to a factor of two; it ends as soon as the sum passes the limit, and a limit or an
interrupt ends it as well. What belongs to the interpreter or the host (code, natives, classes of the runtime) is not
counted.
"""

from __future__ import annotations

import sys
from _io import BytesIO
from types import FunctionType, GeneratorType

from .runtime.messages import NATIVE_CODES
from .runtime.state import Context
from .runtime.threads import Thread
from .runtime.values import Map, Object, Pointer, Record, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from .limits import Guard
    from .runtime.state import World

_SCALARS = frozenset((int, float, bool, type(None)))
_TEXTS = frozenset((bytes, str))  # a str is what a native works on
_LEAVES = _SCALARS | _TEXTS
_BUFFERS = _TEXTS | {bytearray, BytesIO}
_SAMPLE = 512
_PIECE = 1 << 16  # items looked at together
_EMPTY, _NAMES = 40_000, 600  # a namespace as it is before a script adds to it
_OURS = ("interp.", "stdlib.", "sockets_module.")
_LIBRARIES = ("stdlib.", "sockets_module.")
_COUNTED = (bytes, bytearray, str, BytesIO, list, Table, Record, Map, Object, Thread, FunctionType)
_PARTS = (bytes, bytearray, str, BytesIO, list, dict, Record, Object, FunctionType)
_THREAD = 8192  # a suspended one with few frames
_OBJECT_OVERHEAD = 64  # a record's or library object's own slots, its share of keys and collector header


def _owned_once() -> tuple[int, int]:
    """What `sys.getrefcount` says of a value that one container holds, as seen in the loops of `census` and `_items`.

    Nobody meets such a value twice, so it need not be remembered: the census must not take as much as what it counts.
    """
    owner = [object()]
    pending = [owner[0]]
    value = pending.pop()
    popped = sys.getrefcount(value)
    del value
    for item in list(owner):
        return popped, sys.getrefcount(item)
    raise AssertionError


_ONE_OWNER, _ONE_OWNER_COPIED = _owned_once()


def census(world: World, limit: int, guard: Guard | None = None) -> int:
    """Bytes reachable from an engine's globals, registry, frames and threads; any number above `limit` ends it."""
    from .limits import Stop

    seen: set[int] = set()
    pending: list[Any] = [world.registry, *world.symbols.values(), world.root, *world.slots.values()]
    if world.threads is not None:
        pending += list(world.threads.woken)
        # nothing but this engine frees those that are in a cycle, so they count whether something reaches them or not
        pending += [context.handle_ref() for context in list(world.threads.begun) if context.handle_ref is not None]
    namespace = world.namespace
    _frames(sys._getframe(1), pending, namespace, seen)
    total = max(0, sys.getsizeof(namespace) - _EMPTY) + 64 * max(0, len(namespace) - _NAMES)
    total += _items(
        [value for key, value in namespace.items() if key[:1] != "$" and key != "__builtins__"], pending, seen
    )
    steps = 0
    size_of = sys.getsizeof
    references = sys.getrefcount
    while pending:
        value = pending.pop()
        kind = type(value)
        if kind in _SCALARS:
            continue
        if references(value) > _ONE_OWNER:
            identity = id(value)
            if identity in seen:
                continue
            seen.add(identity)
        steps += 1
        if kind in _BUFFERS:
            total += size_of(value)
        elif isinstance(value, list):
            total += size_of(value)
            for start in range(0, len(value), _PIECE):
                if total > limit:
                    return total  # before what it holds is copied: the copies are as large again
                total += _items(list.__getitem__(value, slice(start, start + _PIECE)), pending, seen)
        elif isinstance(value, dict):
            total += size_of(value)
            if total > limit:
                return total
            total += _items(list(value.values()), pending, seen) + _items(list(value), pending, seen)
            if isinstance(value, (Table, Map)):
                pending.append(value.meta)
        elif isinstance(value, Record):
            entries = value.__dict__
            total += _OBJECT_OVERHEAD + size_of(entries) + _items(list(entries.values()), pending, seen)
            pending.append(value.meta)
        elif kind is FunctionType:
            if value.__code__ not in NATIVE_CODES:
                total += size_of(value)
                for cell in value.__closure__ or ():
                    total += 40
                    try:
                        pending.append(cell.cell_contents)
                    except ValueError:
                        pass
                pending.append(value.__dict__.get("meta"))
        elif kind is tuple:
            total += size_of(value)
            pending.extend(value)
        elif kind is Thread:
            total += _THREAD
            pending += (value.context, value.body, value.this)
            if value.greenlet is not None:
                _frames(value.greenlet.gr_frame, pending, namespace, seen)
        elif kind is Context:
            pending.extend(value.list)
            pending.extend(value.parked_threads.values())
            if value.state == "parked":
                place = (value.within or value).place
                inner = None if place is None else place()
                if inner is not None:
                    _frames(inner.gr_frame, pending, namespace, seen)
            if value.end_events:
                pending.extend(value.end_events)
        elif kind is GeneratorType:
            _frames(value.gi_frame, pending, namespace, seen)
        elif isinstance(value, Object):
            total += _OBJECT_OVERHEAD
            _object(value, pending)
        elif kind is Pointer:
            total += 48
        if total > limit:
            return total
        if guard is not None and not steps & 4095 and type(guard.state) is Stop:
            guard.check()
    return total


def _items(items: list[Any], pending: list[Any], seen: set[int]) -> int:
    """Bytes of the strings and numbers among the items (an estimate for many); everything else goes to `pending`."""
    if not items:
        return 0
    kinds = set(map(type, items))
    total = 0
    if not kinds <= _SCALARS:
        if not kinds.isdisjoint(_TEXTS):
            size_of, references = sys.getsizeof, sys.getrefcount
            for item in items:
                if type(item) in _TEXTS:
                    if references(item) > _ONE_OWNER_COPIED:
                        if id(item) in seen:
                            continue
                        seen.add(id(item))
                    total += size_of(item)
        if not kinds <= _LEAVES:
            pending.extend([item for item in items if type(item) not in _LEAVES])
        if int not in kinds and float not in kinds:
            return total
    count = len(items)
    sample = items if count <= _SAMPLE else items[:: count // _SAMPLE]
    own = {id(item) for item in sample if type(item) is float or (type(item) is int and not -5 <= item <= 256)}
    if len(own) * 2 < len(sample):
        return total + 28 * len(own)  # few different ones: shared
    return total + 28 * count * len(own) // len(sample)


def _object(value: Any, pending: list[Any]) -> None:
    """What a library's object refers to, by its slots and attributes."""
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name[:2] != "__":
                part = getattr(value, name, None)
                if isinstance(part, _PARTS):
                    pending.append(part)
    own = getattr(value, "__dict__", None)
    if own:
        pending.extend(part for part in list(own.values()) if isinstance(part, _PARTS))


def _frames(frame: FrameType | None, pending: list[Any], namespace: dict[str, Any], seen: set[int]) -> None:
    """The values in a stack of frames of scripts and natives; the frames do not keep them alive for it.

    A native may hold what it makes in an object of its own (a reader, a writer) or in a plain dict.
    """
    while frame is not None:
        scope = frame.f_globals
        module = str(scope.get("__name__"))
        if scope is namespace or module.startswith(_OURS):
            names = frame.f_locals
            parts = list(names.values())
            pending.extend(part for part in parts if isinstance(part, _COUNTED))
            if module.startswith(_LIBRARIES):
                pending.extend(part for part in parts if type(part) is dict)
                for part in parts:
                    own = type(part).__module__.startswith(_LIBRARIES) and not isinstance(part, (*_COUNTED, type))
                    if own and id(part) not in seen:
                        seen.add(id(part))
                        _object(part, pending)
            if type(names) is dict and frame.f_code.co_flags & 1:
                names.clear()  # the frame would keep this copy, and with it every value, until it ends
        frame = frame.f_back
