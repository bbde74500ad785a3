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
    from types import CodeType

    # name, file, its folder if it is a package, time and size of the file, code; each behind what it imports
    Module = tuple[str, str, "str | None", int, int, CodeType]

_HERE = os.path.dirname(os.path.abspath(__file__))
_KEY = f"start-{sys.implementation.cache_tag}-{_HERE.replace(os.sep, '-')}"[-200:]
_HEAD = 12  # of a cache entry: its mark and its checksum, which would take longer to verify than the rest to read

# What the process had before the interpreter; with the snapshot missing, what it has when the engine can start.
_before = frozenset(sys.modules)
_made: list[str] | None = None


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
        file = os.open(os.path.join(folder, _KEY), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            data = os.read(file, os.fstat(file).st_size)
        finally:
            os.close(file)
        version, modules = marshal.loads(memoryview(data)[_HEAD:])
        if version != sys.version:
            return False
        for _, source, _, time, size, _ in modules:
            stat = os.stat(source)
            if stat.st_mtime_ns != time or stat.st_size != size:
                return False
    except (EOFError, TypeError, ValueError, OSError):
        return False
    _make(modules)
    return True


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


def keep() -> None:
    """Makes the snapshot from what was imported; nothing happens where a compiled file is missing."""
    from .compiler.cache import Cache

    cache = Cache(default_folder())
    if cache.folder is None or _made is None:
        return
    modules: list[Module] = []
    try:
        for name in _made:
            module = sys.modules[name]
            file = getattr(module, "__file__", None)
            if file is None or not file.endswith(".py") or name == __name__:
                continue  # not written in Python
            stat = os.stat(file)
            with open(module.__cached__, "rb") as stream:
                head, code = stream.read(16), stream.read()
            # the compiled file's own record of its source: flags, time, size
            if head[4:] != bytes(4) + (int(stat.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") + stat.st_size.to_bytes(
                4, "little"
            ):
                return
            folder = os.path.dirname(file) if hasattr(module, "__path__") else None
            modules.append((name, file, folder, stat.st_mtime_ns, stat.st_size, marshal.loads(code)))
        cache.store(_KEY, marshal.dumps((sys.version, modules)))
    except (OSError, AttributeError, KeyError, EOFError, TypeError, ValueError):
        return


def main() -> None:
    """The program `sgs`: the process ends in here."""
    global _made
    import _signal  # type: ignore[import-not-found] # built in

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # no traceback of ours before the program handles it
    # nothing made on the way to a script is garbage
    gc.disable()
    missing = "--no-cache" not in sys.argv and not load()
    from .cli import main

    if missing:
        from .libraries import load_core

        load_core()
        # the import system puts a module behind those it imports
        _made = [name for name in sys.modules if name not in _before]
    raise SystemExit(main())
