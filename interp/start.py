"""The command's way in: the interpreter's own modules from one file of the user's cache instead of forty.

Rules of this file: a snapshot is only used when each source file in it is, by size and time, the one it was made from;
whatever is wrong with it means the ordinary imports; the process is the command's own, so it may tune the collector.
Each import on the way to a script costs as much as a hundred lines of it, so this file has its own few lines of the
cache (`own_folder`, `default_folder`) and no `__future__`.
"""

import gc
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

    # name, file, its folder if it is a package, time and size of the file, code; each behind what it imports
    Module = tuple[str, str, str | None, int, int, CodeType]
    # the same of a module that waits to be asked for: the code as bytes
    Later = tuple[str, str, str | None, int, int, bytes]

_HERE = os.path.dirname(os.path.abspath(__file__))
KEY = f"start-{sys.implementation.cache_tag}-{_HERE.replace(os.sep, '-')}"[-200:]
_HEAD = 12  # of a cache entry: its mark and its checksum, which would take longer to verify than the rest to read

# What the process had before the interpreter; with no snapshot, the modules every script needs and those some do.
_before = frozenset(sys.modules)
made: "tuple[list[str], list[str]] | None" = None


def default_folder() -> str | None:
    """The user's cache folder (`$XDG_CACHE_HOME/pysgs` or `~/.cache/pysgs`), None without a home."""
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        home = os.path.expanduser("~")
        if home == "~":
            return None
        base = os.path.join(home, ".cache")
    return os.path.join(base, "pysgs")


def own_folder(folder: str) -> bool:
    """Whether a folder is there that is a directory, no link, of this user and closed to others."""
    try:
        stat = os.lstat(folder)
    except OSError:
        return False
    if (stat.st_mode & 0o170000) != 0o040000:
        return False
    if hasattr(os, "getuid") and stat.st_uid != os.getuid():
        return False
    return stat.st_mode & 0o077 == 0


def load() -> bool:
    """Makes the modules of a fitting snapshot; false without one."""
    folder = default_folder()
    if folder is None or not own_folder(folder):
        return False
    try:
        file = os.open(os.path.join(folder, KEY), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            data = os.read(file, os.fstat(file).st_size)
        finally:
            os.close(file)
        version, modules, later = marshal.loads(memoryview(data)[_HEAD:])
        if version != sys.version:
            return False
        for _, source, _, time, size, _ in modules + later:
            stat = os.stat(source)
            if stat.st_mtime_ns != time or stat.st_size != size:
                return False
    except (EOFError, TypeError, ValueError, OSError):
        return False
    _make(modules)
    sys.meta_path.insert(0, Rest(later))
    return True


class Rest:
    """Finds the modules that only some scripts need."""

    def __init__(self, modules: "list[Later]") -> None:
        self.modules = {module[0]: module for module in modules}

    def find_spec(self, name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        """How to make a module; None for those that are not in the snapshot."""
        found = self.modules.get(name)
        if found is None:
            return None
        _, file, folder, _, _, _ = found
        spec = type(sys.__spec__)(name, self, origin=file)  # type: ignore[arg-type]
        spec.has_location = True
        if folder is not None:
            spec.submodule_search_locations = [folder]
        return spec

    def create_module(self, spec: "ModuleSpec") -> None:
        """The import system makes the module itself."""

    def exec_module(self, module: "ModuleType") -> None:
        """Runs the module's code."""
        exec(marshal.loads(self.modules[module.__name__][-1]), module.__dict__)


def _make(modules: "list[Module]") -> None:
    """Makes the modules as the import system would, without its search and its locks."""
    import builtins

    loaded = sys.modules
    kind, spec_kind = type(sys), type(sys.__spec__)
    slow_import = builtins.__import__

    def quick_import(name, names=None, local=None, wanted=(), level=0):  # type: ignore[no-untyped-def]
        # an import of what is there already: most of them, and the import system takes some microseconds for each
        if level:
            package = names["__package__"].rsplit(".", level - 1)[0]
            module = loaded.get(package + "." + name if name else package)
        else:
            module = loaded.get(name)
        if module is not None and (wanted or level or "." not in name):
            there = module.__dict__
            if not wanted or "__path__" not in there or there.keys() >= {*wanted}:
                return module
        return slow_import(name, names, local, wanted, level)

    builtins.__import__ = quick_import
    try:
        for name, file, folder, _, _, code in modules:
            if name in loaded:
                continue
            module = kind(name)
            parent, _, last = name.rpartition(".")
            names = module.__dict__
            # what the class's own constructor would set, which takes longer
            spec = names["__spec__"] = spec_kind.__new__(spec_kind)
            spec.__dict__ = {
                "name": name, "loader": None, "origin": file, "loader_state": None, "submodule_search_locations": None,
                "_uninitialized_submodules": [], "_set_fileattr": True, "_cached": None, "_initializing": False,
            }  # fmt: skip
            names["__file__"] = file
            names["__package__"] = parent
            if folder is not None:
                names["__package__"] = name
                names["__path__"] = spec.submodule_search_locations = [folder]
            loaded[name] = module
            try:
                exec(code, names)
            except BaseException:
                del loaded[name]
                raise
            if parent:
                setattr(loaded[parent], last, module)
    finally:
        builtins.__import__ = slow_import


def main() -> None:
    """The program `sgs`: the process ends in here."""
    global made
    import _signal  # type: ignore[import-not-found] # built in

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # no traceback of ours before the program handles it
    # nothing made on the way to a script is garbage
    gc.disable()
    missing = "--no-cache" not in sys.argv and not load()
    from .cli import main

    if missing:
        from .libraries import CORE, core_library

        # the import system puts a module behind those it imports
        for module in ("arrays", "output"):
            core_library(module)
        needed = [name for name in sys.modules if name not in _before]
        from . import errors, global_names, options, ports  # noqa: F401

        for module in CORE:
            core_library(module)
        made = needed, [name for name in sys.modules if name not in _before.union(needed)]
    raise SystemExit(main())
