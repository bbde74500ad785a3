"""The command's way in: the interpreter's own modules from one file of the user's cache instead of forty.

Rules of this file: a snapshot is only used when each source file in it is, by size and time, the one it was made from;
whatever is wrong with it means the ordinary imports; the process is the command's own, so it may tune the collector.
"""

from __future__ import annotations

import gc
import marshal
import os
import sys

from .compiler.cache import Cache, default_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

    # name -> file, whether it is a package, its time and size, its code
    Modules = dict[str, tuple[str, bool, int, int, CodeType]]

_HERE = os.path.dirname(os.path.abspath(__file__))
_KEY = f"start-{sys.implementation.cache_tag}-{_HERE.replace(os.sep, '-')}"[-200:]
# what only a script that is not in the cache needs
_COLD = ("interp.syntax", "interp.compiler.")
_WARM = ("interp.compiler.cache", "interp.compiler.pipeline")

# Whether a snapshot is missing: `keep` makes one.
wanted = False


class _Finder:
    """Finds modules in a snapshot."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        entry = self.modules.get(name)
        if entry is None:
            return None
        spec: ModuleSpec = _Spec(name, self, origin=entry[0], is_package=entry[1])
        spec.has_location = True
        if entry[1]:
            spec.submodule_search_locations = [os.path.dirname(entry[0])]
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.modules.pop(module.__name__)[4], module.__dict__)


_Spec: Any = type(sys.__spec__)


def load() -> None:
    """Makes the modules of a fitting snapshot importable."""
    global wanted
    wanted = True
    data = Cache(default_folder()).load(_KEY, check=False)  # that would take longer than reading it
    if data is None:
        return
    try:
        version, modules = marshal.loads(data)
        if version != sys.version:
            return
        for file, _, time, size, _ in modules.values():
            stat = os.stat(file)
            if stat.st_mtime_ns != time or stat.st_size != size:
                return
    except (EOFError, TypeError, ValueError, OSError):
        return
    wanted = False
    sys.meta_path.insert(0, _Finder(modules))


def keep() -> None:
    """Makes the snapshot from what was imported; nothing happens where a compiled file is missing."""
    cache = Cache(default_folder())
    if cache.folder is None:
        return
    modules: Modules = {}
    try:
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] != "interp" and not name.startswith("stdlib"):
                continue
            if name == __name__ or (name.startswith(_COLD) and name not in _WARM):
                continue
            if name.startswith("stdlib.") and not name.startswith("stdlib.core"):
                continue
            file, compiled = module.__file__, module.__cached__
            if file is None or compiled is None:
                return
            stat = os.stat(file)
            with open(compiled, "rb") as stream:
                head, code = stream.read(16), stream.read()
            # the compiled file's own record of its source: flags, time, size
            if head[4:] != bytes(4) + (int(stat.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") + stat.st_size.to_bytes(
                4, "little"
            ):
                return
            modules[name] = (file, hasattr(module, "__path__"), stat.st_mtime_ns, stat.st_size, marshal.loads(code))
        cache.store(_KEY, marshal.dumps((sys.version, modules)))
    except (OSError, AttributeError, EOFError, TypeError, ValueError):
        return


def main() -> None:
    """The program `sgs`: the process ends in here."""
    # nothing made on the way to a script is garbage
    gc.disable()
    if "--no-cache" not in sys.argv:
        load()
    from .cli import main

    raise SystemExit(main())
