"""The prompt in a real terminal (tmux), and the session behind it without one.

Rule of this file: what a person would see is what is tested; waits end when the text is there.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from interp import Engine, Limits, ScriptExit, cli
from interp.session import Session, completions, explain, is_complete, shortened

ROOT = Path(__file__).resolve().parents[2]
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
needs_toolkit = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import prompt_toolkit, pygments"], capture_output=True).returncode != 0,
    reason="the extra `repl` is not installed",
)


class Terminal:
    """`sgs` in a terminal of its own."""

    def __init__(self, folder: Path, plain: bool = False) -> None:
        self.socket = str(folder / "tmux")
        self.folder = folder
        start = "import sys; sys.argv[1:] = []; from interp.cli import main; main()"
        if plain:
            start = "import sys; sys.modules['prompt_toolkit'] = None; " + start
        else:
            start = "import sys; " + start
        names = {"XDG_STATE_HOME": str(folder), "PYTHONPATH": str(ROOT), "TERM": "screen"}
        command = ["env", *[f"{name}={value}" for name, value in names.items()], sys.executable, "-c", start]
        self.tmux("-f", os.devnull, "new-session", "-d", "-x", "100", "-y", "50", "--", *command)
        self.see(r"sgs> $")

    def tmux(self, *words: str) -> str:
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, timeout=20).stdout

    def type(self, text: str, *keys: str) -> None:
        # tmux takes a `;` at the end of a word for its own
        self.tmux("send-keys", "-l", "--", re.sub(";$", r"\\;", text))
        for key in keys or ("Enter",):
            self.tmux("send-keys", key)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p").rstrip()

    def see(self, pattern: str, timeout: float = 15.0) -> str:
        """Waits until the screen shows a pattern (`$` is the end of what is on it)."""
        end = time.monotonic() + timeout
        while True:
            text = self.screen()
            if re.search(pattern, text + " " if pattern.endswith(" $") else text):
                return text
            assert time.monotonic() < end, f"no {pattern!r} in:\n{text}"
            time.sleep(0.05)

    def close(self) -> None:
        self.tmux("kill-server")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_one(**options: Any) -> Terminal:
        opened.append(Terminal(tmp_path, **options))
        return opened[-1]

    yield open_one
    for item in opened:
        item.close()


BOTH = pytest.mark.parametrize("plain", [pytest.param(False, marks=needs_toolkit), True], ids=["toolkit", "plain"])


@needs_tmux
@BOTH
def test_typing(terminal: Callable[..., Terminal], plain: bool) -> None:
    term = terminal(plain=plain)
    term.type("x = 5")
    term.type("x + 37")
    term.see(r"int \(42\)\nsgs> $")
    term.type("print( 'no line end' )")
    term.see(r"\nno line end\nsgs> $")
    term.type("nobody")
    term.see(r"Warning: variable 'nobody' was not found\n1 \| nobody\n  \| \^\^\^\^\^\^\nnull\nsgs> $")
    term.type(":type x")
    term.see(r"\nint\nsgs> $")


@needs_tmux
@BOTH
def test_messages_show_the_place(terminal: Callable[..., Terminal], plain: bool) -> None:
    term = terminal(plain=plain)
    term.type("function half( x ){ return x.lenght; }")
    term.type("half( 'abc' )")
    term.see(
        r" --> <input 1>:1:30, in half\n1 \| function half\( x \){ return x.lenght; }\n  \| +\^{6}\n"
        r"  hint: did you mean `length`\?\ncalled from:\n  <input 2>:1:1, in <main>  half\( 'abc' \)\n"
    )
    term.type("let y = 5")
    term.see(r"1 \| let y = 5\n  \|     \^\n  hint: a variable is declared with `var`")


@needs_tmux
@BOTH
def test_several_lines(terminal: Callable[..., Terminal], plain: bool) -> None:
    term = terminal(plain=plain)
    term.type("function add( a, b ){")
    term.see(r"\.\.\.> $")
    term.type("  return a + b;")
    term.type("}")
    term.see(r"\.\.\.> }\nsgs> $")
    term.type("add( 40, 2 )")
    term.see(r"int \(42\)\nsgs> $")


@needs_tmux
@BOTH
def test_ctrl_c_stops_a_script_and_keeps_the_session(terminal: Callable[..., Terminal], plain: bool) -> None:
    term = terminal(plain=plain)
    term.type("kept = 'here'")
    term.type("while( true ) {}")
    time.sleep(0.5)
    term.tmux("send-keys", "C-c")
    term.see(r"Interrupted\nsgs> $")
    term.type("half a line", "C-c")
    term.type("kept")
    term.see(r'string \[4\] "here"\nsgs> $')


@needs_tmux
@BOTH
def test_history_across_runs(terminal: Callable[..., Terminal], plain: bool) -> None:
    first = terminal(plain=plain)
    first.type("old = 12345")
    first.see(r"sgs> $")
    first.type("old")
    first.see(r"int \(12345\)\nsgs> $")
    first.tmux("send-keys", "C-d")
    end = time.monotonic() + 10
    while first.screen() and time.monotonic() < end:
        time.sleep(0.05)
    first.close()
    again = terminal(plain=plain)
    again.type("", "Up")
    again.see(r"sgs> old$")
    again.type("", "Up")
    again.see(r"sgs> old = 12345$")


@needs_tmux
@BOTH
def test_completion(terminal: Callable[..., Terminal], plain: bool) -> None:
    term = terminal(plain=plain)
    term.type("people = { surname = 'x', first_name = 'y' }")
    term.type("people.surn", "Tab")
    term.see(r"people\.surname$")
    term.type("")
    term.see(r'people.surname\nstring \[1\] "x"\nsgs> $')
    if not plain:
        term.type("array.po", "Tab")
        term.see(r"array\.pop")
        term.type("", "C-u")
        term.type("array.sort", "Tab")
        term.see(r"sort_custom\( callable order")


@needs_tmux
@BOTH
def test_a_server_serves_while_the_prompt_waits(terminal: Callable[..., Terminal], plain: bool) -> None:
    term = terminal(plain=plain)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    term.type("include 'sockets';")
    term.see(r"sgs> $")
    for line in (
        "function answer( c ){ while( true ) { d = c.recv( 99 ); if( d === true ) break; c.send( d ); } }",
        "function serve( s ){ while( true ) { c = s.accept(); println( 'client' ); thread answer( c ); } }",
        f"s = socket_tcp(); s.reuse_addr = true; s.bind( {port} ); s.listen( 5 );",
        "thread serve( s );",
        "half = 1",
    ):
        term.type(line)
        term.see(r"sgs> $")
        time.sleep(0.3)
    term.tmux("send-keys", "-l", "half + 41")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        for word in (b"one", b"two"):
            client.sendall(word)
            assert client.recv(100) == word
    if not plain:  # without the toolkit nothing can be put above a line being typed
        term.see(r"client\nsgs> half \+ 41$")
    term.type("")
    term.see(r"int \(42\)\nsgs> $")
    term.type("while( true ) {}")
    time.sleep(0.3)
    term.tmux("send-keys", "C-c")
    term.see(r"Interrupted\nsgs> $")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"still")
        assert client.recv(100) == b"still"


@needs_tmux
@needs_toolkit
def test_a_thread_that_never_pauses_can_be_stopped(terminal: Callable[..., Terminal]) -> None:
    term = terminal()
    term.type("function spin(){ yield(); println( 'spinning' ); while( true ) {} }")
    term.type("thread spin();")
    term.see(r"sgs> $")
    time.sleep(1)
    term.tmux("send-keys", "C-c")
    term.see("Interrupted")
    term.type("40 + 2")
    term.see(r"int \(42\)\nsgs> $")


# --- the session without a terminal -----------------------------------------------------------------------------------


@pytest.fixture
def session(capfdbinary: Any) -> Iterator[tuple[Session, Callable[[str], str]]]:
    shown: list[str] = []
    made = Session(lambda: cli.open_engine(encoding=None), shown.append)

    def enter(text: str) -> str:
        shown.clear()
        made.enter(text)
        made.engine._world.streams.flush()
        out, err = capfdbinary.readouterr()
        return (err + out).decode() + "".join(shown)

    yield made, enter
    made.engine.close()


@pytest.mark.parametrize("text", ["help", "exit", "quit();"])
def test_habits_of_other_prompts(text: str, session: tuple[Session, Callable[[str], str]]) -> None:
    _, enter = session
    assert enter(text) == ":help lists the commands, :quit or Ctrl-D ends the prompt\n"
    enter("function help(){ return 5; } function exit(){ return 5; } function quit(){ return 5; }")
    assert "Ctrl-D" not in enter(text)


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("1 + 2", True), ("1 +", False), ("x = 5", True), ("if( x )", False), ("if( x ) f()", True),
        ("[ 1,", False), ("a = {", False), ("'abc", False), ("/* x", False), ("f(", False), (")", True),
        ("class A", False), ("class A { global x; }", True), ("for(;;)", False),
        ("if( x ){", False), ("// note", True), ("f(;", True),
    ],
)  # fmt: skip
def test_when_an_input_is_complete(text: str, complete: bool) -> None:
    assert is_complete(text) is complete


def test_variables_stay_between_inputs(session: Any) -> None:
    _, enter = session
    enter("x = 1; var y = 2;")
    enter("up = function() use( x ) { x += y; return x; };")
    assert enter("up(), x") == "int (3)\nint (3)\n"
    assert enter("x = 10; up()") == "int (12)\n"
    enter("foreach( item : [ 7, 8 ] ) last = item;")
    assert enter("last") == "int (8)\n"
    enter("function read() { return x; }")
    assert enter("read()") == "int (12)\n"


def test_inputs_in_functions_keep_their_own_variables(session: Any) -> None:
    _, enter = session
    enter("x = 1; function f() { x = 5; var n = 0; return function() use( n ) { n++; return n; }; }")
    assert enter("f()(), x") == "int (1)\nint (1)\n"


def test_values_are_shown_unless_there_is_none(session: Any) -> None:
    _, enter = session
    assert enter("'a\\xff'") == 'string [2] "a\\xFF"\n'
    assert enter("null") == "null\n"
    assert enter("println( 1 )") == "1\n"
    assert enter("z = 3") == ""
    assert "Division by 0" in enter("1 / 0")


def test_commands(session: Any, tmp_path: Path) -> None:
    _, enter = session
    (tmp_path / "file.sgs").write_text("loaded = 41;\nfunction plus( n ){ return loaded + n; }\n")
    enter(f":load {tmp_path / 'file.sgs'}")
    assert enter("plus( 1 )") == "int (42)\n"
    assert enter(":type 'x'") == "string\n"
    assert "return" in enter(":python loaded + 1")
    assert re.fullmatch(r"int \(3\)\n\d+\.\d+ s\n", enter(":time 1 + 2"))
    assert enter(":help plus").startswith("plus( n )\n")
    assert enter(":help println").startswith("println( ... )\n")
    assert "include 'sockets';" in enter(":help socket_tcp")
    assert enter(":help socket.send").startswith("send( ")
    assert "did you mean 'println'" in enter(":help printn")
    assert ":load FILE" in enter(":help")
    assert "failed to open" in enter(":load /nowhere")
    assert ":help lists them" in enter(":nothing")
    enter(":reset")
    assert "was not found" in enter("loaded")


def test_long_values_are_shown_without_their_middle(session: Any) -> None:
    _, enter = session
    shown = enter("[ 5 ].resize( 100000 )").splitlines()
    assert (shown[0], shown[2], shown[-1]) == ("array (100000)", "  int (5)", "]")
    assert len(shown) < 200
    assert [line for line in shown if "left out" in line] == ["... (99828 lines left out, printvar shows all)"]
    assert len(enter("include 'string'; string_repeat( 'x', 100000 )")) < 3000
    assert shortened(b"x" * 3000 + b"\ny") == b"x" * 2000 + b"... (1000 bytes left out)\ny"


def test_a_script_can_end_the_prompt(session: Any) -> None:
    _, enter = session
    with pytest.raises(ScriptExit) as caught:
        enter("app_exit( 3 )")
    assert caught.value.code == 3


def test_a_limit_is_told() -> None:
    shown: list[str] = []
    made = Session(lambda: Engine(encoding=None, limits=Limits(seconds=0.05)), shown.append)
    made.enter("while( true );")
    assert shown == ["limit exceeded: seconds\n"]
    made.engine.close()


def test_completion_knows_declared_types_and_libraries(session: Any) -> None:
    made, enter = session
    enter("include 'sockets'; s = socket_tcp();")
    assert ("local_address", 3, "property, socket_address") in completions(made.engine, "s.loc")
    assert [word for word, _, _ in completions(made.engine, "s.local_address.full")] == ["full_addr_string"]
    assert completions(made.engine, "include 's") == [("sockets", 1, "library"), ("string", 1, "library")]
    assert [word for word, _, _ in completions(made.engine, 'include "io", "ma')] == ["math"]
    assert [word for word, _, _ in completions(made.engine, "include( 'r")] == ["re"]
    assert explain(made.engine, "s.local_address").startswith("s.local_address: socket_address\n")


def test_help_is_in_the_words_of_the_reference(session: Any) -> None:
    _, enter = session
    for name in ("socket_connect", "socket.recv", "socket", "pcall", "socket.local_address"):
        shown = enter(f":help {name}")
        assert "hapter" not in shown
        assert all(len(line) <= 100 for line in shown.splitlines())
    assert "\n  Connects to a host and service, or to an address" in enter(":help socket_connect")


def test_completion_runs_nothing(session: Any) -> None:
    made, enter = session
    enter("class A { global size = 1; function grow( by ){ return by; } }")
    enter("a = new A(); list = [ 1 ]; text = 'x';")
    assert ("grow", 0, "A.grow( by )") in completions(made.engine, "x = a.")
    assert [word for word, _, _ in completions(made.engine, "list.uns")] == ["unshift"]
    assert [word for word, _, _ in completions(made.engine, "text.")] == ["first", "last", "length"]
    assert completions(made.engine, "f().") == []
    assert [word for word, _, _ in completions(made.engine, ":he")] == [":help"]
    assert explain(made.engine, "a.grow").startswith("A.grow( by )\n")
