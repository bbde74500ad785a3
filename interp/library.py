"""The library interface: how a library declares functions, constants and object types for scripts.

Rules of this file: a function is its signature, its docstring and its body in one place; the loader converts arguments
and gives the messages of chapter 04 section 2; libraries use nothing of the interpreter but what is here and in
`interp.ports`. Natives are module-level and stateless, shared by all engines; per-engine state lives in
`engine().slots`.

A signature reads like the documentation: ``name( kind arg, kind arg[, kind arg = default] )``. Kinds are `any non-null
bool int real string cstring array dict map object strict-object callable pointer thread iterable`, a registered type's
name, or several joined by `|`; `...` at the end passes the remaining values on as they are.
"""

from __future__ import annotations

from .runtime import iterators as _iterators
from .runtime.calls import call, call_multi, is_callable
from .runtime.convert import (
    format_real,
    numeric_prefix,
    to_int,
    to_real,
    type_name,
    wrap,
)
from .runtime.guard import guarded, native_truth
from .runtime.guard import safe_text as to_text
from .runtime.helpers import KNOWN_NATIVES
from .runtime.iterators import NotIterable, iterate
from .runtime.kinds import FunctionType
from .runtime.messages import NATIVE_CODES, error, message, warning
from .runtime.state import INFO, current
from .runtime.values import (
    MISSING,
    Array,
    IteratorError,
    Map,
    Pointer,
    dict_get,
    dict_items,
    dict_set,
    is_dict,
    is_object,
    make_table,
    map_items,
    map_key,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .object_types import Iterator, Object, method, prop
    from .runtime.state import World

__all__ = [
    "MISSING", "Iterator", "IteratorError", "Library", "NotIterable", "Object", "Pointer", "argument_error", "call",
    "call_multi", "charge", "convert", "dict_get", "dict_items", "dict_set", "engine", "error", "format_real", "gather",
    "info",
    "is_array", "is_callable", "is_dict", "is_map", "is_object", "iterate", "map_items", "method", "new_array",
    "new_dict", "new_map", "numeric_prefix", "poll", "poll_every", "prop", "set_errno", "symbols", "to_int",
    "to_real", "to_text", "type_name", "warning", "wrap",
]  # fmt: skip

TYPES: dict[str, type] = {}


# --- making and looking at values -------------------------------------------------------------------------------------


def new_array(items: Iterable[Any] = ()) -> Array:
    """A new script array of the running engine."""
    return current().world.array_type(items)


def new_dict(entries: dict[bytes, Any] | Iterable[tuple[bytes, Any]] = ()) -> Any:
    """A new script dict; keys are bytes, in order."""
    return make_table(entries)  # type: ignore[arg-type]


def new_map(pairs: Iterable[tuple[Any, Any]] = ()) -> Map:
    """A new script map of (key, value) pairs; keys keep their type."""
    made = Map()
    for key, value in pairs:
        dict.__setitem__(made, map_key(key), value)
    return made


def is_array(value: Any) -> bool:
    return isinstance(value, Array)


def is_map(value: Any) -> bool:
    return isinstance(value, Map)


def engine() -> World:
    """The running engine's state (see `interp.runtime.state.World`)."""
    return current().world


def set_errno(number: int) -> None:
    """Sets what `errno()` answers."""
    current().world.errno = number


def symbols() -> dict[bytes, Any]:
    """The engine's symbol table, name to value."""
    return current().world.symbol_values


def info(text: bytes | str) -> None:
    """Emits a message of level Info."""
    message(INFO, text if isinstance(text, bytes) else text.encode())


def poll() -> None:
    """Raises when the engine was interrupted or a limit fired. For natives that loop."""
    context = current()
    if context.world.namespace["$stop"]:
        context.world.stop_reason()


def spend(count: int = 1) -> None:
    """Accounts for `count` operations, and polls. For natives whose loops can be long."""
    world = current().world
    guard = None if world.ports is None else world.ports.guard
    if guard is not None and guard.spend is not None:
        guard.spend(count)
    if world.namespace["$stop"]:
        world.stop_reason()


def charge(size: int) -> None:
    """Accounts for `size` bytes about to be allocated at once, and ends the script when there is no room for them.

    For natives whose result can be much larger than what they were given; small sizes cost nothing.
    """
    if size > 65536:
        world = current().world
        guard = None if world.ports is None else world.ports.guard
        if guard is not None:
            guard.charge(size)
            if guard.spend is not None:
                guard.spend(size >> 10)
        if world.namespace["$stop"]:
            world.stop_reason()


def is_memory_limited() -> bool:
    """Whether the running engine has a limit of memory. For natives that save work where there is none."""
    ports = current().world.ports
    return ports is not None and ports.guard is not None and ports.guard.limits.memory is not None


def is_stoppable() -> bool:
    """Whether limits or `interrupt` can stop the running engine in mid-work. For natives that save work otherwise."""
    compiler = current().world.compiler
    return compiler is None or compiler.polling


def poll_every(items: Iterable[Any], count: int = 1024) -> Iterable[Any]:
    """The items one by one, with a `poll` and one operation accounted for after each `count` of them."""
    world = current().world
    namespace = world.namespace
    guard = None if world.ports is None else world.ports.guard
    left = count
    for item in items:
        yield item
        left -= 1
        if not left:
            left = count
            if guard is not None and guard.spend is not None:
                guard.spend(1)
            if namespace["$stop"]:
                world.stop_reason()


def gather(items: Iterable[Any]) -> list[Any]:
    """`list( items )` with the same checks, nearly as quick."""
    from itertools import islice

    rest = iter(items)
    made = list(islice(rest, 4096))
    if len(made) < 4096:
        return made
    guard = current().world.ports.guard if current().world.ports is not None else None
    while more := list(islice(rest, 4096)):
        made += more
        if guard is not None and guard.spend is not None:
            guard.spend(4)
        poll()
    return made


# --- arguments --------------------------------------------------------------------------------------------------------


def argument_error(position: int, expected: str, value: Any = MISSING) -> Any:
    """The Warning `argument N - expected KIND, got TYPE`; N counts from 1."""
    warning(f"argument {position} - expected {expected}, got {type_name(value)}")


def _to_bool(value: Any) -> Any:
    kind = type(value)
    if kind is bool or kind is int or kind is float:
        return bool(value)
    # an abort inside `__tobool` ends there: the native goes on
    return guarded(bool, native_truth, value) if _is_any_object(value) else MISSING


def _is_any_object(value: Any) -> bool:
    return is_object(value)


def _to_int(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return value
    if kind is bool or kind is float:
        return to_int(value)
    if kind is bytes:
        return MISSING if numeric_prefix(value) is None else to_int(value)
    return 0 if _is_any_object(value) else MISSING


def _to_real(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        return value
    if kind is int or kind is bool:
        return float(value)
    if kind is bytes:
        number = numeric_prefix(value)
        return MISSING if number is None else float(number)
    return 0.0 if _is_any_object(value) else MISSING


def _to_string(value: Any) -> Any:
    kind = type(value)
    if kind is bytes:
        return value
    if kind in (bool, int, float) or _is_any_object(value):
        return to_text(value)
    return MISSING


def _to_cstring(value: Any) -> Any:
    text = _to_string(value)
    return text if text is MISSING else text.split(b"\0", 1)[0]


def _to_pointer(value: Any) -> Any:
    if value is None:
        return Pointer(0)
    return value if type(value) is Pointer else MISSING


def _checked(test: Callable[[Any], bool]) -> Callable[[Any], Any]:
    return lambda value: value if test(value) else MISSING


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "any": lambda value: value,
    "non-null": _checked(lambda value: value is not None),
    "bool": _to_bool,
    "int": _to_int,
    "real": _to_real,
    "string": _to_string,
    "cstring": _to_cstring,
    "array": _checked(is_array),
    "dict": _checked(is_dict),
    "map": _checked(is_map),
    "object": _checked(lambda value: value is None or _is_any_object(value)),
    "strict-object": _checked(_is_any_object),
    "callable": _checked(is_callable),
    "pointer": _to_pointer,
    "thread": _checked(lambda value: getattr(type(value), "type_name", None) == "thread"),
    "iterable": _checked(_iterators.is_iterable),
    "dict/map": _checked(lambda value: is_dict(value) or is_map(value)),
}

_KIND_TEXTS = {"cstring": "string", "strict-object": "strict object", "dict/map": "dict / map"}

# Kinds whose exact host types need no look at the value once one call has succeeded.
_BY_TYPE = frozenset(("any", "bool", "int", "real", "string", "array"))


def convert(kind: str, value: Any) -> Any:
    """The value converted as an argument of that kind, or MISSING when it is refused. No message."""
    if value is MISSING:
        return MISSING
    converter = _CONVERTERS.get(kind)
    if converter is not None:
        return converter(value)
    if "|" in kind:
        for part in kind.split("|"):
            result = convert(part, value)
            if result is not MISSING:
                return result
        return MISSING
    return value if isinstance(value, TYPES[kind]) else MISSING


class Parameter:
    """One parameter of a signature."""

    __slots__ = ("default", "expected", "kind", "name", "optional")

    def __init__(self, kind: str, name: str, optional: bool, default: Any) -> None:
        self.kind = kind
        self.name = name
        self.optional = optional
        self.default = default
        self.expected = " or ".join(_KIND_TEXTS.get(part, part) for part in kind.split("|"))


def parse_signature(signature: str, constants: dict[str, Any]) -> tuple[list[Parameter], bool]:
    """The parameters of a signature, and whether `...` ends it."""
    inside = signature[signature.index("(") + 1 : signature.rindex(")")]
    parameters: list[Parameter] = []
    rest = False
    optional = False
    for part in inside.split(","):
        opens = "[" in part
        if part.strip().startswith("["):
            optional = True
        text = part.replace("[", " ").replace("]", " ").strip()
        if text == "...":
            rest = True
        elif text:
            declared, _, default = text.partition("=")
            words = declared.split()
            has_default = bool(default.strip())
            parameters.append(
                Parameter(words[0], words[1], optional or has_default, _constant(default.strip(), constants))
            )
        optional = optional or opens
    return parameters, rest


def _constant(text: str, constants: dict[str, Any]) -> Any:
    if not text or text == "null":
        return None
    if text in constants:
        return constants[text]
    if text in ("true", "false"):
        return text == "true"
    if text[0] in "\"'":
        return text[1:-1].encode().decode("unicode_escape").encode("latin-1")
    return float(text) if "." in text else int(text, 0)


class Spec:
    """What the interpreter knows about a native function.

    name        the script name; `display` (bytes) is what messages and traces show
    body        the Python function behind it; `multi` the form that gives all results, None with exactly one
    nameless    shown as `[C function]` in the middle of a trace, without a prefix for its own message
    refused     called where arguments are refused; the call then gives what it gives, else null
    """

    __slots__ = (
        "accept", "body", "constants", "display", "doc", "exact", "multi", "name", "nameless", "parameters", "raw",
        "recipes", "refused", "rest", "signature", "this_kind",
    )  # fmt: skip

    def __init__(
        self, name: str, signature: str, body: Any, display: str | None, exact: bool, raw: bool,
        this_kind: str | None, constants: dict[str, Any],
    ) -> None:  # fmt: skip
        self.name = name
        self.signature = signature
        self.body = body
        self.display = (display or name).encode()
        self.exact = exact
        self.raw = raw
        self.this_kind = this_kind
        self.nameless = False
        self.multi: Any = None
        self.refused: Callable[[], Any] | None = None
        self.doc = body.__doc__
        self.constants = constants
        self.parameters: list[Parameter] | None = None
        self.rest = False
        # types of arguments that need no conversion (of a single one the type itself): the defaults of the rest
        self.accept: dict[Any, tuple[Any, ...]] = {}
        # the same where ints become reals: the places of these, and the defaults
        self.recipes: dict[tuple[type, ...], tuple[tuple[int, ...], tuple[Any, ...]]] = {}

    def load(self, args: tuple[Any, ...]) -> list[Any] | None:
        """Converted arguments for the body; None (with the messages) when the call must not happen."""
        if self.parameters is None:
            self.parameters, self.rest = parse_signature(self.signature, self.constants)
        recipe = self.recipes.get((*map(type, args),))
        if recipe is not None:
            # ints for reals: nothing but a conversion that cannot fail
            made = list(args)
            for at in recipe[0]:
                made[at] = float(made[at])
            made += recipe[1]
            return made
        given = len(args)
        values: list[Any] = []
        used = 0
        stopped = False
        plain = True
        reals: list[int] = []
        for parameter in self.parameters:
            if stopped or (parameter.optional and used >= given):
                values.append(parameter.default)
                continue
            value = args[used] if used < given else MISSING
            if parameter.optional and value is None and parameter.kind != "any":
                values.append(parameter.default)
                stopped, plain = True, False
                continue
            result = convert(parameter.kind, value)
            if result is MISSING:
                argument_error(used + 1, parameter.expected, value)
                if not parameter.optional:
                    return None
                values.append(parameter.default)
                stopped, plain = True, False
                used += 1
                continue
            if parameter.kind == "real" and type(value) is int:
                reals.append(used)
            else:
                sure = parameter.kind in _BY_TYPE or (parameter.kind == "callable" and type(value) is FunctionType)
                plain = plain and result is value and sure
            values.append(result)
            used += 1
        if self.exact and given > used:
            full = used if stopped else len(self.parameters)
            warning(f"function expects exactly {full} arguments, {given} given")
            return None
        if self.rest:
            values.extend(args[used:])
        elif plain and given == used and len(self.accept) < 32:
            kinds = tuple(map(type, args))
            tail = tuple(values[used:])
            if reals:
                self.recipes[kinds] = (tuple(reals), tail)
            else:
                self.accept[kinds[0] if len(kinds) == 1 else kinds] = tail
        return values

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        """A method's call in full: every argument looked at. For `quick` natives, when a call is not of their form."""
        this, args = self.load_this(this, args)
        values = None if this is MISSING else self.load(args)
        return self.refuse() if values is None else self.body(this, *values)

    def refuse(self) -> Any:
        """What a call gives whose arguments are refused; the messages have been given."""
        return None if self.refused is None else self.refused()

    def load_this(self, this: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """A method's object and arguments; called without one, the first argument is the object. MISSING: refused."""
        kind: str = self.this_kind  # type: ignore[assignment]
        expected = _KIND_TEXTS.get(kind, kind)
        if this is None:
            if not args or convert(kind, args[0]) is MISSING:
                argument_error(1, expected, args[0] if args else MISSING)
                return MISSING, args
            return args[0], args[1:]
        if convert(kind, this) is MISSING:
            warning(f"'this' - expected {expected}, got {type_name(this)}")
            return MISSING, args
        return this, args


def _function_native(spec: Spec, body: Any) -> Any:
    accept = spec.accept

    def native(
        this: Any = None, first: Any = MISSING, second: Any = MISSING, third: Any = MISSING, *more: Any
    ) -> Any:  # fmt: skip
        # written out for one to three arguments, as a tuple of any number of them takes longer than most bodies
        if second is MISSING:
            if first is MISSING:
                args: tuple[Any, ...] = ()
            else:
                tail = accept.get(type(first))
                if tail is not None:
                    return body(first, *tail) if tail else body(first)
                args = (first,)
        elif third is MISSING:
            tail = accept.get((type(first), type(second)))
            if tail is not None:
                return body(first, second, *tail) if tail else body(first, second)
            args = (first, second)
        else:
            args = (first, second, third, *more)
            tail = accept.get((*map(type, args),))
            if tail is not None:
                return body(*args, *tail)
        values = spec.load(args)
        return spec.refuse() if values is None else body(*values)

    return native


def _raw_native(spec: Spec, body: Any) -> Any:
    def native(this: Any = None, *args: Any) -> Any:
        return body(this, args) if spec is not None else None  # `spec`: how traces know the frame

    return native


def _method_native(spec: Spec, body: Any) -> Any:
    accept = spec.accept
    # how the last good calls with one argument and with none looked: most calls look like them
    owner: Any = None
    kind: Any = None
    rest_of_one: tuple[Any, ...] = ()
    owner_alone: Any = None
    rest_of_none: tuple[Any, ...] = ()

    def native(this: Any = None, first: Any = MISSING, *more: Any) -> Any:
        nonlocal owner, kind, rest_of_one, owner_alone, rest_of_none
        if type(first) is kind and type(this) is owner and not more:
            return body(this, first, *rest_of_one)
        if first is MISSING and type(this) is owner_alone:
            return body(this, *rest_of_none)
        this, args = spec.load_this(this, () if first is MISSING else (first, *more))
        if this is MISSING:
            return spec.refuse()
        tail = accept.get(type(args[0]) if len(args) == 1 else (*map(type, args),))
        if tail is not None:
            if len(args) == 1:
                owner, kind, rest_of_one = type(this), type(args[0]), tail
            elif not args and first is MISSING:
                owner_alone, rest_of_none = type(this), tail
            return body(this, *args, *tail)
        values = spec.load(args)
        return spec.refuse() if values is None else body(this, *values)

    return native


def _raw_method_native(spec: Spec, body: Any) -> Any:
    def native(this: Any = None, *args: Any) -> Any:
        this, args = spec.load_this(this, args)
        return spec.refuse() if this is MISSING else body(this, args)

    return native


def _first_native(spec: Spec) -> Any:
    """The single-result form of a native whose wrapper gives a tuple."""

    def native(this: Any = None, *args: Any) -> Any:
        results = spec.multi(this, *args)
        return results[0] if results else None

    return native


def _tuple_native(inner: Any) -> Any:
    def all_results(this: Any = None, *args: Any) -> Any:
        results = inner(this, *args)
        return () if results is None else results

    return all_results


def _full_native(spec: Spec) -> Any:
    """All results of a method with a `quick` native, for any number of arguments."""

    def all_results(this: Any = None, *args: Any) -> tuple[Any, ...]:
        return (spec.invoke(this, args),)

    NATIVE_CODES.add(all_results.__code__)
    return all_results


def make_native(
    name: str, signature: str, body: Any, *, display: str | None = None, exact: bool = False, multi: bool = False,
    raw: bool = False, this_kind: str | None = None, constants: dict[str, Any] | None = None,
    quick: Callable[[Spec], Any] | None = None, refused: Callable[[], Any] | None = None,
) -> Any:  # fmt: skip
    """The native function (a Python function taking `this` and the arguments) for a body; see `.spec`, `.body`."""
    spec = Spec(name, signature, body, display, exact, raw, this_kind, {} if constants is None else constants)
    spec.refused = refused
    if quick is not None:
        native = quick(spec)
        if not native.__code__.co_flags & 4:  # CO_VARARGS: calls with more arguments than it has come here
            spec.multi = _full_native(spec)
    elif this_kind is not None:
        native = _raw_method_native(spec, body) if raw else _method_native(spec, body)
    else:
        native = _raw_native(spec, body) if raw else _function_native(spec, body)
    NATIVE_CODES.add(native.__code__)
    if multi:
        spec.multi = _tuple_native(native)
        native = _first_native(spec)
    native.spec = spec
    native.body = body
    native.__doc__ = None
    return native


# --- libraries --------------------------------------------------------------------------------------------------------


class Library:
    """A named set of globals. `install` puts them into an engine when a script includes it.

    name        what `include` takes; aliases are further names
    on_install  optional function called with no arguments after the globals exist, for per-engine state
    """

    def __init__(self, name: str, aliases: tuple[str, ...] = (), doc: str = "") -> None:
        self.name = name
        self.aliases = aliases
        self.doc = doc
        self.functions: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}
        self.types: list[type] = []
        self.shortcuts: dict[str, Any] = {}  # what generated code calls in a known native's place, by its `$` name
        self.on_install: Callable[[], None] | None = None

    def function(
        self, signature: str, *, exact: bool = False, multi: bool = False, raw: bool = False,
        display: str | None = None, refused: Callable[[], Any] | None = None,
    ) -> Callable[[Any], Any]:  # fmt: skip
        """Decorator: declares a global function. See the module's text for signatures.

        exact     surplus arguments are a Warning and null
        multi     the body returns a tuple of results
        raw       the body gets `( this, args )` unconverted
        refused   called after the Warning when arguments are refused; gives the result in place of null
        """

        def declare(body: Any) -> Any:
            name = signature[: signature.index("(")].strip()
            native = make_native(
                name, signature, body, display=display, exact=exact, multi=multi, raw=raw, constants=self.constants,
                refused=refused,
            )  # fmt: skip
            self.functions[name] = native
            return native

        return declare

    def constant(self, name: str, value: Any) -> None:
        """Declares a global constant (an ordinary global that a script may overwrite)."""
        self.constants[name] = value

    def type(self, cls: type) -> type:
        """Registers an object type under its name for signatures and `typeptr_by_name`. Usable as a decorator."""
        TYPES[cls.type_name] = cls  # type: ignore[attr-defined]
        self.types.append(cls)
        return cls

    def install(self, world: World) -> None:
        """Creates the library's globals and symbols in an engine."""
        world.need((*self.functions, *self.constants))  # what has these names already comes first
        world.namespace.update(self.functions)
        for name in KNOWN_NATIVES.intersection(self.functions):
            world.namespace["$N_" + name] = self.functions[name]
        world.namespace.update(self.shortcuts)
        world.namespace.update(self.constants)
        world.natives_register({name.encode(): native for name, native in self.functions.items()})
        if self.on_install is not None:
            self.on_install()


def is_native(value: Any) -> bool:
    return type(value) is FunctionType and "spec" in value.__dict__


def __getattr__(name: str) -> Any:
    # object types: few scripts use one, and making classes takes time
    if name not in ("Iterator", "Object", "method", "prop"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import object_types

    made = globals()[name] = getattr(object_types, name)
    return made
