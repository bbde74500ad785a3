"""Running other code: eval, include, the search path (chapter 04 section 6).

Rules of this file: files are reached only through the engine's resolver (`engine().includes`); compiled code is never
accepted; a compile error is an Error of the native that asked for the code.
"""

from __future__ import annotations

import sys

from interp.library import Library, charge, engine, map_items, new_array, new_dict, new_map, poll_every, warning
from interp.runtime.calls import call_multi
from interp.runtime.messages import RENAMING_CODES, message
from interp.runtime.state import ScriptAbort, current
from interp.runtime.values import MISSING, dict_get, dict_set, is_dict, map_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

library = Library("core-loading", doc="Running other code.")


class _Refused(Exception):
    """Code did not compile and the messages did not abort."""


def _compile(source: bytes, file: bytes) -> Any:
    """The `<main>` function of a text; compile messages are Errors of the running native."""
    world = engine()
    main, texts = world.compiler(source, file)
    if main is not None:
        return main
    before = world.refused
    try:
        for text in texts[:-1]:
            try:
                _say(text, source, file)
            except ScriptAbort:
                pass
        _say(texts[-1], source, file)
    finally:
        world.refused = before
    raise _Refused


def _say(text: bytes, source: Any, file: bytes) -> None:
    """One message of the compiler. Who explains it to people wants the text that it is about."""
    body = source if isinstance(source, bytes) else source.source
    engine().refused = (text, body, file.decode("utf-8", "surrogateescape"))
    message(300, text)


def _run(main: Any, file: bytes | None) -> tuple[Any, ...]:
    loading = engine().loading
    if file is not None:
        loading.append(file)
    try:
        return call_multi(main, None)
    finally:
        if file is not None:
            loading.pop()


def _loading_file() -> bytes:
    loading = engine().loading
    return loading[-1] if loading else b"<buffer>"


@library.function("eval( string code )", multi=True)
def eval_(code: bytes) -> tuple[Any, ...]:
    """Compiles and runs code; all values it returns. Chapter 04 section 6.1."""
    try:
        main = _compile(code, _loading_file())
    except _Refused:
        return ()
    return _run(main, None)


@library.function("eval_file( cstring path )", multi=True)
def eval_file(path: bytes) -> tuple[Any, ...]:
    """Compiles and runs a file, every time; all values it returns. Not found: Warning, null. Chapter 04 section 6.1."""
    source = engine().includes.read(path)
    if source is None:
        warning("file not found")
        return ()
    try:
        main = _compile(source, path)
    except _Refused:
        return ()
    return _run(main, path)


@library.function("compile_sgs( string code )", multi=True)
def compile_sgs(code: bytes) -> tuple[Any, ...]:
    """Checks code: the text itself or null, and an array of dicts `type msg`. Chapter 04 section 6.1."""
    _, texts = engine().compiler(code, _loading_file())
    messages = new_array(new_dict({b"type": 300, b"msg": text}) for text in texts)
    return (None if texts else code, messages)


# --- libraries --------------------------------------------------------------------------------------------------------

_BUILT_IN = frozenset((b"fmt", b"io", b"math", b"os", b"re", b"string"))


def _registry() -> Any:
    """`_R["$inc"]`, made on demand."""
    registry = engine().registry
    from interp.runtime.values import map_get

    includes = map_get(registry, b"$inc")
    if includes is MISSING:
        includes = new_map()
        map_set(registry, b"$inc", includes)
    return includes


def _registered(name: bytes) -> bool:
    return any(key == name for key, _ in map_items(_registry()))


def _register(name: bytes) -> None:
    map_set(_registry(), name, True)


def _load_library(name: bytes, override: bool) -> bool:
    """Installs a library unless it is there already; False when there is none of that name."""
    found = engine().library_resolver(name)
    if found is None:
        return False
    key = b":" + found.name.encode()
    if override or not _registered(key):
        found.install(engine())
        _register(key)
    return True


@library.function("include_library( cstring name[, bool override = false ] )")
def include_library(name: bytes, override: bool) -> Any:
    """Loads a library by its exact name; unknown: Warning, null. Chapter 04 section 6.3."""
    if name in _BUILT_IN and _load_library(name, override):
        return True
    return warning("library not found")


# --- files ------------------------------------------------------------------------------------------------------------


def calling_file() -> bytes | None:
    """The path of the file of the calling script function; None when a native called."""
    from interp.runtime.messages import NATIVE_CODES

    namespace = current().world.namespace
    frame: Any = sys._getframe(1)
    seen = 0
    while frame is not None:
        if frame.f_globals is namespace:
            path: bytes = frame.f_code.co_filename.encode("utf-8", "surrogateescape")
            return path
        if frame.f_code in NATIVE_CODES:
            seen += 1
            if seen > 1:
                return None
        frame = frame.f_back
    return None


def directory(path: bytes) -> bytes:
    """The part before the last separator, `.` without one."""
    cut = max(path.rfind(b"/"), path.rfind(b"\\"))
    return b"." if cut < 0 else path[:cut]


def _search_path() -> bytes:
    from interp.runtime.environment import global_get

    path = global_get(engine(), b"SGS_PATH")
    return path if type(path) is bytes else b""


def find_file(name: bytes) -> bytes | None:
    """The first file of the search path for a name (chapter 04 section 6.5)."""
    includes = engine().includes
    if name[:1] == b"/" or (len(name) > 2 and name[:2] in (b"./", b".\\")):
        return name if includes.exists(name) else None
    where = calling_file()
    for pattern in _search_path().split(b";"):
        if b"|" in pattern and where is None:
            continue
        if b"@" in pattern and not includes.program_directory:
            continue
        path = b"".join(
            name if char == 63 else directory(where or b"") if char == 124 else includes.program_directory if char == 64
            else bytes((char,))
            for char in pattern
        )  # fmt: skip
        if path and includes.exists(path):
            return path
    return includes.find(name)


@library.function("find_include_file( cstring name )", multi=True)
def find_include_file(name: bytes) -> tuple[Any, ...]:
    """The path that `include` would load, or nothing. Chapter 04 section 6.5."""
    path = find_file(name)
    return () if path is None else (path,)


def _include_run(frame_name: bytes, source: bytes, path: bytes) -> bool:
    """Runs an included file; native frames show `frame_name` meanwhile. False when it did not compile."""
    try:
        main = _compile(source, path)
    except _Refused:
        return False
    _run(main, path)
    return True


RENAMING_CODES.add(_include_run.__code__)


@library.function("include( cstring name[, bool override = false ] )")
def include(name: bytes, override: bool) -> Any:
    """Loads a library, or finds and runs a file once; true, else a Warning and null. Chapter 04 section 6.4."""
    world = engine()
    if _load_library(name, override):
        if name in _BUILT_IN:
            _register(name)
        return True
    path = find_file(name)
    if path is None:
        custom = world.includes.custom(name, calling_file())
        if custom is None:
            # asking the system what is installed takes its time, so it comes last
            admit = world.slots.get("admit_library")
            if admit is not None and admit(name):
                return _load_library(name, override)
            return warning(b"could not find '%b' with include path '%b'" % (name, _search_path()))
        path, source = custom
    else:
        source = None
    if not override and _registered(path):
        return True
    if source is None:
        source = world.includes.read(path)
        if source is None:
            return warning(b"could not find '%b' with include path '%b'" % (name, _search_path()))
    if not _include_run(path + b" - include", source, path):
        return None
    _register(path)
    return True


@library.function("include_file( cstring path[, bool override = false ] )")
def include_file(path: bytes, override: bool) -> Any:
    """Runs a file once for each spelling of its path; not found: Warning, null. Chapter 04 section 6.4."""
    source = engine().includes.read(path)
    if source is None:
        return warning(b"file '%b' was not found" % path)
    if not override and _registered(path):
        return True
    if not _include_run(b"include_file", source, path):
        return None
    _register(path)
    return True


@library.function("include_shared( cstring path[, bool override = false ] )")
def include_shared(path: bytes, override: bool) -> None:
    """Native modules do not exist here: Warning, null. Chapter 04 section 6.4."""
    return warning(b"file '%b' was not found" % path)


@library.function("import_cfunc( cstring path, cstring name )")
def import_cfunc(path: bytes, name: bytes) -> None:
    """Native functions cannot be loaded here: Warning, null. Chapter 04 section 6.4."""
    return warning(b"file '%b' was not found" % path)


# --- where am I -------------------------------------------------------------------------------------------------------


def _no_arguments(args: tuple[Any, ...]) -> bool:
    if args:
        warning("function expects 0 arguments")
    return not args


@library.function("sys_curfile( )", raw=True)
def sys_curfile(this: Any, args: tuple[Any, ...]) -> Any:
    """Path of the file of the calling function, as it was loaded. Chapter 04 section 6.6."""
    return calling_file() if _no_arguments(args) else None


@library.function("sys_curfiledir( )", raw=True)
def sys_curfiledir(this: Any, args: tuple[Any, ...]) -> Any:
    """Directory of the file of the calling function. Chapter 04 section 6.6."""
    if not _no_arguments(args):
        return None
    path = calling_file()
    return None if path is None else directory(path)


@library.function("sys_curprocfile( )", raw=True)
def sys_curprocfile(this: Any, args: tuple[Any, ...]) -> Any:
    """Path of the interpreter. Chapter 04 section 6.6."""
    if not _no_arguments(args):
        return None
    engine().errno = 0
    return engine().includes.program


@library.function("sys_curprocdir( )", raw=True)
def sys_curprocdir(this: Any, args: tuple[Any, ...]) -> Any:
    """Directory of the interpreter. Chapter 04 section 6.6."""
    return engine().includes.program_directory if _no_arguments(args) else None


@library.function('multiply_path_ext_lists( cstring prefixes[, cstring joiner = "/"[, cstring suffixes ]] )')
def multiply_path_ext_lists(prefixes: bytes, joiner: bytes, suffixes: bytes | None) -> Any:
    """Every prefix joined with every suffix; lists are separated by `;`. Chapter 04 section 6.6."""
    if suffixes is None:
        suffixes = b"?;?.so;lib?.so;?.sgc;?.sgs"
    count = (prefixes.count(b";") + 1) * (suffixes.count(b";") + 1)
    charge(
        count
        * (len(joiner) + 48 + len(prefixes) // (prefixes.count(b";") + 1) + len(suffixes) // (suffixes.count(b";") + 1))
    )
    pairs = ((prefix, suffix) for prefix in prefixes.split(b";") for suffix in suffixes.split(b";"))
    return new_array(prefix + joiner + suffix for prefix, suffix in poll_every(pairs))


__all__ = ["dict_get", "dict_set", "is_dict", "library"]
