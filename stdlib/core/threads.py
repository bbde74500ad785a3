"""Coroutines, threads and events (chapter 05): the natives over `interp.runtime.threads`."""

from __future__ import annotations

from interp.library import (
    MISSING,
    Library,
    Object,
    argument_error,
    convert,
    dict_get,
    dict_set,
    is_object,
    prop,
    type_name,
    warning,
)
from interp.runtime import threads
from interp.runtime.calls import is_callable
from interp.runtime.state import current
from interp.runtime.threads import Thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

library = Library("core-threads", doc="Coroutines, threads and events.")


@library.function("co_create( callable body )", exact=True)
def co_create(body: Any) -> Any:
    """A fresh coroutine with that body. Chapter 05 section 3."""
    return threads.create(body, None, None)


@library.function("co_resume( thread coroutine, ... )", raw=True, multi=True)
def co_resume(this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Runs a coroutine until it yields or ends; the values it yields or returns. Chapter 05 section 4."""
    if type(this) is not Thread and this is None and args:
        this, args = args[0], args[1:]
    elif this is None:
        this = MISSING
    if type(this) is not Thread:
        warning(f"'this' - expected thread, got {type_name(this)}")
        return ()
    state = this.context.state
    if state in ("active", "parked"):
        warning("failed to resume coroutine")
        return ()
    if state == "finished":
        warning("coroutine is finished, cannot resume")
        return ()
    return threads.resume(this, args)


@library.function("yield( ... )", raw=True, multi=True)
def yield_(this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Suspends the running context, giving the values to the resumer; the next arguments. Chapter 05 section 5."""
    return threads.suspend(args) or ()


def _start(this: Any, args: tuple[Any, ...], is_sub: bool) -> Any:
    if not args or not is_callable(args[0]):
        argument_error(1, "callable", args[0] if args else MISSING)
        return None
    if len(args) < 2:
        argument_error(2, "any")
        return None
    return threads.start_thread(args[0], args[1], args[2:], is_sub)


@library.function("thread_create( callable fn, any this, ... )", raw=True)
def thread_create(this: Any, args: tuple[Any, ...]) -> Any:
    """Starts a thread of the top context: `fn` runs at once up to its first suspension. Chapter 05 section 10.1."""
    return _start(this, args, False)


@library.function("subthread_create( callable fn, any this, ... )", raw=True)
def subthread_create(this: Any, args: tuple[Any, ...]) -> Any:
    """Starts a thread of the running context. Chapter 05 section 10.1."""
    return _start(this, args, True)


@library.function("process_threads( [ real dt = 0.0 ] )")
def process_threads(dt: float) -> int:
    """One pass over the threads of the running context; how many are left. Chapter 05 section 10.2."""
    context = current()
    for look in context.world.ports.passes:
        look()
    threads.run_woken()
    return threads.process(context, dt)


@library.function("end_on( object event[, bool enable = true ] )", raw=True)
def end_on(this: Any, args: tuple[Any, ...]) -> None:
    """Ends a thread when the event is true at a pass over it. Chapter 05 section 13."""
    if this is None:
        target = current()
    elif type(this) is Thread:
        target = this.context
    else:
        return warning(f"'this' - expected thread, got {type_name(this)}")
    event = args[0] if args else MISSING
    if event is None or convert("object", event) is MISSING:
        return argument_error(1, "object", event)
    enable = True
    if len(args) > 1 and args[1] is not None:
        wanted = convert("bool", args[1])
        if wanted is MISSING:
            argument_error(2, "bool", args[1])
        else:
            enable = wanted
    events = [item for item in target.end_events or [] if item is not event]
    if enable:
        events.append(event)
    target.end_events = events or None
    if target.state == "parked" and enable and target.handle_ref is not None:
        handle = target.handle_ref()
        if handle is not None:
            threads.schedule(handle)
    return None


@library.type
class Event(Object, name="event"):
    """A flag that threads wait for. Chapter 05 section 12."""

    def __init__(self, signaled: bool = False) -> None:
        self.state = signaled

    @prop
    def signaled(self) -> bool:
        """Whether the event is signaled; accepts what a bool argument accepts."""
        return self.state

    @signaled.setter  # type: ignore[no-redef]
    def signaled(self, value: Any) -> None:
        # no native is called here: an abort inside `__tobool` is the script's own
        state = bool(value) if is_object(value) else convert("bool", value)
        if state is MISSING:
            warning("Invalid value type used for property write")
        else:
            self.state = state

    def truth(self) -> bool:
        return self.state

    def get_index(self, key: Any) -> Any:
        return MISSING

    def set_index(self, key: Any, value: Any) -> bool:
        return False

    def dump(self, depth: int) -> bytes:
        return b"event(signaled=true)" if self.state else b"event(signaled=false)"

    def serialize_args(self) -> tuple[Any, ...]:
        return (self.state,)


@library.function("event( [ bool signaled = false ] )")
def event(signaled: bool) -> Event:
    """A new event. Chapter 05 section 12."""
    return Event(signaled)


@library.function("pooled_event( dict pool, string name[, bool signaled = false ] )")
def pooled_event(pool: Any, name: bytes, signaled: bool) -> Any:
    """The entry of the dict, or a new event stored there. Chapter 05 section 12."""
    value = dict_get(pool, name)
    if value is MISSING:
        value = Event(signaled)
        dict_set(pool, name, value)
    return value
