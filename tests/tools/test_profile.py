"""`sgs --profile`: are the figures right, and does it know every function by its script name, however the script ends?

Rule of this file: figures are compared with each other, never with the clock; processes run on their own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "interp"]
Table = dict[str, tuple[int, float, float, float]]

BURN = """\
function burn( n )
{
	var s = 0;
	for( i = 0; i < n; ++i )
	{
		s += i * 3 % 7;
	}
	return s;
}
"""


def run(
    script: str, folder: Path, *options: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    (folder / "it.sgs").write_text(script)
    whole = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    words = [*COMMAND, *(options or ["--profile"]), "it.sgs"]
    return subprocess.run(words, cwd=folder, env=whole, capture_output=True, text=True, timeout=50)


def tables(text: str) -> tuple[Table, Table]:
    """Functions and lines of a report: name or `file:line` -> calls, own, total, waiting."""
    functions: Table = {}
    lines: Table = {}
    row = re.compile(r" *(?:(\d+|-) +)?([\d.]+) +[\d.]+ +([\d.]+) +([\d.]+)  (\S.*)$")
    first, second = text.split("  line\n")
    for part, found in ((first, functions), (second, lines)):
        for line in part.splitlines():
            match = row.match(line)
            if match:
                calls = 0 if match[1] in (None, "-") else int(match[1])
                name = match[5] if found is functions else match[5].split()[0]
                found[name] = (calls, float(match[2]), float(match[3]), float(match[4]))
    return functions, lines


def test_ten_times_the_work_takes_ten_times_as_long(tmp_path: Path) -> None:
    twice = BURN.replace("burn", "little") + BURN.replace("burn", "much")
    script = twice + "for( k = 0; k < 8; ++k )\n{\n\tlittle( 60000 );\n\tmuch( 600000 );\n}\n"
    functions, lines = tables(run(script, tmp_path).stderr)
    little, much = functions["little (it.sgs:1)"], functions["much (it.sgs:10)"]
    assert little[0] == much[0] == 8
    assert 6 < much[1] / little[1] < 16
    main = functions["<main> (it.sgs:1)"]
    assert main[0] == 1 and main[1] < 0.1 * main[2]
    assert main[2] == pytest.approx(little[2] + much[2], rel=0.1)
    # the lines of the loop are told apart, and the line with the work has more of it
    assert lines["it.sgs:15"][1] > lines["it.sgs:13"][1] > 0.05 * much[1]
    assert lines["it.sgs:22"][2] == pytest.approx(much[2], rel=0.1)
    assert lines["it.sgs:22"][1] < 0.1 * much[2]


def test_small_functions_get_their_own_time(tmp_path: Path) -> None:
    script = """\
function cheap( a ) = a;
function dear( a ) = a * 3 % 7 + a * 5 % 11 + a * 7 % 13 + a * 9 % 17 + a * 3 % 19 + a * 5 % 23 + a * 7 % 29;
function both( n )
{
	for( i = 0; i < n; ++i )
	{
		cheap( i );
		dear( i );
	}
}
both( 700000 );
"""
    functions, _ = tables(run(script, tmp_path).stderr)
    cheap, dear = functions["cheap (it.sgs:1)"], functions["dear (it.sgs:2)"]
    assert cheap[0] == dear[0] == 700000
    assert dear[1] > 3 * cheap[1]


def test_names_of_natives_methods_closures_twins_and_deep_loops(tmp_path: Path) -> None:
    deep = "".join(f"for( i{k} = 0; i{k} < {2 if k < 14 else 40}; ++i{k} )\n" for k in range(15)).rstrip()
    script = f"""\
include "string";
function several( n )
{{
	if( n > 1 )
		return n, 2;
	return;
}}
class Thing {{ function work( n ) {{ var s = 0; for( i = 0; i < n; ++i ) s += this.add( i ); return s; }}
function add( i ) {{ return i + 1; }} }}
function nested()
{{
	var s = 0;
	{deep}
	s += i0 * i14;
	return s;
}}
for( i = 0; i < 50000; ++i )
{{
	( a, b ) = several( i );
	c = several( i );
}}
function keep( f ) {{ return f; }}
closure = function( n ) use( c ) {{ for( i = 0; i < n; ++i ) c = i; return c; }};
keep( closure )( 400000 );
( new Thing() ).work( 200000 );
nested();
a = [];
for( i = 0; i < 200000; ++i )
	a.push( i * 7919 % 100003 );
a.sort();
text = string_repeat( "abc,", 200000 );
parts = string_explode( text, "," );
"""
    result = run(script, tmp_path)
    functions, lines = tables(result.stderr)
    names = {re.sub(r" \(it.sgs:\d+\)", "", name): row for name, row in functions.items()}
    assert names["several"][0] == 100000
    assert names["Thing.add"][0] == 200000
    assert names["<anonymous function>"][0] == names["nested"][0] == 1
    assert len(names) == len(functions)  # each once
    for native in ("array.sort", "string_explode"):
        assert names[native][0] == 0 and names[native][1] > 0
    assert names["nested"][1] > 0 and lines["it.sgs:28"][1] > 0.3 * names["nested"][1]
    assert "$" not in result.stderr and ".py" not in result.stderr


def test_calls_of_copies_are_counted_once(tmp_path: Path) -> None:
    script = """\
function fib( n )
{
	if( n < 2 )
		return n;
	return fib( n - 1 ) + fib( n - 2 );
}
function pair( n ) { if( n > 2 ) return n, 1; return n; }
function order( a, b ) = a - b;
println( fib( 20 ), " ", fib( 2.5 ) );
for( i = 0; i < 1000; ++i )
{
	( a, b ) = pair( i );
	c = pair( i + 0.5 );
}
a = [ 3, 1, 2 ];
a.sort_custom( order );
"""
    result = run(script, tmp_path)
    functions, _ = tables(result.stderr)
    assert result.stdout == "6765 2\n"
    counts = {name.split()[0]: row[0] for name, row in functions.items()}
    assert len(counts) == len(functions)
    assert counts["fib"] == 21891 + 3
    assert counts["pair"] == 2000
    assert 2 <= counts["order"] <= 9


def test_coroutines_threads_and_waiting(tmp_path: Path) -> None:
    script = (
        BURN
        + """\
include "sockets";
function co( n )
{
	while( true )
	{
		burn( n );
		yield( 1 );
	}
}
c = co_create( co );
for( i = 0; i < 20; ++i )
	co_resume( c, 40000 );
( a, b ) = socket_pair();
function serve( a )
{
	while( ( d = a.recv( 100 ) ) !== true )
	{
		burn( 200000 );
		a.send( d );
	}
}
function ask( b )
{
	for( i = 0; i < 4; ++i )
	{
		b.send( "x" );
		b.recv( 100 );
	}
	b.close();
}
thread serve( a );
thread ask( b );
socket_run();
r = [];
socket_select( r, [], [], 0.3 );
"""
    )
    functions, lines = tables(run(script, tmp_path).stderr)
    burn = functions["burn (it.sgs:1)"]
    assert burn[0] == 24
    # half of it for the coroutine, half for the thread: both are parts of who resumed them
    assert functions["co (it.sgs:11)"][2] == pytest.approx(burn[2] / 2, rel=0.3)
    assert functions["serve (it.sgs:23)"][2] == pytest.approx(burn[2] / 2, rel=0.3)
    assert functions["co_resume"][2] == pytest.approx(burn[2] / 2, rel=0.3)
    main = functions["<main> (it.sgs:1)"]
    assert main[2] > 0.9 * burn[2]
    assert 0.2 < functions["socket_select"][3] < 1 and functions["socket_select"][1] < 0.1
    assert lines["it.sgs:44"][3] > 0.2
    assert burn[3] < 0.1


def test_included_files(tmp_path: Path) -> None:
    (tmp_path / "part.sgs").write_text(BURN)
    functions, lines = tables(run('include "part";\nburn( 500000 );', tmp_path).stderr)
    (name,) = [name for name in functions if name.startswith("burn")]
    assert name.endswith("part.sgs:1)")
    assert any(place.endswith("part.sgs:6") for place in lines)


@pytest.mark.parametrize(
    ("end", "status"), [("ERROR( 'no' );", 1), ("app_exit( 7 );", 7), ("function f(){ return f() + 1; } f();", 1)]
)
def test_however_it_ends(tmp_path: Path, end: str, status: int) -> None:
    result = run(BURN + "print( 'done' ); burn( 300000 );\n" + end, tmp_path)
    assert result.returncode == status
    assert result.stdout == "done"
    assert tables(result.stderr)[0]["burn (it.sgs:1)"][0] == 1


def test_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "it.sgs").write_text(BURN + "errprintln( 'ready' ); for(;;) burn( 1000 );")
    process = subprocess.Popen(
        [*COMMAND, "--profile", "it.sgs"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == "ready\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Interrupted\n" in err
    assert tables(err)[0]["burn (it.sgs:1)"][0] > 1


def test_nothing_of_the_script_changes(tmp_path: Path) -> None:
    script = BURN + "function f( a ){ a.missing; return a; }\nprintln( burn( 10 ) );\nf( 1 );\nprint( undefined );\n"
    plain = run(script, tmp_path, "--no-cache")
    profiled = run(script, tmp_path)
    assert profiled.stdout == plain.stdout
    assert profiled.stderr.startswith(plain.stderr + "profile: ")


def test_file_for_viewers(tmp_path: Path) -> None:
    script = BURN.replace("burn", "little") + BURN.replace("burn", "much") + "little( 100000 );\nmuch( 1000000 );\n"
    result = run(script, tmp_path, "--profile=out.json")
    assert re.fullmatch(r"sgs: wrote \d+ samples to out.json \(for https://www.speedscope.app\)\n", result.stderr)
    data: Any = json.loads((tmp_path / "out.json").read_text())
    assert data["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = data["shared"]["frames"]
    assert {"name": "much", "file": "it.sgs", "line": 10} in frames
    by_function, by_line, waiting = data["profiles"]
    for profile in (by_function, by_line, waiting):
        assert profile["type"] == "sampled" and profile["unit"] == "seconds"
        assert len(profile["samples"]) == len(profile["weights"])
        assert sum(profile["weights"]) == pytest.approx(profile["endValue"] - profile["startValue"])
    times: dict[str, float] = {}
    for stack, weight in zip(by_function["samples"], by_function["weights"], strict=True):
        assert frames[stack[0]]["name"] == "<main>"  # outermost first
        times[frames[stack[-1]]["name"]] = times.get(frames[stack[-1]]["name"], 0) + weight
    assert times["much"] > 5 * times["little"]
    assert any(frames[stack[-1]].get("line") == 15 for stack in by_line["samples"])


def test_usage(tmp_path: Path) -> None:
    assert run("1;", tmp_path, "--profile=").returncode == 2
    assert run("1;", tmp_path, "--profile=nowhere/x").stderr == (
        "sgs: failed to write 'nowhere/x': No such file or directory\n"
    )
    assert run("1;", tmp_path, "--profile", "--debug").returncode == 2


def test_a_script_without_the_switches_loads_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "it.sgs").write_text("print( 1 );")
    code = (
        "import sys; from interp.cli import main; main( [ 'it.sgs' ] );"
        "print( [ name for name in sys.modules if name.startswith( ( 'interp.profile', 'interp.debug' ) ) ] )"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert result.stdout == "1[]\n"
