"""What the reader of a run-time message most likely wanted: hints of one line.

Rules of this file: a hint is only given where the text around the place, or the object in question, shows that it is
apt - a wrong hint is worse than none. What a library has comes from its declarations. Nothing here runs script code.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from . import habits, vocabulary
from .libraries import BUILT_IN
from .syntax_hints import Around, in_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any

    from .places import Text
    from .pretty import Spot

_MOST_MEMBERS = 2000  # that are looked at for a name like the one that is missing


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that a slip of the fingers most likely turned into another one, None when none is that near."""
    best, found = _allowed(name), None
    for item in dict.fromkeys(names):
        if item == name or abs(len(item) - len(name)) > best:
            continue
        slips = 0 if item.lower() == name.lower() else _slips(name, item)
        # of two as near the longer one: leaving a letter out is the most common slip
        nearer = slips < best or (slips == best and (found is None or len(item) > len(found)))
        if nearer and (len(item) > 3 or slips == 0 or sorted(item) == sorted(name)):
            best, found = slips, item
    return found


def _allowed(name: str) -> int:
    """How many slips a name may have: in short ones two make another word."""
    return 1 if len(name) < 6 else 2 if len(name) < 12 else 3


def _slips(one: str, other: str) -> int:
    """Letters left out, added, changed or swapped with a neighbour between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one):
        earlier, before, row = before, row, [place + 1]
        for at, wanted in enumerate(other):
            cost = min(row[at] + 1, before[at + 1] + 1, before[at] + (letter != wanted))
            if place and at and letter == other[at - 1] and one[place - 1] == wanted:
                cost = min(cost, earlier[at - 1] + 1)
            row.append(cost)
    return row[-1]


def run_hint(message: Any, words: str, spot: Spot | None, code: CodeType | None) -> str | None:
    """The hint for a message of running code; `code` is the function it happened in."""
    world, subject = getattr(message, "_world", None), getattr(message, "_subject", None)
    for pattern, rule in _RULES:
        match = pattern.fullmatch(words)
        if match:
            return rule(_Running(world, subject, spot, code), *match.groups()) or None
    return None


class _Running:
    """What is known about the place of a run-time message."""

    def __init__(self, world: Any, subject: Any, spot: Spot | None, code: CodeType | None) -> None:
        self.world = world
        self.subject = subject
        self.spot = spot
        self.code = code

    def globals(self) -> list[str]:
        from .runtime.environment import global_items

        return [] if self.world is None else [name.decode("latin-1") for name, _ in global_items(self.world)]

    def locals(self) -> list[str]:
        if self.code is None:
            return []
        names = (*self.code.co_varnames, *self.code.co_cellvars, *self.code.co_freevars)
        return [name for name in names if "$" not in name and name != "this"]

    def value(self, name: str) -> Any:
        """What a variable (or `this`) of the running function or a global holds, MISSING where that is not known."""
        import sys

        from .runtime.environment import global_get
        from .runtime.values import MISSING

        frame = sys._getframe()
        while frame is not None and self.code is not None:
            if frame.f_code is self.code:
                found = frame.f_locals.get(name, MISSING)
                found = getattr(found, "cell_contents", found)
                if found is not MISSING:
                    return found
                break
            frame = frame.f_back  # type: ignore[assignment]
        return MISSING if self.world is None or name == "this" else global_get(self.world, name.encode())

    def has_library(self, name: str) -> bool:
        """Whether the engine may include a library; true where the engine is not known."""
        return self.world is None or self.world.library_resolver(name.encode()) is not None

    def around(self) -> Around | None:
        return (
            Around(self.spot.text, self.spot.token) if self.spot is not None and self.spot.token is not None else None
        )

    def receiver(self) -> str:
        """The name or path left of the member or index at work, an empty text for anything longer."""
        here = self.around()
        if here is None or here.word not in (".", "["):
            return ""
        begin = here.token - 1
        if here.text.kind(begin) not in ("NAME", "this"):
            return ""
        while here.text.kind(begin - 1) == "." and here.text.kind(begin - 2) in ("NAME", "this"):
            begin -= 2
        if here.text.kind(begin - 1) in (".", "!", ")", "]"):
            return ""
        return here.text.source[here.text.spans[begin][0] : here.text.spans[here.token - 1][1]].decode("latin-1")


def _library_of(name: str) -> str | None:
    """The library to include for a name, None where none has it."""
    if name in vocabulary.functions():
        found: str | None = vocabulary.functions()[name][0]
    else:
        found = vocabulary.constants().get(name)
    return found or None


def _unknown_global(where: _Running, name: str) -> str:
    library = _library_of(name)
    if library is not None:
        library = "json" if library == "sgsjson" else library
        if where.has_library(library):
            return f'`{name}` is in the library {library}: add `include "{library}";`'
        return f"`{name}` is in the library {library}, which this program may not use"
    if where.code is not None and where.code.co_name != "<main>":
        from .places import top_level_names

        if name in top_level_names(where.code):
            return f"`{name}` is a local variable of the top level: write `global {name} = …` there"
    here = where.around()
    if here is not None and here.at(-1) == "include" and name in BUILT_IN and where.has_library(name):
        return f'write `include "{name}";`'
    if here is not None and here.word == name and here.at(-1) == "!" and here.at(1) == "(":
        return f"`a!{name}()` calls the function `{name}` with `this`; a property is called with a dot: `a.{name}()`"
    this = where.value("this")
    if where.world is not None and this is not None and name in members(this, where.world):
        return f"did you mean `this.{name}`?"
    if here is not None and _is_outer_variable(here, name):
        return f"functions do not see the variables around them: add `use( {name} )` behind the arguments"
    written = _library_object(where, name)
    if written:
        return written
    own = nearest(name, [*where.locals(), *where.globals()])
    if own is not None and own.lower() == name.lower():
        return f"did you mean `{own}`?"
    if name in habits.NAMES:
        return habits.NAMES[name].replace("{name}", name)
    if own is not None:
        return f"did you mean `{own}`?"
    other = nearest(name, [item for item in vocabulary.functions() if _library_of(item)])
    if other is not None:
        library = _library_of(other)
        if library is not None and where.has_library(library):
            return f'did you mean `{other}` of the library {library}? (`include "{library}";`)'
    return ""


def _is_outer_variable(here: Around, name: str) -> bool:
    """Whether a function around the one that the token stands in has a variable of that name."""
    text = here.text
    level = 0
    opening = text.opening(here.token)
    while opening is not None:
        if text.kind(opening) == "{" and text.kind(opening - 1) == ")":
            signature = text.opening(opening - 1)
            if signature is not None and "function" in (text.kind(signature - 1), text.kind(signature - 2)):
                level += 1
                if level > 1:
                    parameters = range(signature + 1, opening - 1)
                    body = range(opening + 1, text.closing(opening) or opening)
                    if any(text.word(token) == name and text.kind(token) == "NAME" for token in parameters):
                        return True
                    if any(
                        text.word(token) == name
                        and text.kind(token + 1) == "="
                        and text.kind(token) == "NAME"
                        and _begins_assignment(text, token)
                        for token in body
                    ):
                        return True
        opening = text.opening(opening)
    return False


def _begins_assignment(text: Text, token: int) -> bool:
    """Whether a name before a `=` is a variable: no member, no global, no key of a dictionary."""
    before = text.kind(token - 1)
    if before == "{":
        return text.kind(token - 2) in (")", "else", "do", ";", "{", "}")
    return before in (";", "}", "(", "=", "var", ")", "else", "do")


def _library_object(where: _Running, name: str) -> str:
    """`string.format` or `Math.floor`, as if a library were an object."""
    here = where.around()
    library = name.lower()
    if here is None or library not in BUILT_IN or here.at(1) != ".":
        return ""
    for function in (f"{library}_{here.at(2)}", here.at(2)):
        if _library_of(function) is not None and where.has_library(library):
            return f'write `{function}`: add `include "{library}";`'
    return habits.NAMES.get(name) or f"the functions of the library {library} are globals, there is no object `{name}`"


def _unknown_property(where: _Running, name: str) -> str:
    from .runtime.values import Array

    subject = where.subject
    if subject is None or where.world is None:
        return ""
    if isinstance(subject, Array) and name in habits.ARRAY_MEMBERS:
        return f"arrays: {habits.ARRAY_MEMBERS[name]}"
    table = _members_elsewhere(subject)
    if name in table:
        return table[name]
    near = nearest(name, members(subject, where.world))
    if near is None and isinstance(subject, Array):
        near = nearest(name, habits.ARRAY_MEMBERS)
        return f"arrays: {habits.ARRAY_MEMBERS[near]}" if near else ""
    return f"did you mean `{near}`?" if near else ""


def _members_elsewhere(subject: Any) -> dict[str, str]:
    from .runtime.values import is_dict

    if getattr(type(subject), "type_name", "") == "socket":
        return habits.SOCKET_MEMBERS
    return habits.DICT_MEMBERS if is_dict(subject) else {}


def _written_property(where: _Running, name: str) -> str:
    here = where.around()
    if here is not None and in_condition(here):
        return "`=` assigns; `==` compares"
    if where.subject is not None and where.world is not None and name in members(where.subject, where.world):
        return f"`{name}` cannot be written"
    return _unknown_property(where, name)


def _unknown_key(where: _Running, key: str) -> str:
    from .runtime.values import Map, is_dict

    if (
        where.subject is not None
        and where.world is not None
        and (is_dict(where.subject) or isinstance(where.subject, Map))
    ):
        near = nearest(key, members(where.subject, where.world))
        return f"did you mean `{near}`?" if near else ""
    return ""


def members(value: Any, world: Any) -> list[str]:
    """The names that may follow a dot behind a value."""
    from .session import members as all_members

    return [name for name, _ in islice(all_members(world, value), _MOST_MEMBERS)]


def _property_of(where: _Running, name: str, kind: str) -> str:
    if kind == "null":
        receiver = where.receiver()
        return f"`{receiver}` is null" if receiver else ""
    if kind == "string":
        found = habits.STRING_MEMBERS.get(name)
        if found is not None and found[:7] == "string_":
            if found in where.globals():
                return f"`{found}( text )` does that"
            return f'`{found}` is in the library string: add `include "string";`' * where.has_library("string")
        if found is not None:
            return f"strings: {found}"
        near = nearest(name, ("length", "first", "last"))
        return f"did you mean `{near}`?" if near else "strings have only `length`, `first` and `last`"
    return ""


def _index_of(where: _Running, kind: str) -> str:
    receiver = where.receiver()
    return f"`{receiver}` is {'null' if kind == 'null' else 'of type ' + kind}" if receiver else ""


def _unwritable(where: _Running) -> str:
    here = where.around()
    if here is not None and in_condition(here):
        return "`=` assigns; `==` compares"
    receiver = where.receiver()
    value = where.value(receiver) if receiver and "." not in receiver else b"" if receiver else 0
    if value is None:
        return f"`{receiver}` is null"
    return "texts cannot be changed, only made anew" if type(value) is bytes and "." not in receiver else ""


def _not_called(where: _Running) -> str:
    """The call of an object, which may be a class."""
    from .convert import is_class

    here = where.around()
    name = here.at(-1) if here is not None and here.word == "(" and here.at(-2) not in (".", "!") else ""
    return f"an instance is made with `new {name}( … )`" if name and is_class(where.value(name)) else ""


def _socket_error(where: _Running) -> str:
    """Why an operation of a socket failed: the library has just noted it."""
    import os

    state = None if where.world is None else where.world.slots.get("sockets")
    if state is None or not state.code:
        return ""
    return os.strerror(state.code) if state.code > 0 else str(state.text.decode("utf-8", "replace"))


def _file_error(where: _Running) -> str:
    """Why a file was refused: the library has just noted it."""
    if where.world is None:
        return ""
    from stdlib.core.system import errno_text

    return errno_text(where.world.errno).decode("utf-8", "replace") if where.world.errno else ""


def _arithmetic(where: _Running) -> str:
    here = where.around()
    if here is not None and here.word in ("+", "+=") and "STRING" in (here.kind_at(-1), here.kind_at(1)):
        return "`+` adds numbers; `$` joins texts"
    return ""


def _out_of_bounds(where: _Running) -> str:
    from .runtime.values import Array

    if not isinstance(where.subject, Array):
        return ""
    size = len(where.subject)
    here = where.around()
    close = here.text.closing(here.token) if here is not None and here.word == "[" else None
    written = close is not None and here is not None and here.text.kind(close + 1) == "="
    appends = "; `push( value )` appends" if written else ""
    if not size:
        return f"the array is empty{appends}"
    last = "; the last item is `last`" if here is not None and here.at(1) == "-" else ""
    return f"the array has {size} item{'s' * (size > 1)}, the last index is {size - 1}{last or appends}"


def _include(where: _Running, name: str) -> str:
    if name in BUILT_IN and not where.has_library(name):
        return f"this program may not use the library {name}"
    near = nearest(name, [item for item in BUILT_IN if where.has_library(item)])
    return f"did you mean the library `{near}`?" if near else ""


def _base(where: _Running, name: str) -> str:
    near = nearest(name, where.globals())
    return f"did you mean `{near}`?" if near else ""


def _iterator(where: _Running, kind: str) -> str:
    if kind == "int":
        return "`for i : ( count )` counts from 0"
    if kind == "string":
        return "`for i : ( text.length )` counts through the bytes `text[ i ]`"
    return ""


def _signature(where: _Running, name: str) -> str:
    """How a native wants to be called."""
    found = _declaration(where, name)
    # what takes anything says so with dots: no help
    return f"it is called as `{found}`" if found and "..." not in found and "( [" not in found else ""


def _declaration(where: _Running, name: str) -> str:
    if name in vocabulary.functions():
        return str(vocabulary.functions()[name][1].spec.signature)
    type_name, dot, member = name.partition(".")
    if not dot:
        return ""
    if type_name == "array" and where.world is not None:
        from .runtime.values import MISSING, dict_get

        found = dict_get(where.world.array_meta, member.encode("latin-1", "replace"))
        return "" if found is MISSING or not hasattr(found, "spec") else str(found.spec.signature)
    for cls in vocabulary.types():
        if cls.type_name == type_name:  # type: ignore[attr-defined]
            native = cls.members.get(member.encode("latin-1", "replace"))  # type: ignore[attr-defined]
            return str(native.spec.signature) if hasattr(native, "spec") else ""
    return ""


def _advice(text: str) -> Callable[..., str]:
    return lambda *_: text


_ADVICE: list[tuple[str, Callable[..., str]]] = [(pattern, _advice(text)) for pattern, text in habits.ADVICE]
_PATTERNS: tuple[tuple[str, Callable[..., str]], ...] = (
    (r"variable '(.+)' was not found", _unknown_global),
    (r"Readable property not found: \"(.*)\"", _unknown_property),
    (r"Writable property not found: \"(.*)\"", _written_property),
    (r"(?:Property|Index) write operation not supported on the given variable type", _unwritable),
    (r"Specified arithmetic operation is not supported .*", _arithmetic),
    (r"Cannot find readable value by index: \"(.*)\"", _unknown_key),
    (r"Property '(.*)' not found on object of type '(.*)'", _property_of),
    (r"Cannot index variable of type '(.*)'", _index_of),
    (r"array index out of bounds", _out_of_bounds),
    (r"include\(\): could not find '(.*)' with include path '.*'", _include),
    (r"Class '.*' cannot inherit from '(.*)' - no such global object", _base),
    (r"Variable of type '(.*)' doesn't have an iterator", _iterator),
    (r"The object could not be called", _not_called),
    (r"socket\w*(?:\.\w+)?\(\): failed to (?:create|accept|get) .*", _socket_error),
    (r"io_file_\w+\(\): failed to .*", _file_error),
    *_ADVICE,
    (r"([\w.]+)\(\): (?:argument \d+ - expected|function expects) .*", _signature),
)
_RULES = tuple((re.compile(pattern, re.DOTALL), rule) for pattern, rule in _PATTERNS)

__all__ = ["members", "nearest", "run_hint"]
