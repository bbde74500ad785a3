"""Cold compilation: how long a script takes from source to code, by its length in lines.

compile.py [--lines N,N,...]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# about what programs consist of: functions, loops, classes, literals, calls
BLOCK = """\
// part {i}
function work{i}( list, limit )
{{
	var total = 0, text = "";
	for( var k = 0; k < limit; ++k )
	{{
		if( k % 3 == 0 && list[ k % list.size ] > {i} )
			total += list[ k % list.size ] * 2 + k;
		else
			text ..= "part " .. k .. ",";
	}}
	return {{ total = total, text = text, name = "work{i}" }};
}}
class Thing{i}
{{
	function __construct( x, y ){{ this.x = x; this.y = y; }}
	function move( dx, dy )
	{{
		this.x += dx;
		this.y += dy;
		return sqrt( this.x * this.x + this.y * this.y );
	}}
}}
"""
MAIN = """\
result{i} = work{i}( [ 1, 2, 3 ], 5 );
thing{i} = new Thing{i}( {i}, 2 );
thing{i}.move( 1, 2.5 );
"""


def script(lines: int) -> bytes:
    """A script of that many lines."""
    count = max(1, lines // (BLOCK.count("\n") + MAIN.count("\n")))
    parts = [BLOCK.format(i=i) for i in range(count)] + [MAIN.format(i=i) for i in range(count)]
    text = 'include "math";\n' + "".join(parts)
    return (text + "//\n" * (lines - text.count("\n"))).encode()


def seconds(lines: int) -> float:
    """CPU seconds to compile a script, nothing kept from earlier ones."""
    from interp.compiler.pipeline import compile_unit

    source = script(lines)
    start = time.process_time()
    compile_unit(source, f"lines{lines}-{time.monotonic_ns()}.sgs", cache=False)
    return time.process_time() - start


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", default="100,1000,10000")
    args = parser.parse_args()
    seconds(10)
    for text in args.lines.split(","):
        lines = int(text)
        best = min(seconds(lines) for _ in range(5 if lines <= 2000 else 3))
        print(f"{lines:7} lines {1000 * best:9.1f} ms {1e6 * best / lines:8.1f} us a line")


if __name__ == "__main__":
    main()
