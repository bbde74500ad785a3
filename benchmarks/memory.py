"""What script values take of memory, and what an idle engine takes: Python's own account, in bytes.

Each row makes many values of one kind in a global array, in an engine of its own, and divides what Python's allocator
(`tracemalloc`) holds afterwards by their number, the array's 8 bytes a slot included. Threads are measured as resident
memory, because their stacks are outside that account.
"""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

COUNT = 20_000
THREADS = 2_000
# name -> what a script writes for one of them
VALUES = {
    "int above 256": "i * 1000 + 300",
    "real": "i + 0.5",
    "string of 10 bytes": '"string" .. ( i + 1000 )',
    "array of 4 ints": "[ 1, 2, 3, 4 ]",
    "empty dict `{}`": "{}",
    "record `{ x = 1, y = 2 }`": "{ x = 1, y = 2 }",
    "table, 4 computed keys": "{ [ 1 ] = 1, [ 2 ] = 2, [ 3 ] = 3, [ 4 ] = 4 }",
    "map, 4 keys": "map{ [ 1 ] = 1, [ 2 ] = 2, [ 3 ] = 3, [ 4 ] = 4 }",
    "instance of a class, 2 entries": "new Point( 1, 2 )",
    "closure over 1 variable": "closure()",
}
PROLOGUE = """\
class Point { function __construct( x, y ){ this.x = x; this.y = y; } }
function closure(){ var x = 1; return function() use( x ){ return x; }; }
function fill( list ){ for( var i = 0; i < %d; ++i ) list.push( %s ); }
global list = [];
"""


def bytes_each(expression: str) -> float:
    """Bytes of one value that a script makes with the expression."""
    from interp import Engine, Limits

    with Engine(limits=Limits.none(), cache=False, stdout=io.BytesIO()) as engine:
        engine.run(PROLOGUE % (COUNT, expression))
        engine.run("fill( [] );")  # what happens once happens here
        gc.collect()
        tracemalloc.start()
        engine.run("fill( list );")
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return used / COUNT


def resident() -> int:
    """Resident bytes of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def thread_bytes() -> float:
    """Resident bytes of one suspended thread with one frame."""
    from interp import Engine, Limits

    text = """
function body(){ yield(); }
global threads = [];
function start( n ){ for( var i = 0; i < n; ++i ) threads.push( thread body() ); }
"""
    with Engine(limits=Limits.none(), cache=False, stdout=io.BytesIO()) as engine:
        engine.run(text)
        engine.run("start( 200 );")
        before = resident()
        engine.run(f"start( {THREADS} );")
        return (resident() - before) / THREADS


def engine_bytes() -> tuple[float, float, float]:
    """Resident bytes above a bare Python: modules and first engine, after one script, each further engine."""
    code = """
import sys, time
def resident():
    with open( "/proc/self/statm" ) as file: return int( file.read().split()[ 1 ] ) * 4096
bare = resident()
from interp import Engine
engines = [ Engine() ]
first = resident()
engines[ 0 ].run( f"x = {time.monotonic_ns()};" )  # not in the code cache
compiled = resident()
engines += [ Engine() for _ in range( 100 ) ]
print( first - bare, compiled - bare, ( resident() - compiled ) / 100 )
"""
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    first, compiled, further = map(float, done.stdout.split())
    return first, compiled, further


def main() -> None:
    """Print the table as Markdown."""
    print(f"| value | bytes, Python {sys.version_info[0]}.{sys.version_info[1]} |\n| --- | ---: |")
    for name, expression in VALUES.items():
        print(f"| {name} | {bytes_each(expression):.0f} |")
    print(f"| thread, suspended (resident) | {thread_bytes():.0f} |")
    first, compiled, further = engine_bytes()
    print(f"| first engine, modules included (resident) | {first:.0f} |")
    print(f"| the same after compiling a script | {compiled:.0f} |")
    print(f"| each further engine (resident) | {further:.0f} |")


if __name__ == "__main__":
    main()
