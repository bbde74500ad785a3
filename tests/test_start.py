"""The command's snapshot of its own modules: when it is used, when it is not, and that nothing of it ever shows."""

from __future__ import annotations

import marshal
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

ROOT = Path(__file__).parents[1]


class Command:
    """`sgs` of a copy of the program, with a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "program"
        for part in ("interp", "stdlib"):
            shutil.copytree(ROOT / part, self.program / part, ignore=shutil.ignore_patterns("__pycache__"))
        self.cache = folder / "cache"
        self.script = folder / "hello.sgs"
        self.script.write_text('println( "hello" );')

    def run(self, *words: str) -> bool:
        """Whether a run of the script took the modules from the snapshot; it must print what the script prints."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": str(self.program), "XDG_CACHE_HOME": str(self.cache)}
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "interp", *words, str(self.script)],
            cwd=self.program, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
        lines = done.stderr.splitlines()
        assert all(line.startswith("import time:") for line in lines)
        return not any(line.endswith(" interp.engine") for line in lines)

    @property
    def snapshot(self) -> Path:
        (found,) = (self.cache / "pysgs").glob("start-*")
        return found


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """A program whose snapshot has been made."""
    made = Command(tmp_path)
    # the first run compiles the modules or takes them as they are; one of the two can make the snapshot
    assert not made.run()
    made.run()
    assert made.run()
    return made


def test_a_changed_module_is_noticed(command: Command) -> None:
    file = command.program / "interp" / "streams.py"
    file.write_text(file.read_text() + "\n# changed\n")
    assert not command.run()
    command.run()
    assert command.run()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_damaged_snapshot_is_replaced(command: Command, share: float) -> None:
    good = command.snapshot.read_bytes()
    command.snapshot.write_bytes(good[: int(share * len(good))])
    assert not command.run()
    assert command.run()


def test_a_folder_open_to_others_is_not_used(command: Command) -> None:
    (command.cache / "pysgs").chmod(0o777)
    assert not command.run()


def test_no_cache_means_no_snapshot(command: Command) -> None:
    assert not command.run("--no-cache")


def test_modules_are_as_the_import_system_makes_them(command: Command) -> None:
    """Names, files, packages and parents, and that what is missing from the snapshot can still be imported."""
    command.script.write_text('include "math", "string"; println( if( floor( 1.5 ) == 1.0, "hello", 0 ) );')
    assert command.run()
    code = """
import sys
from interp import start
assert start.load()
import interp.engine, interp.compiler, stdlib.core.output
for name, module in sys.modules.items():
    if name.partition(".")[0] in ("interp", "stdlib") and name != "interp.start":
        parent, _, last = name.rpartition(".")
        assert module.__name__ == module.__spec__.name == name
        assert module.__package__ == (name if hasattr(module, "__path__") else parent) == module.__spec__.parent
        assert not parent or getattr(sys.modules[parent], last) is module
import interp.check, interp.syntax.parser
print(interp.engine.__file__)
"""
    environment = {**os.environ, "PYTHONPATH": str(command.program), "XDG_CACHE_HOME": str(command.cache)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=command.program, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == str(command.program / "interp" / "engine.py"), done.stderr


def test_a_module_in_waiting_is_made_from_the_snapshot(command: Command) -> None:
    command.script.write_text('if( tostring( isset( {}, "a" ) ) ) println( "hello" );')
    assert command.run()
    code = """
import sys
from interp import start
assert start.load()
assert "stdlib.core.containers" not in sys.modules
import stdlib.core.containers as module
assert module.__spec__.loader is sys.meta_path[0]
print(module.clone.spec.doc)
print(module.__file__)
"""
    environment = {**os.environ, "PYTHONPATH": str(command.program), "XDG_CACHE_HOME": str(command.cache)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=command.program, env=environment, capture_output=True, text=True, timeout=60
    )
    *doc, file = done.stdout.splitlines()
    assert any(doc) and doc != ["None"], done.stderr  # libraries keep what the prompt shows
    assert file == str(command.program / "stdlib" / "core" / "containers.py")


def test_a_changed_module_in_waiting_is_noticed(command: Command) -> None:
    file = command.program / "stdlib" / "core" / "dump.py"
    file.write_text(file.read_text() + "\n# changed\n")
    assert not command.run()
    command.run()
    assert command.run()


def parts(code: CodeType) -> Iterator[CodeType]:
    """The code of a module, its functions and classes."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from parts(const)


def test_what_every_start_makes(command: Command) -> None:
    """Reading code is a third of what a start adds to Python's own, making classes a quarter: neither may creep up."""
    _, modules, later = marshal.loads(command.snapshot.read_bytes()[12:])
    made = [code for *_, module in modules for code in parts(module)]
    classes = [code for code in made if "__qualname__" in code.co_names and not code.co_flags & 1]
    assert len(classes) <= 65
    assert len(made) <= 900
    assert {name for name, *_ in modules}.isdisjoint(name for name, *_ in later)


def test_what_only_readers_want_is_left_out(command: Command) -> None:
    _, modules, _ = marshal.loads(command.snapshot.read_bytes()[12:])
    for name, *_, module in modules:
        assert "__future__" not in module.co_names
        if name.startswith("interp."):
            assert {"typing", "collections.abc", "__doc__"}.isdisjoint(module.co_names)
