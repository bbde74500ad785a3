"""Which libraries an engine has: the core for the asking, the others when a script includes them.

Rule of this file: a library is found by name among what is installed (entry-point group `sgscript.libraries`); those
that come with the distribution are known without asking, as that takes time at start-up.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from .runtime.state import World

# name -> module of the libraries that come with the distribution; the same as their entry points
BUILT_IN = {
    "string": "stdlib.string",
    "fmt": "stdlib.fmt",
    "re": "stdlib.re",
    "math": "stdlib.math",
    "io": "stdlib.io",
    "os": "stdlib.os",
    "json": "stdlib.json",
    "sgsjson": "stdlib.json",
    "sockets": "sockets_module",
    "sgssockets": "sockets_module",
}
OUTSIDE = frozenset(("io", "os"))

# The functions that are always there: module of `stdlib.core` -> the names it gives. A module is loaded when code that
# names one of them is, as most scripts use few.
CORE = {
    "conversion": "tobool toint toreal tostring toptr parseint parsereal chr typeof typeid typeptr typeptr_by_name "
    "is_array is_dict is_map is_callable is_numeric VT_NULL VT_BOOL VT_INT VT_REAL VT_STRING VT_FUNC VT_CFUNC "
    "VT_OBJECT VT_PTR VT_THREAD VT_DFUNC SGS_INFO SGS_WARNING SGS_ERROR SGS_APIERR",
    "containers": "dict map dict_size map_size isset unset clone get_props dict_filter map_filter map_process get_keys "
    "get_values get_concat get_merged get_merged_map get_iterator iter_advance iter_getdata",
    "arrays": "array_sized array_filter array_process",
    "dump": "printvar printvar_ext dumpvar_ext dumpvar",
    "output": "print println printlns errprint errprintln errprintlns read_stdin",
    "system": "ftime rand randf srand hash_fnv hash_crc32 errno errno_string errno_value app_exit app_abort "
    "gc_collect sys_stat RAND_MAX",
    "serialize": "serialize unserialize",
    "sgson": "sgson_encode sgson_decode",
    "control": "sys_msg INFO WARNING ERROR assert sys_replevel sys_backtrace pcall sys_apply abort va_get_args "
    "va_arg_count va_get_arg sym_register sym_get metaobj_set metaobj_get metamethods_enable metamethods_test class "
    "mm_getindex_router mm_setindex_router",
    "threads": "co_create co_resume yield thread_create subthread_create process_threads end_on event pooled_event",
    "loading": "eval eval_file compile_sgs include_library find_include_file include include_file include_shared "
    "import_cfunc sys_curfile sys_curfiledir sys_curprocfile sys_curprocdir multiply_path_ext_lists",
}
_HOMES = {name: module for module, names in CORE.items() for name in names.split()}

SEARCH_PATH = b"|/?;|/?.so;|/lib?.so;|/?.sgc;|/?.sgs;?;?.so;lib?.so;?.sgc;?.sgs;@/?;@/?.so;@/lib?.so;@/?.sgc;@/?.sgs"
_ROOM = 1000  # host frames that loading a module may take


class Choice:
    """The libraries one engine may include.

    libraries   names or objects; None: those of the distribution that touch nothing outside, `sockets` with a network
    """

    def __init__(self, libraries: Sequence[Any] | None, network: bool = False) -> None:
        self._objects: dict[str, Any] = {}
        self._names: set[str] = set()
        if libraries is None:
            self._names = {name for name in BUILT_IN if name not in OUTSIDE and (network or "sockets" not in name)}
            return
        if isinstance(libraries, (str, bytes)):
            raise TypeError("libraries is a sequence of names and library objects")
        for item in libraries:
            if isinstance(item, str):
                if item not in BUILT_IN and item not in installed():
                    raise ValueError(f"no library {item!r}; installed are {', '.join(sorted(installed()))}")
                self._names.add(item)
            elif hasattr(item, "install") and hasattr(item, "name"):
                for name in (item.name, *getattr(item, "aliases", ())):
                    self._objects[name] = item
            else:
                raise TypeError(f"a library is a name or an object with name, aliases and install, not {item!r}")

    def find(self, name: bytes) -> Any:
        """The library object of a name a script includes, None when it has none of that name."""
        text = name.decode("utf-8", "replace")
        if text in self._objects:
            return self._objects[text]
        if text in BUILT_IN:
            module = BUILT_IN[text]
            allowed = text in self._names or any(BUILT_IN.get(other) == module for other in self._names)
            return _module(module).library if allowed else None
        for known in self._names:
            if known not in BUILT_IN:
                library = _load(known)
                if text == known or text == library.name or text in library.aliases:
                    return library
        return None

    def admit(self, name: bytes) -> bool:
        """Adds an installed library that was not named before; False when there is none of that name."""
        text = name.decode("utf-8", "replace")
        if text in BUILT_IN or text not in installed():
            return False
        self._names.add(text)
        return True

    def loaded_for(self, value: Any) -> Iterator[Any]:
        """The libraries of this engine that may know a host's value: they have `from_host( value )`."""
        for library in {id(item): item for item in self._objects.values()}.values():
            if hasattr(library, "from_host"):
                yield library
        names = {BUILT_IN[name] for name in self._names if name in BUILT_IN}
        if "sockets_module" in names and isinstance(value, _socket_type()):
            yield _module("sockets_module").library
        for name in self._names:
            if name not in BUILT_IN and hasattr(_load(name), "from_host"):
                yield _load(name)


def _module(name: str) -> Any:
    """A module by its full name, without `importlib`: start-up time counts."""
    __import__(name)
    return sys.modules[name]


def _socket_type() -> Any:
    module = sys.modules.get("socket")
    return () if module is None else module.socket


_loaded: dict[str, Any] = {}


def _load(name: str) -> Any:
    """The library behind an entry point."""
    found = _loaded.get(name)
    if found is None:
        found = _loaded[name] = installed()[name].load()
    return found


def installed() -> dict[str, Any]:
    """Entry points of all installed libraries by name; those of the distribution first."""
    from importlib.metadata import entry_points

    found: dict[str, Any] = dict.fromkeys(BUILT_IN)
    for entry in entry_points(group="sgscript.libraries"):
        if entry.name not in BUILT_IN:
            found[entry.name] = entry
    return found


def core_library(module: str) -> Any:
    """The library of a module of `CORE`."""
    return _module(f"stdlib.core.{module}").library


def install_core(world: World) -> None:
    """The functions that are always there, each when it is needed, and the engine's own array type."""
    from stdlib.core.arrays import METHODS, array_call

    from .runtime.shapes import array_class, set_meta
    from .runtime.values import Record, dict_set, own_keys

    world.waiting = set(CORE)
    world.supply = _supply
    world.core_names = _HOMES
    meta = own_keys(Record())
    for name, native in METHODS.items():
        dict_set(meta, name.encode(), native)
    dict_set(meta, b"__call", array_call)
    set_meta(meta, None, True)
    world.array_meta = meta
    world.array_type = array_class(meta)
    world.namespace["array"] = meta
    world.symbol_register(b"array", meta)
    world.natives_register({b"array." + name.encode(): native for name, native in METHODS.items()})
    world.namespace["SGS_PATH"] = SEARCH_PATH


def _supply(world: World, names: Iterable[str] | None) -> None:
    """Makes the functions of the core that have one of these names, with all of their groups; None: all functions."""
    wanted = set(CORE if names is None else [_HOMES[name] for name in names if name in _HOMES])
    for module in CORE:
        if module in wanted and module in world.waiting:
            # a script deep in calls may be the first to need it: that must not depend on how deep it is
            limit = sys.getrecursionlimit()
            sys.setrecursionlimit(limit + _ROOM)
            try:
                library = core_library(module)
            finally:
                sys.setrecursionlimit(limit)
            world.waiting.discard(module)
            library.install(world)
