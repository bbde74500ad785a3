"""`sgs test`: runs the tests in `test_*.sgs` files.

Rules of this file: each file runs in an engine of its own, its top-level code first, then its global functions
`test_*` in the order of their declaration; a test fails when an Error ends it (`assert` gives one). What a test writes
is shown only when it fails, its messages also when it passes with Warnings. Coverage counts lines of script code that
Python would run.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from .cli import Options, open_engine
from .errors import ScriptError, ScriptExit, ScriptInterrupted, ScriptSyntaxError
from .runtime.state import ScriptStop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType
    from typing import Any, BinaryIO

USAGE = """\
usage: sgs test [--coverage] [PATH...]

Runs the files named test_*.sgs in the folders given (default: this one), or the files given. In each, the top-level
code runs first, then every global function whose name begins with test_. An Error, as assert() makes, is a failure;
Warnings that nothing handles are shown.

  --coverage  also which lines of the scripts were run

exit status: 0 all passed; 1 failures, or no tests at all; 2 wrong usage
"""


def find_tests(paths: list[str]) -> list[str]:
    """The test files of these files and folders, sorted within each. FileNotFoundError for what is neither."""
    found = []
    for path in paths:
        if os.path.isdir(path):
            for folder, inner, names in os.walk(path):
                inner[:] = sorted(name for name in inner if not name.startswith("."))
                here = "" if folder == "." else folder
                found += [
                    os.path.normpath(os.path.join(here, name))
                    for name in sorted(names)
                    if name.startswith("test_") and name.endswith(".sgs")
                ]
        elif os.path.isfile(path):
            found.append(path)
        else:
            raise FileNotFoundError(path)
    return found


class Coverage:
    """The lines that ran, by file; a context manager around the running."""

    def __init__(self) -> None:
        self.ran: dict[str, set[int]] = {}
        self._before: Any = None

    def __enter__(self) -> Coverage:
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _call(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.endswith(".sgs"):
            return None
        lines = self.ran.setdefault(os.path.normpath(file), set())

        def line(frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return line

        return line

    def report(self) -> Iterator[str]:
        """A table: each script that is a file, how many of its lines ran, and which did not."""
        width = max([4, *map(len, self.ran)])
        yield f"{'file':{width}}  lines  run   %  missing"
        for file in sorted(self.ran):
            if not os.path.isfile(file):
                continue
            lines = script_lines(file)
            ran = self.ran[file] & lines
            missing = ranges(sorted(lines - ran))
            share = 100 * len(ran) // len(lines) if lines else 100
            yield f"{file:{width}}  {len(lines):5} {len(ran):4} {share:3}  {missing}".rstrip()


def script_lines(file: str) -> set[int]:
    """The lines of a script with code on them."""
    from .compiler.generate import PART
    from .compiler.pipeline import compile_unit

    with open(file, "rb") as opened:
        code = compile_unit(opened.read(), file, optimize=False, cache=False)
    found: set[int] = set()
    waiting: list[CodeType] = [part for part in code.co_consts if hasattr(part, "co_lines")]  # not the frame around it
    while waiting:
        part = waiting.pop()
        if not part.co_name.startswith(PART):
            # the first line of a function's code is its heading, which nothing runs
            found.update(line for start, _, line in part.co_lines() if line and start)
        waiting += [inner for inner in part.co_consts if hasattr(inner, "co_lines")]
    return found


def ranges(lines: list[int]) -> str:
    """Numbers as text: `3-5, 8`."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


class Written(io.BytesIO):
    """What a test writes to the error output, which goes into its whole output, too."""

    def __init__(self, whole: io.BytesIO) -> None:
        super().__init__()
        self.whole = whole

    def write(self, data: Any) -> int:
        """Takes bytes."""
        self.whole.write(data)
        return super().write(data)


class Run:
    """One run of tests: counts, and where the report goes."""

    def __init__(self, stdout: BinaryIO, optimize: bool) -> None:
        self.stdout = stdout
        self.optimize = optimize
        self.passed = 0
        self.failed = 0
        self.warned = 0

    def say(self, text: str) -> None:
        """Writes a line of the report."""
        self.stdout.write(text.encode("utf-8", "surrogateescape") + b"\n")
        self.stdout.flush()

    def result(self) -> str:
        """The line at the end."""
        warned = f" ({self.warned} with warnings)" if self.warned else ""
        return f"{self.passed} passed{warned}, {self.failed} failed"

    def file(self, path: str) -> None:
        """Runs the tests of one file."""
        written = io.BytesIO()
        options = Options()
        options.optimize = self.optimize
        errors = Written(written)
        engine = open_engine(options, stdin=io.BytesIO(), stdout=written, stderr=errors)
        try:
            before = set(engine.globals)
            if not self._attempt(path, path, lambda: engine.run_file(path), errors):
                return
            names = [name for name in engine.globals if name.startswith("test_") and name not in before]
            names = [name for name in _order(path, names) if callable(engine.globals[name])]
            for name in names:
                if self._attempt(f"{path}::{name}", path, lambda name=name: engine.call(name), errors):
                    self.passed += 1
            if not names:
                self.passed += 1  # a file of top-level assertions is one test
        finally:
            engine.close()

    def _attempt(self, label: str, path: str, start: Any, errors: Written) -> bool:
        written = errors.whole
        for stream in (written, errors):
            stream.seek(0)
            stream.truncate()
        try:
            start()
            self._show_warnings(label, errors.getvalue())
            return True
        except ScriptInterrupted:
            raise
        except ScriptSyntaxError as fault:
            self._fail(label, [str(fault)], b"")
        except ScriptExit as end:
            self._fail(label, [f"the script ended the program with status {end.code}"], written.getvalue())
        except ScriptError as error:
            line = next((line for _, file, line in reversed(error.trace) if file == path), None)
            place = f"{path}:{line}: " if line else ""
            told = [f"{place}{error.text}"]
            if len(error.trace) > 1:
                told += [f"  in {function} ({file}:{at})" for function, file, at in reversed(error.trace)]
            self._fail(label, told, written.getvalue())
        return False

    def _show_warnings(self, label: str, errors: bytes) -> None:
        lines = errors.decode("utf-8", "surrogateescape").splitlines()
        if any(line.startswith("Warning: ") for line in lines):
            self.warned += 1
            self.say(f"WARNED {label}")
            for line in lines:
                self.say(f"    | {line}")

    def _fail(self, label: str, told: list[str], written: bytes) -> None:
        self.failed += 1
        self.say(f"FAILED {label}")
        for line in told:
            self.say(f"    {line}")
        if written:
            self.say("    it wrote:")
            for line in written.decode("utf-8", "surrogateescape").splitlines():
                self.say(f"    | {line}")


def _order(path: str, names: list[str]) -> list[str]:
    """Test functions as they stand in the file; the engine declares the last one first."""
    with open(path, "rb") as file:
        text = file.read()
    place = {name: text.find(b"function " + name.encode()) for name in names}
    return sorted(names, key=lambda name: place[name])


def main(words: list[str], stdout: BinaryIO, stderr: BinaryIO) -> int:
    """`sgs test`: the exit status."""
    switches = {word for word in words if word.startswith("-")}
    paths = [word for word in words if word not in switches]
    if switches & {"-h", "--help"}:
        stdout.write(USAGE.encode())
        return 0
    unknown = sorted(switches - {"--coverage"})
    if unknown:
        text = f"sgs test: unknown option '{unknown[0]}'\ntry 'sgs test --help'\n"
        stderr.write(text.encode("utf-8", "surrogateescape"))
        return 2
    try:
        files = find_tests(paths or ["."])
    except FileNotFoundError as missing:
        stderr.write(f"sgs: no file or folder '{missing}'\n".encode("utf-8", "surrogateescape"))
        return 2
    coverage = Coverage() if "--coverage" in switches else None
    run = Run(stdout, coverage is None)
    try:
        if coverage is None:
            for file in files:
                run.file(file)
        else:
            with coverage:
                for file in files:
                    run.file(file)
            for line in coverage.report():
                run.say(line)
    except (ScriptInterrupted, ScriptStop):
        run.say(run.result() + ", the rest not run")
        raise
    run.say(run.result() if files else "no tests found")
    return 0 if run.passed and not run.failed else 1
