"""The words of the language and of its libraries, for the prompt, the highlighters and the hints of messages.

Rule of this file: words come from the lexer and from the libraries' own tables, nothing is listed twice; it imports
all libraries, so only people's tools ask it, never a running script.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import Any

from .libraries import BUILT_IN, CORE
from .syntax.lexer import COMMANDS, RESERVED

CONSTANT_WORDS = frozenset(("null", "true", "false", "this"))
DECLARING_WORDS = frozenset(("var", "global", "function", "class", "use", "new", "thread", "subthread", "decltree"))
# what the interpreter itself puts into every engine
CORE_GLOBALS = ("array", "argc", "argv", "SGS_PATH", "_G", "_R", "_T")

# Where the docstrings name a chapter of the specification.
CHAPTER = re.compile(
    r"\s*\(?\b[Cc]hapters? \d\d(?:,? (?:and )?(?:\d\d|section [\d.]*\d|[\d.]*\d)|, \d[\d.]*\d?)*[.)]+"
    r"|; section [\d.]+ has the codes"
)


def about(doc: str | None) -> str:
    """A docstring as the reference and the prompt show it: one paragraph in the words of scripts."""
    text = " ".join((doc or "").split())
    text = re.sub(r"^`[\w]+\([^`]*\)`: ", "", text)
    text = CHAPTER.sub("", text).replace("None", "null").strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", ")")) else text + "."


def keywords() -> list[str]:
    """All reserved words, commands and `class`, in order."""
    return sorted({*RESERVED, *COMMANDS, "class"})


@cache
def libraries() -> dict[str, Any]:
    """The libraries of the distribution by the name that `include` takes; those always there under "core"."""
    found: dict[str, Any] = {}
    for module in dict.fromkeys(BUILT_IN.values()):
        library = importlib.import_module(module).library
        found[library.name] = library
    return found


@cache
def core() -> list[Any]:
    """The libraries that are always there."""
    return [importlib.import_module(f"stdlib.core.{name}").library for name in CORE]


@cache
def functions() -> dict[str, tuple[str, Any]]:
    """Every native function: its name to (library, native); the library is "" for those always there."""
    found: dict[str, tuple[str, Any]] = {}
    for library in core():
        found.update((name, ("", native)) for name, native in library.functions.items())
    for title, library in libraries().items():
        found.update((name, (title, native)) for name, native in library.functions.items())
    return found


@cache
def constants() -> dict[str, str]:
    """Every constant's name to its library, "" for those always there."""
    found = {name: "" for library in core() for name in library.constants}
    for title, library in libraries().items():
        found.update((name, title) for name in library.constants)
    return found


def constants_elsewhere(text: str) -> set[str]:
    """The constants in a generated text that only other systems or versions of Python may have.

    The sockets library has those of its host; what is made on one must not forget those of the others.
    """
    return set(re.findall(r"\b(?:AF|AI|EAI|IP|IPPROTO|IPV6|MSG|NI|PF|SCM|SO|SOCK|SOL|TCP)_\w+", text))


@cache
def types() -> list[type]:
    """Every object type of the libraries."""
    found = [kind for library in (*core(), *libraries().values()) for kind in library.types]
    return list(dict.fromkeys(found))
