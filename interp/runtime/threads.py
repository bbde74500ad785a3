"""Coroutines, threads and their scheduler (chapter 05), and parking for socket operations (chapter 11 section 4).

Rules of this file: a context's frames live in a greenlet that its `Thread` handle owns and ends (`kill`) when it goes;
nothing the frames can reach refers to the handle, so dropping the last handle discards the frames. Discarding, aborts
and the end of the program run no script code. New greenlets start from one shallow hub, so that they inherit no call
depth.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from _weakref import ref

from .calls import all_results_of, begun, host_depth, in_form, invoke_multi, overflow
from .convert import to_real
from .guard import guarded, native_truth
from .kinds import FunctionType
from .messages import live_handler, warning
from .state import NO_THREADS, Context, HostRaised, ScriptAbort, _local, current, switch
from .values import MISSING, is_native, is_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator
    from typing import Any

FREE = -1  # the code of a spot where no thread rests, see `rest`


def _getcurrent() -> Any:
    """`greenlet.getcurrent`, imported when it is first needed and then in this function's place."""
    global _getcurrent
    from greenlet import getcurrent

    _getcurrent = getcurrent
    return getcurrent()


_METHODS = {b"resume": b"co_resume", b"abort": b"abort", b"end_on": b"end_on"}


class Thread:
    """The script's `thread` value: owns the greenlet of its context."""

    __slots__ = ("__weakref__", "body", "context", "greenlet", "this")
    type_name = "thread"
    meta: Any = None
    mm = False

    def __init__(self, context: Context, body: Any = None, this: Any = None) -> None:
        self.context = context
        self.body = body
        self.this = this
        self.greenlet: Any = None
        context.handle_ref = ref(self)

    def __del__(self) -> None:
        if self.greenlet is not None:
            kill(self.greenlet)

    def get_property(self, key: Any) -> Any:
        """A built-in property or method, MISSING for others."""
        if type(key) is not bytes:
            return MISSING
        state = self.context.state
        if key == b"was_aborted":
            return self.context.was_aborted
        if key == b"not_started":
            return state == "fresh"
        if key == b"running":
            return state not in ("fresh", "finished")
        if key == b"can_resume":
            return state not in ("finished", "parked")
        name = _METHODS.get(key)
        return MISSING if name is None else self.context.world.symbol(name)


class Scheduler:
    """What the threads of one engine share: the hub, the woken threads, the creation counter.

    main      the handle of the root context, once a script has asked for it
    woken     the contexts of threads that are to go on
    alive     how many script threads have begun and not ended
    begun     contexts that have frames: the host's collector does not look into suspended ones, so that those in a
              cycle live until something discards them
    dead      greenlets of contexts that were discarded, still to be ended
    lonely    what wants to know before the next one begins while there is none (see `interp.ports.alone`)
    running   the context that the innermost `run_woken` has entered, None when it was another way or has left
    driver    the greenlet of that `run_woken`, which began at `now`; `cell` is that of its OS thread; `left` of the
              woken ones still have their turn in it
    """

    def __init__(self) -> None:
        # here, and without the rest of `collections`: start-up time counts
        from _collections import deque  # type: ignore[import-not-found]

        self.hub: Any = None
        self.hub_thread = 0
        self.ground = 0  # host frames below the hub, which all new greenlets inherit
        self.woken: deque[Context] = deque()
        self.running: Context | None = None
        self.driver: Any = None
        self.cell: Any = None
        self.now = 0.0
        self.left = 0
        self.serial = 0
        self.main: Thread | None = None
        self.alive = 0
        self.begun: set[Context] = set()
        self.dead: list[Any] = []
        self.lonely: list[Callable[[], None]] = []


def scheduler() -> Scheduler:
    world = current().world
    if world.threads is None:
        world.threads = Scheduler()
    return world.threads


def thread_now() -> Thread:
    """`_T`: the handle of the running context. That of the main program is kept: its text must not change."""
    context = current()
    handle = context.handle_ref() if context.handle_ref is not None else None
    if handle is None:
        handle = Thread(context)
        if context is context.world.root:
            scheduler().main = handle
    return handle


def create(body: Any, this: Any, owner: Context | None) -> Thread:
    """A fresh context for a callable."""
    maker = current()
    context = Context(maker.world, owner)
    context.handler = live_handler(maker.handler)
    context.replevel = maker.replevel
    shared = scheduler()
    shared.serial += 1
    context.serial = shared.serial
    return Thread(context, body, this)


def _hub_loop() -> None:
    """Lets each fresh greenlet begin from a shallow stack; it comes back at once and is entered by who asked."""
    from greenlet import getcurrent

    fresh = getcurrent().parent.switch()  # not as an argument: those live as long as the greenlet
    while True:
        asker = fresh[1]
        fresh[0].switch()
        fresh = None
        fresh = asker.switch()


def _begin() -> tuple[Any, ...]:
    """A greenlet's first frame: waits for its work, so that nothing but the work refers to its arguments."""
    from greenlet import getcurrent

    context, body, this, args = getcurrent().parent.switch()
    return _run(context, body, this, args)


def _run(context: Context, body: Any, this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The whole life of a context's greenlet."""
    results: tuple[Any, ...] = ()
    try:
        if is_native(body):
            context.nest += 1
        results = _call_first(body, this, args)
    except ScriptAbort:
        context.was_aborted = True
    finally:
        finish(context)
    return results


def _call_first(body: Any, this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """As `invoke_multi`, but Python enters script functions without `*` on no more of the host's C stack.

    All that is on it is copied whenever a greenlet is entered or left, and kept while it waits.
    """
    code = body.__code__ if type(body) is FunctionType and not is_native(body) else None
    if code is None or len(args) != code.co_argcount - 1 or len(args) > 2:
        return invoke_multi(body, this, *args)
    entered, form = all_results_of(body)
    try:
        if not args:
            value = entered(this)
        elif len(args) == 1:
            value = entered(this, args[0])
        else:
            value = entered(this, args[0], args[1])
    except RecursionError as exc:
        if not begun(exc):
            return invoke_multi(body, this, *args)
        value = overflow(exc)
    return in_form(form, value)


def finish(context: Context) -> None:
    """The context has no frames any more; its own threads are no longer advanced."""
    if context.owner is not None and context.state != "finished":
        context.world.threads.alive -= 1
    if context.world.threads is not None:
        context.world.threads.begun.discard(context)
    context.state = "finished"
    context.abort_mark = False
    context.parked = None
    context.list = ()
    if context.parked_threads:
        for handle in context.parked_threads.values():
            handle.context.standing = False
        context.parked_threads = NO_THREADS


def resume(handle: Thread, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Runs a context until it suspends or ends; what it yields or returns. The caller checked the state."""
    results = _resume(handle, values)
    _heed_abort()
    return results


def _heed_abort() -> None:
    """Ends the running context when a context it resumed has aborted it; called when a native is done."""
    me = current()
    if me.abort_mark and me.state == "active":
        me.abort_mark = False
        me.was_aborted = True
        raise ScriptAbort


def _resume(handle: Thread, values: tuple[Any, ...]) -> tuple[Any, ...]:
    from greenlet import getcurrent, greenlet

    context = handle.context
    if context.abort_mark and context.state == "suspended":
        discard(handle)
        return ()
    context.level = current().level + 1
    if context.level > context.world.depth:
        # every context has all calls for itself, so only the number of contexts in each other ends this
        overflow(None)
        return ()
    here = getcurrent()
    if context.state == "fresh":
        shared = scheduler()
        hub_thread = get_ident()
        if shared.hub is None or shared.hub.dead or shared.hub_thread != hub_thread:
            shared.hub = greenlet(_hub_loop)  # greenlets stay in the OS thread where they began
            shared.hub_thread = hub_thread
            shared.hub.switch()
            shared.ground = host_depth() + 2
        context.host_limit = shared.ground + int(context.world.depth * 1.05) + 10
        body, this = handle.body, handle.this
        handle.body = handle.this = None
        handle.greenlet = greenlet(_begin, shared.hub)
        shared.hub.switch((handle.greenlet, here))
        shared.begun.add(context)
        handle.greenlet.parent = here
        return _enter(handle, context, handle.greenlet, (context, body, this, values))
    context.home = 0
    try:
        handle.greenlet.parent = here
    except ValueError:
        text = "a suspended script thread or coroutine continues only in the OS thread where it began"
        raise HostRaised(RuntimeError(text)) from None
    return _enter(handle, context, handle.greenlet, (values,))


def _enter(handle: Thread, inner: Context, target: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Switches into a context (`inner` may be a coroutine below the thread) and comes back."""
    me = current()
    context = handle.context
    context.state = "active"
    context.resumer = me
    limit = sys.getrecursionlimit()
    if inner.host_limit > limit:
        sys.setrecursionlimit(inner.host_limit)
    switch(inner)
    try:
        results: tuple[Any, ...] = target.switch(*args)
    finally:
        switch(me)
        if sys.getrecursionlimit() != limit:
            sys.setrecursionlimit(limit)
            me.world.overrun = 0
        if context.state == "finished":
            handle.greenlet = None
    context.resumer = None
    return results


def kill(greenlet: Any) -> None:
    """Ends the frames of a suspended greenlet, also while a thread that rests still refers to it (see `rest`)."""
    if not greenlet:  # it has ended
        return
    try:
        greenlet.parent = _getcurrent()
        greenlet.throw()
    except (ValueError, greenlet.error):
        pass  # one of another OS thread: ends there, when the last reference goes


def discard(handle: Thread) -> None:
    """Ends a suspended context without running anything in it."""
    context = handle.context
    greenlet, handle.greenlet = handle.greenlet, None
    finish(context)
    context.was_aborted = True
    kill(greenlet)


def discard_all(shared: Scheduler, root: Context, everything: bool) -> None:
    """Ends the script threads of the root, or every context that is suspended, without running anything in them.

    Frames of scripts alone are only laid aside: ending those of thousands takes a while. `bury` ends them. Parked ones
    have natives among theirs, which clean up behind themselves at once.
    """
    handles = [context.handle_ref() for context in shared.begun] if everything else list(_descendants(root))
    root.list = ()
    root.parked_threads = NO_THREADS
    for handle in handles:
        if handle is not None:
            handle.context.standing = False
    shared.woken.clear()
    for handle in handles:
        if handle is not None and handle.context.state in ("suspended", "parked"):
            parked = handle.context.state == "parked"
            greenlet, handle.greenlet = handle.greenlet, None
            finish(handle.context)
            handle.context.was_aborted = True
            if parked:
                kill(greenlet)
            else:
                shared.dead.append(greenlet)
            del greenlet


def _descendants(context: Context) -> Iterator[Thread]:
    pending = [*context.list, *context.parked_threads.values()]
    while pending:
        handle = pending.pop()
        yield handle
        pending += (*handle.context.list, *handle.context.parked_threads.values())


def bury(shared: Scheduler, most: int) -> None:
    """Ends the frames of at most so many discarded contexts."""
    dead = shared.dead
    while dead and most > 0:
        kill(dead.pop())
        most -= 1


def suspend(values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Suspends the running context, giving `values` to the resumer; the next resume's values.

    None, with the Warning, where a native function stands in between. In the root the program ends.
    """
    from greenlet import getcurrent

    context = current()
    if context.nest > 0:
        warning(b"cannot yield with C functions in stack")
        return None
    if context.handle_ref is None or context is context.world.root:
        raise ScriptAbort
    context.state = "suspended"
    context.host_limit = sys.getrecursionlimit()
    results = getcurrent().parent.switch(values)
    if context.abort_mark:
        context.abort_mark = False
        context.was_aborted = True
        raise ScriptAbort
    return results


def start_thread(body: Any, this: Any, args: tuple[Any, ...], is_sub: bool) -> Thread:
    """`thread` and `subthread`: runs the first segment at once and schedules what is left."""
    owner = current()
    if not is_sub:
        while owner.owner is not None:
            owner = owner.owner
    handle = create(body, this, owner)
    shared = scheduler()
    shared.alive += 1
    while shared.lonely:
        shared.lonely.pop()()
    values = _resume(handle, args)
    context = handle.context
    context.elapsed = 0.0
    context.remaining = to_real(values[0]) if values else 0.0
    # its place is that of now: threads that its first segment has started are behind it
    shared.serial += 1
    context.serial = shared.serial
    schedule(handle)
    _heed_abort()
    return handle


def schedule(handle: Thread) -> None:
    """Puts a suspended or parked thread where its owner's passes find it."""
    context = handle.context
    owner = context.owner
    if owner is None or context.state == "finished" or owner.state == "finished":
        return
    if context.state == "parked":
        if owner.parked_threads is NO_THREADS:
            owner.parked_threads = {}
        owner.parked_threads[context] = handle
        context.standing = True
        if context.end_events is None and not context.list:
            return
    # the youngest first
    queue = owner.list = owner.list or []
    low, high = 0, len(queue)
    while low < high:
        middle = (low + high) >> 1
        if queue[middle].context.serial > context.serial:
            low = middle + 1
        else:
            high = middle
    if low == len(queue) or queue[low] is not handle:
        queue.insert(low, handle)


def process(owner: Context, dt: float) -> int:
    """One pass over the threads of a context (chapter 05 section 10.2); how many are left."""
    left = _pass(owner, dt)
    _heed_abort()
    return left


def _pass(owner: Context, dt: float) -> int:
    owner.timer += dt
    left = 0
    for handle in list(owner.list):
        context = handle.context
        if context.list or context.parked_threads:
            _pass(context, dt)
        else:
            context.timer += dt
        context.remaining -= dt
        context.elapsed += dt
        if context.end_events is not None and any(_signalled(event) for event in context.end_events):
            abort_thread(handle)
        elif context.state == "suspended" and not context.abort_mark and context.remaining <= 0:
            _turn(handle, context)
        if context.state == "suspended" and context.abort_mark:
            discard(handle)
        if context.state == "finished":
            if handle in owner.list:
                owner.list.remove(handle)  # type: ignore[union-attr]
            owner.parked_threads.pop(context, None)
        elif context.state == "parked":
            if context.end_events is None and not context.list and handle in owner.list:
                owner.list.remove(handle)  # type: ignore[union-attr]
        else:
            left += 1
    return left + len(owner.parked_threads)


def _turn(handle: Thread, context: Context) -> None:
    elapsed, context.elapsed = context.elapsed, 0.0
    values = _resume(handle, (elapsed,))
    context.remaining = to_real(values[0]) if values else 0.0
    if context.state == "parked":
        schedule(handle)


def _signalled(event: Any) -> bool:
    # the pass is a native: an Error in `__tobool` ends there
    return guarded(bool, native_truth, event)


def abort_thread(handle: Thread) -> bool:
    """`abort( t )` for another context; whether there was something to abort."""
    context = handle.context
    if context.state in ("fresh", "finished"):
        return False
    context.abort_mark = True
    context.was_aborted = True
    if context.state == "parked":
        wake(context.parked)
    return True


# --- sync and race ----------------------------------------------------------------------------------------------------


class Test:
    """The outcome of one `sync( … )` or `race( … )` check and the threads among its arguments."""

    __slots__ = ("done", "threads")

    def __init__(self, done: bool, threads: list[Thread]) -> None:
        self.done = done
        self.threads = threads

    def __bool__(self) -> bool:
        return self.done


def _finished(value: Any, timer: float) -> bool:
    if type(value) is Test:
        return value.done
    if type(value) is Thread:
        return value.context.state in ("fresh", "finished")
    if type(value) is bool:
        return value
    if type(value) is int or type(value) is float:
        return value <= timer
    if is_object(value):
        return bool(value)
    return False


def _check(values: tuple[Any, ...]) -> tuple[list[bool], list[Thread]]:
    timer = current().timer
    threads: list[Thread] = []
    states = []
    for value in values:
        states.append(_finished(value, timer))
        if type(value) is Thread:
            threads.append(value)
        elif type(value) is Test:
            threads.extend(value.threads)
    return states, threads


def sync_begin() -> None:
    current().timer = 0.0


def sync_test(*values: Any) -> Test:
    states, threads = _check(values)
    return Test(all(states), threads)


def race_test(*values: Any) -> Test:
    states, threads = _check(values)
    done = any(states)
    if done:
        me = current()
        for handle in threads:
            if handle.context is not me:
                abort_thread(handle)
        if any(handle.context is me for handle in threads):
            raise ScriptAbort
    return Test(done, threads)


def sync_wait(test: Test) -> int:
    """1 when the wait is over, 0 after a suspension (check again), 2 when it cannot suspend here."""
    if test.done:
        return 1
    context = current()
    context.sync_waiting = True
    try:
        return 2 if suspend(()) is None else 0
    finally:
        context.sync_waiting = False


# --- parking ----------------------------------------------------------------------------------------------------------


def thread_of(context: Context | None) -> Context | None:
    """The script thread inside which a context runs, through coroutines; None outside threads."""
    while context is not None:
        if context.owner is not None:
            return context
        context = context.resumer
    return None


# Recursion limits of parked contexts: one object for each number, as one of their own would cost each message a miss
_limits: dict[int, int] = {}


def park(waiter: Any) -> None:
    """Suspends the running script thread, whatever natives and coroutines stand between, until `wake( waiter )`.

    Raises the abort when it is aborted meanwhile. `waiter` is any object with an attribute `thread`, at first None.
    """
    context = current()
    here = _getcurrent()
    if context.place is None:
        context.place = ref(here)
    if context.owner is not None:
        thread = context
        leave = here.parent
    else:
        outer = thread_of(context)
        assert outer is not None and outer.handle_ref is not None
        thread = outer
        thread.within = context
        leave = outer.handle_ref().greenlet.parent
    del here
    waiter.thread = thread
    thread.parked = waiter
    thread.since = thread.world.ports.clock()
    thread.state = "parked"
    limit = sys.getrecursionlimit()
    context.host_limit = _limits.setdefault(limit, limit)
    try:
        leave.switch()
    finally:
        thread.parked = thread.within = None
    if thread.abort_mark:
        thread.abort_mark = False
        raise ScriptAbort


def rest(spot: Any, events: int) -> int:
    """`park` for what the threads of a server do most: wait without any limit for the one thing that `spot` stands for.

    `spot` has the attributes `shared` (the engine's `Scheduler`), `thread`, `events` and `code`: FREE, None while a
    thread waits there, then why it goes on.
    Returns that code, or FREE without having waited: the spot is taken, or the thread is not where this can be done.
    """
    shared: Scheduler = spot.shared
    context = shared.running
    # no coroutine or call of a host inside the thread, neither of which says so to the scheduler
    if context is None or shared.cell.context is not context or spot.code != FREE or context.rooms:
        return FREE
    spot.code = None
    spot.events = events
    spot.thread = context
    context.parked = spot
    context.since = shared.now
    context.state = "parked"
    try:
        # Straight to the next one where the driver would find nothing to do in between: entering a greenlet is dear.
        # While this one rests, its stack refers to the other, so that `kill` must not rely on the last reference.
        if (
            shared.left
            and shared.woken
            and (following := shared.woken[0]).state == "parked"
            and following.within is None
            and following.home == context.home
            and following.host_limit == context.host_limit
            and context.end_events is None
            and not context.list
            and not context.world.overrun
            and context.standing
        ):
            shared.left -= 1
            del shared.woken[0]
            following.state = "active"
            shared.cell.context = shared.running = following
            place = following.place
            following = None
            place().switch()
        else:
            following = None
            shared.driver.switch()
    except BaseException:  # it is being discarded
        spot.thread = None
        spot.code = FREE
        raise
    code: int = spot.code
    spot.code = FREE
    if context.abort_mark:
        context.abort_mark = False
        raise ScriptAbort
    return code


def wake(waiter: Any) -> None:
    """Makes the thread parked on `waiter` runnable; it goes on in the next scheduler step."""
    thread: Context | None = waiter.thread
    if thread is None:
        return
    waiter.thread = None
    if thread.state == "parked" and thread.parked is waiter:
        thread.world.threads.woken.append(thread)


def innermost(handle: Thread) -> Any:
    """The greenlet whose frames a thread that does not run stands in, None when there is none."""
    context = handle.context
    if context.state != "parked":
        return handle.greenlet
    place = (context.within or context).place
    return None if place is None else place()


def run_woken() -> None:
    """Gives each thread woken so far its turn."""
    shared = scheduler()
    woken = shared.woken
    if not woken:
        return
    here = _getcurrent()
    # names the parents of greenlets without referring to them: while a thread's greenlet has this one as its parent,
    # no other greenlet has its number
    home = id(here)
    cell = _local.cell
    me: Context = cell.context  # type: ignore[assignment]
    world = me.world
    limit = reach = sys.getrecursionlimit()  # `reach` is the one that is set now
    before = shared.running, shared.driver, shared.cell, shared.now, shared.left
    shared.running = None
    shared.left = len(woken)
    shared.driver = here
    shared.cell = cell
    shared.now = world.ports.clock()
    context: Context | None = None
    try:
        while shared.left and woken:  # a thread may have driven the others itself
            shared.left -= 1
            context = woken.popleft()
            if context.state != "parked":
                continue
            inner = context.within
            if inner is None:
                inner = shared.running = context
            else:
                shared.running = None
            place = inner.place
            target = place()  # not as a method: Python finds those in slots slowly
            if target is None:
                continue
            if context.home != home:
                root = target if inner is context else context.handle_ref().greenlet
                root.parent = here
                context.home = home
            # as `_enter`, without its call: a server does this once for each message
            context.state = "active"
            wanted = inner.host_limit if inner.host_limit > limit else limit
            if wanted != reach or world.overrun:
                reach = wanted
                sys.setrecursionlimit(reach)
            cell.context = inner
            values = target.switch()
            running = shared.running
            if running is not None:
                context = running  # threads that rest enter the next one themselves
            if context.state == "parked":
                if context.end_events is None and not context.list and context.standing:
                    continue  # again: it stands where it stood
                values = ()
            shared.running = None
            cell.context = me
            _settle(context, values)
    finally:
        cell.context = me
        if shared.running is not None:
            context = shared.running
        shared.running, shared.driver, shared.cell, shared.now, shared.left = before
        if sys.getrecursionlimit() != limit:
            sys.setrecursionlimit(limit)
        if context is not None and context.state == "finished":
            _settle(context, ())


def _settle(context: Context, values: tuple[Any, ...]) -> None:
    """A thread that was parked has ended, or waits for something else: puts it where it belongs now."""
    handle = context.handle_ref() if context.handle_ref is not None else None
    if context.owner is not None:
        context.owner.parked_threads.pop(context, None)
        context.standing = False
    if handle is None:  # dropped while it ran
        greenlet = None if context.place is None else context.place()
        if greenlet is not None:
            kill(greenlet)
        return
    if context.state == "finished":
        handle.greenlet = None
        return
    context.elapsed = 0.0
    context.remaining = to_real(values[0]) if values else 0.0
    schedule(handle)


def run_pass(dt: float) -> int:
    """One scheduler step of the running context: woken threads first, then a pass; how many threads are left."""
    run_woken()
    context = current()
    left = _pass(context, dt)
    # woken ones count, also those of other contexts; those of this one stand among its parked ones still
    left += sum(thread not in context.parked_threads for thread in scheduler().woken)
    _heed_abort()
    return left


def next_due(context: Context | None = None) -> float | None:
    """Seconds until a thread of the running context can run: 0.0 at once, None when all that is left is parked."""
    if scheduler().woken:
        return 0.0
    due: float | None = None
    for handle in (context or current()).list:
        inner = handle.context
        candidates = []
        if inner.state == "suspended":
            # a waiting `sync` looks at its condition in every pass: often enough, not always
            candidates.append(0.005 if inner.sync_waiting else max(0.0, inner.remaining))
        elif inner.end_events is not None:
            candidates.append(0.005)
        if inner.list:
            nested = next_due(inner)
            if nested is not None:
                candidates.append(nested)
        for value in candidates:
            due = value if due is None or value < due else due
    return due
