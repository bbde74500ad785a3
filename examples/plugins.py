"""A host with plugins: each script of a folder registers functions for events; a changed file is loaded anew.

    python examples/plugins.py FOLDER

A plugin is limited, sees the library `string` and the two functions `on` and `log`, and cannot harm the others:
`on( "save", function( document ){ … } );`. Each line of standard input is an event, `NAME TEXT`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from interp import Engine, LimitExceeded, Limits, ScriptError, ScriptFunction

LIMITS = Limits(seconds=1, memory=32 << 20, output=1 << 20)


class Plugin:
    """One script in an engine of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed = path.stat().st_mtime_ns
        self.handlers: dict[str, ScriptFunction] = {}
        self.engine = Engine(["string"], limits=LIMITS)
        self.engine.function(self.on)
        self.engine.function(self.log)

    def on(self, event: str, handler: ScriptFunction) -> None:
        """For the script: what is to be called for an event."""
        self.handlers[event] = handler

    def log(self, text: str) -> None:
        """For the script: a line of output."""
        print(f"{self.path.stem}: {text}")


class Plugins:
    """All scripts of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loaded: dict[Path, Plugin] = {}

    def refresh(self) -> None:
        """Loads what is new or changed; a script that fails leaves its old version at work."""
        for path in sorted(self.folder.glob("*.sgs")):
            before = self.loaded.get(path)
            if before is not None and before.changed == path.stat().st_mtime_ns:
                continue
            plugin = Plugin(path)
            try:
                plugin.engine.run_file(path)
            except ScriptError as problem:  # what does not compile, too; the engine has printed the messages
                print(f"{path.name}: {problem}", file=sys.stderr)
                plugin.engine.close()
                if before is not None:
                    before.changed = plugin.changed
                continue
            if before is not None:
                before.engine.close()
            self.loaded[path] = plugin

    def emit(self, event: str, text: str) -> list[object]:
        """What the handlers of an event return; one that is too slow or fails is left out."""
        results: list[object] = []
        for plugin in self.loaded.values():
            handler = plugin.handlers.get(event)
            if handler is None:
                continue
            try:
                results.append(handler(text, timeout=0.2))
            except LimitExceeded as problem:
                print(f"{plugin.path.name}: too much {problem.which}", file=sys.stderr)
            except ScriptError as problem:
                print(f"{plugin.path.name}: {problem}", file=sys.stderr)
        return results


def main() -> None:
    """The program."""
    plugins = Plugins(Path(sys.argv[1]))
    for line in sys.stdin:
        plugins.refresh()
        event, _, text = line.rstrip("\n").partition(" ")
        print(*plugins.emit(event, text), flush=True)


if __name__ == "__main__":
    main()
