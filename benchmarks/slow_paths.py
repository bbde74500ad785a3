"""What the slow paths cost: operations that fail, messages, `pcall`, `@`, beside the same operation when it succeeds.

Nanoseconds an operation, the empty loop taken off, the least of several runs; messages go to a memory file.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

COUNT = 4_000
RUNS = 5
# name -> prologue within the function, statement in the loop
CASES = {
    "read of an entry `d.x`": ("var d = { x = 1 };", "v = d.x;"),
    "read of a missing entry, Warning": ("var d = { x = 1 };", "v = d.y;"),
    "the same under `@`": ("var d = { x = 1 };", "v = @d.y;"),
    "read through one meta-object": ("var d = new Base();", "v = d.k;"),
    "read through `__getindex`": ("var d = hooked();", "v = d.y;"),
    "index `a[ i ]`": ("var a = [ 1, 2, 3 ];", "v = a[ 1 ];"),
    "negative index, two Warnings": ("var a = [ 1, 2, 3 ];", "v = a[ -1 ];"),
    "`1 + 2` of unknown types": ("var a = one(), b = one();", "v = a + b;"),
    "`+` of two texts (real)": ('var a = "1", b = "2";', "v = a + b;"),
    "`+` through `__add`": ("var a = adder();", "v = a + 1;"),
    "int that wraps": ("var a = 9223372036854775807 + one() - 1;", "v = a + 2;"),
    "call of a script function": ("", "one();"),
    "call with a missing and with an extra argument": ("", "two( 1, 2, 3 );"),
    "call of a native": ('var s = "abc";', "tostring( v );"),
    "undefined global, Warning": ("", "v = nothing_here;"),
    "`pcall( f )`": ("", "pcall( one );"),
    "`pcall( f, handler )` with a Warning": ("", "pcall( failing, handler );"),
    "`@one()`": ("", "@one();"),
    "Error under `@`": ("", "v = @( 1 / 0 );"),
}
PROLOGUE = """\
class Base { global k = 1; }
function one(){ return 1; }
function two( a, b ){ return a; }
function failing(){ var d = {}; return d.y; }
function handler( type, text ){}
function hooked(){ return class( {}, { __getindex = function( k ){ return 1; } } ); }
function adder(){ return class( {}, { __add = function( a, b ){ return 1; } } ); }
"""


class _Nowhere(io.RawIOBase):
    def write(self, data: object) -> int:
        return len(data)  # type: ignore[arg-type]


def seconds(engine: object, setup: str, statement: str) -> float:
    """The least CPU time of a loop over the statement."""
    text = f"{PROLOGUE}function run(){{ var v; {setup} for( var i = 0; i < {COUNT}; ++i ){{ {statement} }} }}\n"
    engine.run(text)  # type: ignore[attr-defined]
    best = 1e9
    for _ in range(RUNS):
        start = time.process_time()
        engine.run("run();")  # type: ignore[attr-defined]
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Print the table as Markdown."""
    from interp import Engine, Limits

    with Engine(limits=Limits.none(), cache=False, stdout=_Nowhere(), stderr=_Nowhere()) as engine:  # type: ignore[arg-type]
        empty = seconds(engine, "", ";")
        print(f"| operation | ns, Python {sys.version_info[0]}.{sys.version_info[1]} |\n| --- | ---: |")
        for name, (setup, statement) in CASES.items():
            print(f"| {name} | {max(0.0, seconds(engine, setup, statement) - empty) / COUNT * 1e9:.0f} |")


if __name__ == "__main__":
    main()
