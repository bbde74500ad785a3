"""What starting, compiling and being idle cost: chapter 12 and the README promise these orders of magnitude.

Times are CPU times, compared with what the same machine does at the same moment, and the factors are generous: noise
must not fail a test. What can be told exactly (which modules a warm start imports) is tested exactly.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interp.compiler.pipeline import compile_unit

ROOT = Path(__file__).parents[2]
# each of these costs more than a script that prints one line
HEAVY = (
    "lark", "ast", "re", "typing", "enum", "dataclasses", "importlib.metadata", "inspect", "greenlet", "threading",
    "json", "decimal", "random", "collections", "functools", "contextlib", "logging", "socket", "hashlib", "argparse",
    "weakref", "importlib", "warnings", "zlib", "math", "_blake2",
    "interp.syntax.parser", "interp.compiler.generate", "interp.census",
    "stdlib.core.stream_read", "stdlib.core.stream_write", "stdlib.core.sgson_text", "sockets_module",
)  # fmt: skip


def run_python(code: str, *args: str) -> str:
    """Standard output of a fresh interpreter without site-packages' own imports that runs `code` here."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code, *args], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def hello(tmp_path: Path) -> str:
    """A script that is in the code cache."""
    script = tmp_path / "hello.sgs"
    script.write_text('println( "hello" );')
    run_python("from interp.cli import main; import sys; main(sys.argv[1:])", str(script))
    return str(script)


def test_warm_start_imports_nothing_heavy(hello: str) -> None:
    code = """
import sys
before = set(sys.modules)
from interp.cli import main
main(sys.argv[1:])
print(*sorted(set(sys.modules) - before))
"""
    first, _, modules = run_python(code, hello).partition("\n")
    assert first == "hello"
    assert not set(HEAVY) & set(modules.split())


# Every module of ours on the way to a cached script that prints one line. A new one costs each start a hundredth of
# what Python itself takes: it has to be needed by nearly every script.
NEEDED = """
interp interp.cli interp.compiler interp.compiler.cache interp.compiler.pipeline interp.compiling interp.convert
interp.engine interp.includes interp.libraries interp.library interp.limits
interp.pace interp.resources interp.runtime interp.runtime.access interp.runtime.calls interp.runtime.construct
interp.runtime.convert interp.runtime.environment interp.runtime.guard interp.runtime.helpers interp.runtime.iterators
interp.runtime.kinds interp.runtime.messages interp.runtime.operators interp.runtime.shapes interp.runtime.state
interp.runtime.values interp.start interp.streams
stdlib stdlib.core stdlib.core.arrays stdlib.core.guard stdlib.core.output
""".split()


def test_warm_start_makes_few_modules(hello: str) -> None:
    """From the snapshot: no module is made that is not in the list, and none is looked for elsewhere."""
    code = """
import os, sys
before = set(sys.modules)
def end(status):
    print(*sorted(set(sys.modules) - before))
    print(*sorted(name for name, module in sys.modules.items() if name.startswith(("interp.", "stdlib."))
        and module.__spec__.loader is not None))
    sys.stdout.flush()
    leave(status)
leave, os._exit = os._exit, end
from interp.start import main
main()
"""
    for _ in range(2):  # the first makes the snapshot
        first, modules, found = run_python(code, hello).splitlines()
        assert first == "hello"
    assert set(modules.split()) <= {*NEEDED, "gc"}
    assert found.split() == ["interp.start"]


def test_start_up_time(hello: str) -> None:
    """`sgs hello.sgs` against `python -c pass`: about 1.35 times, allowed 4."""

    def cpu(*command: str) -> float:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    ours = ("-c", "from interp.start import main; import sys; sys.argv[0] = 'sgs'; main()", hello)
    cpu(*ours)  # makes the snapshot
    pairs = [(cpu(*ours), cpu("-c", "pass")) for _ in range(7)]
    assert min(a for a, _ in pairs) < 4 * min(b for _, b in pairs)


def test_second_engine_takes_a_millisecond() -> None:
    code = """
import time
from interp import Engine
Engine().close()
best = 1.0
for _ in range(20):
    start = time.perf_counter()
    engine = Engine()
    best = min(best, time.perf_counter() - start)
    engine.close()
print(best)
"""
    assert float(run_python(code)) < 0.003


def test_memory_of_an_idle_engine(hello: str) -> None:
    """The goal is 12 MB above a bare Python, measured 4."""
    code = """
import sys
if len(sys.argv) > 1:
    from interp import Engine
    engine = Engine(stdout=sys.stdout.buffer)
    engine.run_file(sys.argv[1])
print()
for line in open("/proc/self/status"):
    if line.startswith("VmRSS"):
        print(line.split()[1])
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs Linux's /proc")
    bare, ours = (int(run_python(code, *args).split()[-1]) for args in ((), (hello,)))
    assert ours - bare < 12 * 1024


@pytest.mark.timeout(240)
def test_compile_time_grows_with_the_source() -> None:
    """Ten times the lines: ten times the time, allowed 20; and a line takes less than 1.5 ms."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from compile import script

    def seconds(lines: int) -> float:
        source = script(lines)
        start = time.process_time()
        compile_unit(source, f"{lines}-{time.monotonic_ns()}.sgs", cache=False)
        return time.process_time() - start

    seconds(20)
    short = min(seconds(300) for _ in range(3))
    assert short < 0.45
    assert seconds(3000) < 20 * short
