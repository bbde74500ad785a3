"""`sgs --debug`, driven through a pipe: where scripts stop, what is shown, and that they go on as they were.

Rule of this file: a test is a script, the commands, and what the debugger says between its prompts.
"""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interp.cli import open_engine
from interp.debug_prompt import Prompt
from interp.errors import ScriptError

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "interp", "--debug"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

LOOP = """\
function add( a, b )
{
	c = a + b;
	return c;
}
function sum( n )
{
	var s = 0;
	for( i = 0; i < n; ++i )
	{
		s = add( s, i );
	}
	return s;
}
total = sum( 4 );
println( total );
"""


class Debugged:
    """What a session said: the answer to each command, the messages, the exit status."""

    def __init__(self, folder: Path, script: str, *commands: str, words: tuple[str, ...] = ("it.sgs",)) -> None:
        (folder / "it.sgs").write_text(script)
        text = "".join(f"{command}\n" for command in commands)
        done = subprocess.run(
            [*COMMAND, *words], input=text, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=50
        )
        self.status = done.returncode
        self.messages = done.stderr
        self.start, *self.answers = done.stdout.split("(sgs) ")
        assert ".py" not in done.stdout + done.stderr and "$" not in done.stdout

    def places(self) -> list[str]:
        """Where each command led: `line function`, "" where the script did not move."""
        found = [re.search(r"it\.sgs:(\d+) in (\S+.*)\n", answer) for answer in self.answers]
        return ["" if match is None else f"{match[1]} {match[2]}" for match in found]


def test_stops_at_the_first_statement_and_runs_to_the_end(tmp_path: Path) -> None:
    session = Debugged(tmp_path, LOOP, "continue")
    assert session.start == "it.sgs:15 in <main>\n->   15  total = sum( 4 );\n"
    assert session.answers == ["6\n"]
    assert (session.status, session.messages) == (0, "")


def test_steps(tmp_path: Path) -> None:
    session = Debugged(tmp_path, LOOP, *["s"] * 7)
    assert session.places()[:7] == ["8 sum", "9 sum", "11 sum", "3 add", "4 add", "9 sum", "11 sum"]
    session = Debugged(tmp_path, LOOP, "n", "n", "n")
    assert session.places()[:2] == ["16 <main>", ""]
    session = Debugged(tmp_path, LOOP, "s", "n", "n", "n", "n", "n")
    assert session.places()[:6] == ["8 sum", "9 sum", "11 sum", "9 sum", "11 sum", "9 sum"]


def test_finish_and_until(tmp_path: Path) -> None:
    session = Debugged(tmp_path, LOOP, "b add", "c", "delete", "finish", "n", "n", "until", "return", "n", "c")
    assert session.places()[:9] == ["", "3 add", "", "4 add", "9 sum", "11 sum", "13 sum", "13 sum", "16 <main>"]
    assert "end of call at it.sgs:4 in add\n" in session.answers[3]
    assert "it returns int (0)\n" in session.answers[3] and "it returns int (6)\n" in session.answers[7]
    whole = Debugged(tmp_path, LOOP, "b sum", "c", "until 13", "finish", "finish")
    assert whole.places()[:5] == ["", "8 sum", "13 sum", "13 sum", "16 <main>"]


def test_an_empty_line_repeats(tmp_path: Path) -> None:
    session = Debugged(tmp_path, LOOP, "s", "", "", "p i", "")
    assert session.places() == ["8 sum", "9 sum", "11 sum", "", "", ""]
    assert session.answers[3:5] == ["int (0)\n", "int (0)\n"]


def test_breakpoints(tmp_path: Path) -> None:
    session = Debugged(
        tmp_path, LOOP, "break 11 if i == 2", "b add if b == 3", "tbreak it.sgs:13", "break", "c", "p i", "c", "p b",
        "c", "break", "c",
    )  # fmt: skip
    assert session.answers[0] == "breakpoint 1 at it.sgs:11\n"
    assert session.answers[1] == "breakpoint 2 at add\n"
    assert session.answers[3] == ("1  it.sgs:11 if i == 2, 0 stops\n2  add if b == 3, 0 stops\n3  it.sgs:13, 0 stops\n")
    assert session.answers[4] == "breakpoint 1: it.sgs:11 in sum\n->b  11  \t\ts = add( s, i );\n"
    assert session.answers[5] == "int (2)\n"
    assert session.answers[6].startswith("breakpoint 2: it.sgs:3 in add\n")
    assert session.answers[7] == "int (3)\n"
    assert session.answers[8].startswith("breakpoint 3: it.sgs:13 in sum\n")
    assert session.answers[9] == "1  it.sgs:11 if i == 2, 1 stops\n2  add if b == 3, 1 stops\n"
    assert session.answers[10] == "6\n"


def test_breakpoints_are_switched_changed_and_removed(tmp_path: Path) -> None:
    session = Debugged(
        tmp_path, LOOP, "b 10", "disable 1", "b 4", "c", "enable 1", "condition 1 i == 3", "clear 2", "c", "p i",
        "delete", "c",
    )  # fmt: skip
    assert session.answers[0] == "breakpoint 1 at it.sgs:11\n"  # where the next statement is
    assert session.places() == ["", "", "", "4 add", "", "", "", "11 sum", "", "", ""]
    assert session.answers[8] == "int (3)\n"
    odd = Debugged(tmp_path, LOOP, "b 99", "b 1 2", "delete 7", "b sum if ) (", "c", "c")
    assert odd.answers[0] == "it.sgs has no statement at line 99 or behind it\n"
    assert odd.answers[1].startswith("usage")
    assert odd.answers[2] == "no breakpoint '7'\n"
    assert "the condition could not be evaluated: " in odd.answers[4]


def test_calls_and_source(tmp_path: Path) -> None:
    session = Debugged(
        tmp_path, LOOP, "b 4 if b == 1", "c", "where", "up", "p s + i", "where", "list", "list", "list 1, 2", "down",
        "up 5",
    )  # fmt: skip
    assert session.answers[2] == "  <main>  it.sgs:15\n  sum  it.sgs:11\n> add  it.sgs:4\n"
    assert session.answers[3] == "it.sgs:11 in sum\n->   11  \t\ts = add( s, i );\n"
    assert session.answers[4] == "int (1)\n"
    assert session.answers[5] == "  <main>  it.sgs:15\n> sum  it.sgs:11\n  add  it.sgs:4\n"
    assert session.answers[6].splitlines()[0] == "      6  function sum( n )"
    assert "->   11  " in session.answers[6] and len(session.answers[6].splitlines()) == 11
    assert session.answers[7] == "the end of the source\n"
    assert session.answers[8] == "      1  function add( a, b )\n      2  {\n"
    assert session.answers[10] == "there is no call further out\n"


VALUES = """\
class Point { global kind = "point";
	function sum(){ return this.x + this.y; } }
p = new Point(); p.x = 1; p.y = 2;
n = null; t = true; i = 42; r = 2.5; s = "text\\n"; a = [ 1, [ 2, [ 3, [ 4 ] ] ] ]; d = { k = "v" };
m = map( 1, "one" ); f = function( q ){ return q * 2; };
closure = function() use( i ) { return i; };
include "io";
file = io_file( "it.sgs", FILE_READ );
println( p.sum() );
"""


def test_values_of_each_kind(tmp_path: Path) -> None:
    names = ["n", "t", "i", "r", "s", "a", "d", "m", "f", "f( 21 )", "closure", "file", "p", "p.sum", "println", "1 +"]
    session = Debugged(tmp_path, VALUES, "b 9", "c", *[f"p {name}" for name in names], "locals", "globals")
    answers = dict(zip(names, session.answers[2:], strict=False))
    assert answers["n"] == "null\n" and answers["t"] == "bool (true)\n" and answers["i"] == "int (42)\n"
    assert answers["r"] == "real (2.5)\n" and answers["s"] == 'string [5] "text\\x0A"\n'
    assert answers["a"].startswith("array (2)\n[\n  int (1)\n  array (2)\n") and "..." in answers["a"]
    assert answers["d"] == 'dict (1)\n{\n  k = string [1] "v"\n}\n'
    assert answers["m"].startswith("map (1)\n") and "one" in answers["m"]
    assert answers["f"] == "SGS function <anonymous> defined at it.sgs:5\n"
    assert answers["f( 21 )"] == "int (42)\n"
    assert answers["closure"].startswith("closure\n")
    assert answers["file"].startswith("object (0x") and answers["file"].endswith(") [1] file\n")
    assert answers["p"].startswith("dict (2)\n") and "x = int (1)" in answers["p"]
    assert answers["p.sum"] == "SGS function 'Point.sum' defined at it.sgs:2\n"
    assert answers["println"].startswith("C function")
    assert "int" not in answers["1 +"] and len(answers["1 +"].splitlines()) == 1
    local = session.answers[2 + len(names)]
    assert "i = int (42)  (captured)\n" not in local and "i = int (42)\n" in local and "r = real (2.5)\n" in local
    shown = session.answers[3 + len(names)]
    assert "Point = dict" in shown and "FILE_READ" not in shown and "println" not in shown


def test_long_values_are_cut(tmp_path: Path) -> None:
    session = Debugged(
        tmp_path, "a = []; for( i = 0; i < 5000; ++i ) a.push( i );\ni;\nx = 1;", "b 3", "c", "p a", "locals"
    )
    assert len(session.answers[2].splitlines()) == 201 and session.answers[2].endswith("... 4803 more lines\n")
    assert "... 4991 more lines\ni = int (5000)\n" in session.answers[3]


def test_variables_are_set(tmp_path: Path) -> None:
    script = """\
function keep( step )
{
	var held = 10;
	count = function( n ) use( held )
	{
		held += n;
		return held;
	};
	count( step );
	count( step );
	return held;
}
println( keep( 1 ) );
"""
    session = Debugged(
        tmp_path, script, "b 6", "c", "locals", "held = 100", "n = 5", "p held", "n", "p held", "up", "p held",
        "step = 1000", "delete", "b 11", "c", "held", "held += 1, 7", "fresh = 1", "!n = 2", "c",
    )  # fmt: skip
    assert session.answers[2] == "n = int (1)\nheld = int (10)  (captured)\n"
    assert session.answers[5] == "int (100)\n"
    assert session.answers[7] == session.answers[9] == "int (105)\n"
    assert session.answers[14] == "int (1105)\n"
    assert "no variable of this call, so not kept: fresh\n" in session.answers[16]
    assert session.answers[-1] == "1106\n"


def test_methods_see_this(tmp_path: Path) -> None:
    session = Debugged(tmp_path, VALUES, "b Point.sum", "c", "p this.y", "this.y = 40", "finish", "c")
    assert session.places()[1] == "2 Point.sum"
    assert session.answers[2] == "int (2)\n"
    assert "it returns int (41)" in session.answers[4]
    assert session.answers[5] == "41\n"
    assert Debugged(tmp_path, VALUES, "b sum", "c", "locals").answers[2].startswith("this = dict (2)\n")


def test_threads_and_coroutines(tmp_path: Path) -> None:
    script = """\
function count( n )
{
	while( true )
	{
		n += 1;
		yield( n );
	}
}
c = co_create( count );
co_resume( c, 1 );
function worker( name )
{
	yield();
	var left = name;
	yield();
	println( left );
}
thread worker( "A" );
thread worker( "B" );
process_threads();
co_resume( c );
process_threads();
"""
    session = Debugged(tmp_path, script, "n", *["s"] * 5)
    # into the coroutine and out of it
    assert session.places()[:5] == ["10 <main>", "3 count", "5 count", "6 count", "18 <main>"]
    session = Debugged(
        tmp_path, script, "b 14", "c", "locals", "threads", "where", "thread 1", "p n", "thread 0", "n", "n", "threads",
        "delete", "b 16 if left == 'B'", "c", "left = 'changed'", "c",
    )  # fmt: skip
    number = {match[2]: match[1] for match in re.finditer(r"(\d+)  .*: (\w+)", session.answers[3])}
    assert session.places()[1] == "14 worker"
    assert re.search(r"^> \d  thread \d: worker  it.sgs:14$", session.answers[3], re.MULTILINE)
    assert re.search(r"^  0  main: <main>  it.sgs:20  \(waits for what it resumed\)$", session.answers[3], re.MULTILINE)
    assert re.search(r"^  \d  thread \d: count  it.sgs:6  \(suspended\)$", session.answers[3], re.MULTILINE)
    assert len(session.answers[3].splitlines()) == 4 and number["count"] == "1"
    assert session.answers[4] == "> worker  it.sgs:14\n"
    assert session.answers[5] == "it.sgs:6 in count\n->    6  \t\tyield( n );\n"
    assert session.answers[6] == "int (2)\n"
    assert session.answers[7].startswith("it.sgs:20 in <main>\n")
    assert session.answers[-1] == "changed\nA\n"


def test_step_out_of_a_thread_that_ends(tmp_path: Path) -> None:
    script = "function work()\n{\n\tvar x = 1;\n}\nthread work();\nprintln( 'after' );\n"
    assert Debugged(tmp_path, script, "s", "s", "c").places()[:2] == ["3 work", "6 <main>"]
    assert Debugged(tmp_path, script, "s", "finish", "s").places()[:3] == ["3 work", "3 work", "6 <main>"]


def test_included_files(tmp_path: Path) -> None:
    (tmp_path / "part.sgs").write_text("function twice( x )\n{\n\treturn x * 2;\n}\n")
    session = Debugged(
        tmp_path, "include 'part';\nprintln( twice( 4 ) );\n", "b part.sgs:3", "c", "list", "where", "p x", "x = 7", "c"
    )
    assert session.answers[0] == "breakpoint 1 at part.sgs:3 (not loaded yet)\n"
    assert re.match(r"breakpoint 1: \S*part.sgs:3 in twice\n->b   3  \treturn x \* 2;\n", session.answers[1])
    assert session.answers[2].splitlines()[0].endswith("1  function twice( x )")
    assert session.answers[4] == "int (4)\n"
    assert session.answers[6] == "14\n"


def test_eval_has_lines_of_its_own(tmp_path: Path) -> None:
    script = "x = 1;\neval( 'y = 5;\nprintln( y );' );\nprintln( x );\n"
    session = Debugged(tmp_path, script, "b 4", "s", "s", "s", "s", "c")
    assert session.answers[1] == "it.sgs:2 in <main>\n->    2  eval( 'y = 5;\n"
    assert session.answers[2] == "it.sgs:1 in <main>\n->    1  y = 5;\n"
    assert session.answers[3] == "it.sgs:2 in <main>\n->    2  println( y );\n"
    assert session.answers[4].endswith("breakpoint 1: it.sgs:4 in <main>\n->b   4  println( x );\n")


def test_an_error_stops_where_it_happens(tmp_path: Path) -> None:
    script = "function f( a )\n{\n\tvar b = a;\n\tERROR( 'no ' .. b );\n}\nf( 3 );\nprintln( 'never' );\n"
    session = Debugged(tmp_path, script, "c", "p b", "up", "c")
    assert session.answers[0] == "message at it.sgs:4 in f\n->    4  \tERROR( 'no ' .. b );\n"
    assert session.answers[1] == "int (3)\n"
    assert session.places()[2] == "6 <main>"
    assert session.status == 1
    assert session.messages == '- "<main>" in it.sgs, line 6\n- "f" in it.sgs, line 4\nError: no 3\n'
    quiet = Debugged(tmp_path, script, "catch off", "c")
    assert len(quiet.answers) == 2 and quiet.status == 1


def test_warnings_can_stop(tmp_path: Path) -> None:
    script = "x = nothing;\ny = @nothing;\nz = toint( [] ) + unknown;\n"
    session = Debugged(tmp_path, script, "catch warnings", "c", "p x", "c", "c", "catch nonsense")
    assert session.places()[1].startswith("1 ")
    assert session.answers[2] == "null\n"
    assert session.places()[3].startswith("3 ")
    assert "variable 'nothing' was not found" in session.messages


def test_the_end_of_a_call_by_an_error(tmp_path: Path) -> None:
    script = "function f()\n{\n\tvar x = 1;\n\tERROR( 'no' );\n}\nthread f();\nprintln( 'on' );\n"
    session = Debugged(tmp_path, script, "b f", "c", "delete", "catch off", "finish", "c")
    assert session.answers[4] == "end of call at it.sgs:4 in f\n->    4  \tERROR( 'no' );\nit ends without a value\n"
    assert session.answers[5] == "on\n"


def test_deep_recursion_can_be_looked_at(tmp_path: Path) -> None:
    script = "function f( n )\n{\n\treturn f( n + 1 ) + 1;\n}\nf( 0 );\n"
    session = Debugged(tmp_path, script, "c", "p n > 900", "up", "p n > 900", "c")
    assert session.places()[0] == "3 f"
    assert session.answers[1] == session.answers[3] == "bool (true)\n"
    assert "max. call stack size reached" in session.messages
    stepping = Debugged(tmp_path, script, "b 5", "s", "until 9", "c", "c")
    assert "max. call stack size reached" in stepping.messages


def test_deep_loops(tmp_path: Path) -> None:
    count = 14
    loops = "".join(f"\tfor( i{k} = 0; i{k} < 2; ++i{k} )\n" for k in range(count))
    script = f"function nested()\n{{\n\tvar s = 0;\n{loops}\t\ts += 1;\n\treturn s;\n}}\nprintln( nested() );\n"
    inside, behind = 4 + count, 5 + count
    session = Debugged(
        tmp_path, script, f"b {inside} if s == 1", "c", "p s", "where", "n", "s = 100", f"b {behind}", "delete 1", "c",
        "finish", "c",
    )  # fmt: skip
    assert session.places()[1] == f"{inside} nested"
    assert session.answers[2] == "int (1)\n"
    assert session.answers[3] == f"  <main>  it.sgs:{behind + 2}\n> nested  it.sgs:{inside}\n"
    assert session.places()[4] == f"{inside - 1} nested"
    assert session.places()[8] == f"{behind} nested"
    assert session.answers[-1] == f"{2**count + 98}\n"


def test_statements_over_several_lines_are_one_step(tmp_path: Path) -> None:
    script = "function f( a, b )\n{\n\treturn a + b;\n}\nx = f(\n\t1,\n\tf( 2,\n\t3 )\n);\nprintln( x );\n"
    session = Debugged(tmp_path, script, "n", "c")
    assert session.places()[0] == "10 <main>"
    assert session.start.startswith("it.sgs:5 in <main>\n")


def test_a_loop_in_one_line_stops_in_each_pass(tmp_path: Path) -> None:
    script = "s = 0;\nfor( i = 0; i < 9; ++i ) s += i;\nprintln( s );\n"
    session = Debugged(tmp_path, script, "b 2 if i == 5", "c", "p s", "c")
    assert session.answers[2:] == ["int (10)\n", "36\n"]


def test_callbacks_of_natives(tmp_path: Path) -> None:
    script = (
        "function order( a, b )\n{\n\treturn a < b;\n}\nx = [ 1, 2 ];\nx.sort_custom( order );\nprintln( x.first );\n"
    )
    session = Debugged(tmp_path, script, "b order", "c", "where", "up", "finish", "c", "c", "c")
    assert session.answers[2].splitlines()[1] == "  array.sort_custom  (native)"
    assert session.places()[3] == "6 <main>"


def test_end_of_the_commands_and_quit(tmp_path: Path) -> None:
    ended = Debugged(tmp_path, LOOP, "s")
    assert (ended.status, ended.answers[-1]) == (0, "\n")
    left = Debugged(tmp_path, LOOP, "q", "p 1")
    assert (left.status, left.answers) == (0, [""])
    assert Debugged(tmp_path, "app_exit( 5 );", "c").status == 5
    assert Debugged(tmp_path, "x = ;", "c").status == 1
    assert "thread NUMBER" in Debugged(tmp_path, LOOP, "help").answers[0]


def test_code_and_standard_input(tmp_path: Path) -> None:
    session = Debugged(tmp_path, "", "n", "p x", "c", words=("-e", "x = 2;\nprintln( x );"))
    assert session.answers[:2] == ["<string>:2 in <main>\n->    2  println( x );\n", "int (2)\n"]
    assert Debugged(tmp_path, "", words=("-",)).status == 2
    assert Debugged(tmp_path, "", words=()).status == 2


def test_the_script_reads_what_the_commands_leave(tmp_path: Path) -> None:
    session = Debugged(tmp_path, "println( read_stdin() );\nprintln( 'on' );\n", "n", "for the script", "c")
    assert session.answers == ["for the script\nit.sgs:2 in <main>\n->    2  println( 'on' );\n", "on\n"]


class Talk:
    """A running session: commands go in one by one."""

    def __init__(self, folder: Path, script: str) -> None:
        (folder / "it.sgs").write_text(script)
        self.process = subprocess.Popen(
            [*COMMAND, "it.sgs"], cwd=folder, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.start = self.answer()

    def answer(self) -> str:
        assert self.process.stdout is not None
        text = b""
        while not text.endswith(b"(sgs) "):
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                break
            text += more
        return text.decode().removesuffix("(sgs) ")

    def send(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, command: str) -> str:
        self.send(command)
        return self.answer()

    def until_output(self, text: bytes) -> None:
        assert self.process.stdout is not None
        seen = b""
        while text not in seen:
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            assert more, seen
            seen += more


@pytest.mark.parametrize("breakpoint_there", [False, True])
def test_ctrl_c_stops_a_busy_script(tmp_path: Path, breakpoint_there: bool) -> None:
    script = (
        "function spin( x )\n{\n\tprintln( 'on' );\n\twhile( x )\n\t\ty = x;\n}\nspin( true );\nprintln( 'out' );\n"
    )
    talk = Talk(tmp_path, script)
    try:
        if breakpoint_there:
            talk.ask("b 8")
        talk.send("c")
        time.sleep(0.5)  # what it prints shows when it stops
        talk.process.send_signal(signal.SIGINT)
        stopped = talk.answer()
        assert re.search(r"on\n\ninterrupted at it.sgs:[345] in spin\n", stopped)
        assert talk.ask("p x") == "bool (true)\n"
        assert re.match(r"it.sgs:[45] in spin\n", talk.ask("s"))
        assert talk.ask("x = false") == "bool (false)\n"
        if breakpoint_there:
            assert talk.ask("c").startswith("breakpoint 1: it.sgs:8")
        assert talk.ask("c") == "out\n"
        assert talk.process.wait(10) == 0
    finally:
        talk.process.kill()


def test_ctrl_c_stops_a_wait(tmp_path: Path) -> None:
    script = """\
include 'sockets';
( a, b ) = socket_pair();
function wait( b )
{
	got = b.recv( 10 );
	println( got );
}
wait( b );
"""
    talk = Talk(tmp_path, script)
    try:
        talk.send("c")
        time.sleep(0.7)
        talk.process.send_signal(signal.SIGINT)
        assert talk.answer().startswith("\ninterrupted at it.sgs:5 in wait\n")
        assert "socket.recv  (native)\n" in talk.ask("where")
        talk.ask("up")
        assert talk.ask("a.send( 'sent' )") == "int (4)\n"
        assert talk.ask("c") == "sent\n"
    finally:
        talk.process.kill()


def test_a_breakpoint_set_while_a_thread_waits(tmp_path: Path) -> None:
    script = """\
include 'sockets';
( a, b ) = socket_pair();
function serve( b )
{
	while( ( got = b.recv( 10 ) ) !== true )
		println( got );
}
thread serve( b );
socket_run();
"""
    talk = Talk(tmp_path, script)
    try:
        talk.send("c")
        time.sleep(0.7)
        talk.process.send_signal(signal.SIGINT)
        assert talk.answer().startswith("\ninterrupted at it.sgs:9 in <main>\n")
        talk.ask("b 6")
        assert talk.ask("a.send( 'sent' )") == "int (4)\n"
        assert talk.ask("c").startswith("breakpoint 1: it.sgs:6 in serve\n")
        assert talk.ask("p got") == 'string [4] "sent"\n'
        assert talk.ask("n").startswith("sent\nit.sgs:5 in serve\n")
    finally:
        talk.process.kill()


def test_ctrl_c_while_something_is_evaluated(tmp_path: Path) -> None:
    script = "function spin( x )\n{\n\twhile( x )\n\t\ty = x;\n}\nprintln( 'on' );\nspin( 1 );\n"
    talk = Talk(tmp_path, script)
    try:
        talk.send("p spin( 2 )")
        time.sleep(0.5)
        talk.process.send_signal(signal.SIGINT)
        assert talk.answer() == "Interrupted\n"
        assert talk.ask("p 1 + 1") == "int (2)\n"
        talk.ask("b 4 if x == 5 || x == 6 || x == 7 || x == 8 || x == 9")  # most of the time goes there
        talk.send("c")
        time.sleep(0.5)
        talk.process.send_signal(signal.SIGINT)
        assert re.search(r"it.sgs:[34] in spin\n", talk.answer())
        assert talk.ask("p x") == "int (1)\n"
        talk.ask("x = 0")
        assert talk.ask("c") == ""
        assert talk.process.wait(10) == 0
    finally:
        talk.process.kill()


def test_a_host_can_debug_its_scripts() -> None:
    written = io.BytesIO()
    with open_engine(stdin=io.BytesIO(), stdout=written, stderr=written) as engine:
        with Prompt(engine, io.BytesIO(b"n\np x\nx = 7\nc\n"), written):
            assert engine.run("x = 5;\nreturn x;", name="rules.sgs") == 7
        assert engine.run("return 1;") == 1
        with Prompt(engine, io.BytesIO(b"c\nc\n"), written), pytest.raises(ScriptError):
            engine.run("ERROR( 'no' );", name="rules.sgs")
    assert "rules.sgs:2 in <main>" in written.getvalue().decode()
    assert sys.gettrace() is None


def test_time_at_the_prompt_does_not_count(tmp_path: Path) -> None:
    script = "function spin(){ t = ftime(); while( ftime() - t < 1.5 ){} return 'spun'; }\nx = 1;\nprintln( 'end' );\n"
    limited = ("--limit", "seconds=1", "it.sgs")
    done = Debugged(tmp_path, script, "print spin()", "next", "print spin()", "continue", words=limited)
    assert done.answers[0] == done.answers[2] == 'string [4] "spun"\n'
    assert done.answers[3] == "end\n" and done.messages == "" and done.status == 0
    done = Debugged(tmp_path, script + "spin();\n", "print spin()", "continue", "continue", words=limited)
    assert "limit exceeded: seconds" in done.messages
