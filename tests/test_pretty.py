"""Messages for people: when they are shown, what a host gets, and that nothing makes them fail.

The texts themselves are in `tests/messages/`, see `test_messages.py`.
"""

from __future__ import annotations

import io
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from interp import Engine, Message, ScriptError, ScriptSyntaxError, hints, places, pretty
from interp.cli import Options, main, open_engine
from interp.compiler import pipeline
from interp.runtime.messages import Place
from interp.syntax.lexer import spans, tokenize
from interp.syntax.messages import SyntaxMessage

ROOT = Path(__file__).resolve().parents[1]
CORPUS = sorted((ROOT / "tests" / "conformance").glob("*/*.sgs"))
START = "from interp.cli import main; main()"
SCRIPT = "x = 5;\nprintln( x $ nowhere );\n"
PLAIN = "- \"<main>\" in a.sgs, line 2\nWarning: variable 'nowhere' was not found\n"
PEOPLE = """\
Warning: variable 'nowhere' was not found
 --> a.sgs:2:14, in <main>
2 | println( x $ nowhere );
  |              ^^^^^^^
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.sgs"
    path.write_text(SCRIPT)
    return path


def sgs(*words: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "", "TERM": "xterm"}
    command = [sys.executable, "-c", START, *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, **settings)


def on_terminal(*words: str, **environment: str) -> str:
    """What `sgs` writes on a terminal that is 100 columns wide."""
    terminal, other = pty.openpty()
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "", "TERM": "xterm", **environment}
    process = subprocess.Popen(
        [sys.executable, "-c", START, *words], stdin=other, stdout=other, stderr=other, env=variables
    )
    os.close(other)
    text = b""
    end = time.monotonic() + 60
    while select.select([terminal], [], [], max(end - time.monotonic(), 0))[0]:
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:  # the other side is gone
            break
        if not data:
            break
        text += data
    process.wait(60)
    os.close(terminal)
    return text.decode().replace("\r\n", "\n")


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("script")
def test_a_pipe_gets_the_plain_form() -> None:
    assert sgs("a.sgs").stderr == PLAIN


@pytest.mark.usefixtures("script")
def test_a_terminal_gets_the_form_for_people() -> None:
    assert on_terminal("a.sgs", NO_COLOR="1") == PEOPLE + "5null\n"


@pytest.mark.usefixtures("script")
def test_options_decide_before_the_terminal() -> None:
    assert sgs("--pretty", "a.sgs").stderr == PEOPLE
    assert on_terminal("--no-pretty", "a.sgs") == PLAIN + "5null\n"


@pytest.mark.usefixtures("script")
@pytest.mark.parametrize(
    ("environment", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)], ids=str
)
def test_color(environment: dict[str, str], colored: bool) -> None:
    text = on_terminal("a.sgs", **environment)
    assert ("\x1b[1;33mWarning:\x1b[0m" in text) is colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == PEOPLE + "5null\n"


@pytest.mark.usefixtures("script")
def test_color_does_not_make_two_places_of_one() -> None:
    text = on_terminal("-e", "nowhere();")
    assert text.count("^^^^^^^") == 1 and "(at the same place)" in text


@pytest.mark.usefixtures("script")
def test_no_color_in_a_pipe() -> None:
    assert "\x1b" not in sgs("--pretty", "a.sgs").stderr


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_in_a_real_terminal(script: Path) -> None:
    server = str(script.parent / "tmux")

    def tmux(*words: str) -> str:
        return subprocess.run(["tmux", "-S", server, *words], capture_output=True, text=True, timeout=20).stdout

    command = f"{sys.executable} -c '{START}'"
    line = f"cd {script.parent}; export PYTHONPATH={ROOT}; clear; {command} a.sgs; {command} a.sgs 2> plain; echo done"
    tmux("-f", os.devnull, "new-session", "-d", "-x", "300", "-y", "50", "--", "sh", "-c", f"{line}; sleep 60")
    try:
        end = time.monotonic() + 30
        while "done" not in (screen := tmux("capture-pane", "-p")):
            assert time.monotonic() < end, screen
            time.sleep(0.05)
        assert screen.startswith(PEOPLE), screen
        assert (script.parent / "plain").read_text() == PLAIN
    finally:
        tmux("kill-server")


@pytest.mark.usefixtures("script")
def test_nothing_is_loaded_before_the_first_message() -> None:
    code = "import sys; from interp.cli import main; main( [ '--pretty', '-e', 'x = 5;' ] ); print( [ *sys.modules ] )"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert found.returncode == 0 and not {"interp.pretty", "interp.hints", "interp.message"} & set(eval(found.stdout))


# --- what ends a script -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("script")
def test_a_limit_says_where() -> None:
    found = sgs("--pretty", "--limit", "seconds=0.2", "-e", "while( true );")
    assert found.stderr == (
        "Error: limit exceeded: seconds\n --> <string>:1:1, in <main>\n1 | while( true );\n  | ^^^^^\n"
    )
    assert found.returncode == 1


@pytest.mark.usefixtures("script")
def test_an_interrupt_says_where() -> None:
    code = "println( 'ready' ); function spin(){ while( true ); } spin();"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", START, "--pretty", "-e", "include 'io'; " + code.replace("println", "errprintln")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stderr is not None and process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    text = process.stderr.read()
    assert process.wait(30) == 130
    assert re.match(r"Interrupted\n --> <string>:1:\d+, in ", text), text


# --- hosts ------------------------------------------------------------------------------------------------------------


def rendered(source: str | bytes, **settings: Any) -> str:
    """What an engine's messages look like, rendered inside the handler."""
    texts: list[str] = []
    with Engine(on_message=lambda message: texts.append(pretty.render(message)), **settings) as engine:
        try:
            engine.run(source, name="host.sgs")
        except (ScriptError, ScriptSyntaxError):
            pass
    return "\n".join(texts)


def test_a_host_renders_messages() -> None:
    assert rendered("x = nowhere;") == (
        "Warning: variable 'nowhere' was not found\n --> host.sgs:1:5, in <main>\n1 | x = nowhere;\n  |     ^^^^^^^"
    )


def test_a_host_renders_messages_later() -> None:
    kept: list[Message] = []
    with Engine(on_message=kept.append) as engine:
        engine.run("d = { name = 1 }; x = d.nmae;", name="host.sgs")
    assert pretty.render(kept[0]).splitlines()[1:] == [
        " --> host.sgs:1:25, in <main>",
        "1 | d = { name = 1 }; x = d.nmae;",
        "  |                         ^^^^",
    ]


def test_a_host_renders_exceptions() -> None:
    engine = Engine(stderr=io.BytesIO())
    with pytest.raises(ScriptError) as error:
        engine.run("function f(){ ERROR( 'no' ); }\nf();", name="host.sgs")
    assert pretty.render(error.value) == (
        "Error: no\n --> host.sgs:1:15, in f\n1 | function f(){ ERROR( 'no' ); }\n  |               ^^^^^\n"
        "called from:\n  host.sgs:2:1, in <main>  f();"
    )
    with pytest.raises(ScriptSyntaxError) as syntax:
        engine.run("x = 5;\nlet y = 6;", name="host.sgs")
    assert syntax.value.source == b"x = 5;\nlet y = 6;"
    assert pretty.render(syntax.value) == (
        "Error: Missing operators or separators\n --> host.sgs:2:5\n2 | let y = 6;\n  |     ^\n"
        "  hint: a variable is declared with `var`, or simply by assigning to it"
    )


def test_a_message_about_code_brings_the_code() -> None:
    kept: list[Message] = []
    with Engine(on_message=kept.append) as engine:
        with pytest.raises(ScriptSyntaxError):
            engine.run("x = ;", name="host.sgs")
        with pytest.raises(ScriptError):
            engine.run("eval( 'y = ;' );", name="host.sgs")
        engine.run("WARNING( 'z' );")
    assert [(message.source, message.file) for message in kept] == [
        (b"x = ;", "host.sgs"),
        (b"y = ;", "host.sgs"),
        (None, None),
    ]


def test_lines_of_traces_are_plain_numbers_elsewhere() -> None:
    import copy
    import pickle

    kept: list[Message] = []
    with Engine(on_message=kept.append) as engine:
        engine.run("x = nowhere;")
    line = kept[0].trace[0][2]
    assert line == 1 and repr(line) == "1" and isinstance(line, int)
    assert type(pickle.loads(pickle.dumps(line))) is int and type(copy.deepcopy(line)) is int
    assert str(kept[0]) == "- \"<main>\" in <string>, line 1\nWarning: variable 'nowhere' was not found"


def test_the_tour_shows_what_people_see() -> None:
    tour = (ROOT / "docs" / "tour.md").read_text()
    (block,) = re.findall(r"\n\n((?:    .*\n)+)\nA place is", tour)
    source = (
        "global story = 'x'; function headline( text ){\n\treturn string_part( text, 0, 40 );\n}\n"
        "println( headline( story ) );\n"
    )
    texts: list[str] = []
    engine = Engine(on_message=lambda message: texts.append(pretty.render(message)))
    with pytest.raises(ScriptError):
        engine.run(source, name="news.sgs")
    assert texts[0] + "\n" == re.sub("^    ", "", block, flags=re.MULTILINE)


def test_libraries_that_may_not_be_included_are_not_recommended() -> None:
    assert "include" not in rendered("io_file_read( 'x' );", libraries=["string"])
    assert "this program may not use" in rendered("include 'io';", libraries=["string"])


def test_messages_of_engines_do_not_keep_them() -> None:
    kept: list[Message] = []
    with Engine(on_message=kept.append) as engine:
        engine.run("x = [].nowhere;")
    assert kept[0]._world is None and kept[0]._subject is None


# --- the text is not what it was --------------------------------------------------------------------------------------


def message_of(path: Path) -> Message:
    kept: list[Message] = []
    with open_engine(Options(), on_message=kept.append) as engine:
        engine.run_file(str(path))
    return kept[0]


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def forget() -> None:
        monkeypatch.setattr(pipeline, "_memory", {})
        monkeypatch.setattr(places, "_paths", {})

    return forget


def test_a_file_that_has_changed_since(script: Path) -> None:
    message = message_of(script)
    script.write_text("// nothing of it is left\n")
    assert "2 | println( x $ nowhere );" in pretty.render(message)


def test_code_that_is_no_longer_in_memory(script: Path, forgetful: Callable[[], None]) -> None:
    message = message_of(script)
    forgetful()
    assert pretty.render(message) == PEOPLE.replace("a.sgs", str(script)).rstrip()


def test_neither_memory_nor_the_file(script: Path, forgetful: Callable[[], None]) -> None:
    message = message_of(script)
    forgetful()
    script.write_text("x = 5;\n\nprintln( x $ nowhere );\n")
    assert pretty.render(message) == f"Warning: variable 'nowhere' was not found\n --> {script}:2, in <main>"
    script.unlink()
    assert pretty.render(message) == f"Warning: variable 'nowhere' was not found\n --> {script}:2, in <main>"


def test_rendering_never_fails(monkeypatch: pytest.MonkeyPatch, script: Path) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    message = message_of(script)
    monkeypatch.setattr(places, "locate", broken)
    assert pretty.render(message) == str(message)
    written: list[bytes] = []
    pretty.handler(written.append)(message)
    assert written == [str(message).encode() + b"\n"]


def test_a_text_too_long_for_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_LARGEST", 10)
    assert rendered("y = 1; x = nowhere;").splitlines()[1:] == [
        " --> host.sgs:1, in <main>",
        "1 | y = 1; x = nowhere;",
        "  | ^^^^^^^^^^^^^^^^^^^",
    ]


def test_at_the_end_of_the_stack() -> None:
    text = rendered("function f( n ){ return 1 + f( n + 1 ); }\nf( 1 );")
    assert text.startswith("Error: max. call stack size reached\n --> host.sgs:1:")
    assert "more like it)" in text and "<main>  f( 1 );" in text


def test_in_a_thread() -> None:
    assert "in worker" in rendered("function worker(){ yield(); nowhere(); }\nthread worker();\nprocess_threads( 0 );")


@pytest.mark.parametrize("width", [20, 40, 60, 100])
def test_no_line_is_wider_than_asked(width: int) -> None:
    for offset in (0, 10, 50, 120, 170):
        line = ("x = '" + "ab" * 100 + "' $ ")[:offset].ljust(offset, "y") + "漢" * 30
        text = places.Text(line.encode())
        start = min(offset, len(text.source) - 1)
        shown, marks = pretty.excerpt(pretty.Spot(text, 1, None, start, start + 1, True), 1, width)
        assert sum(2 if char == "漢" else 1 for char in shown) <= width + 2  # a cut on either side
        assert len(marks) <= width + 2


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("nmae", "name"), ("cuont", "count"), ("printn", "println"), ("prnit", "print"), ("Println", "println"),
        ("socket_tpc", "socket_tcp"), ("xy", None), ("abc", None), ("times", None), ("missing_count", None),
    ],
)  # fmt: skip
def test_only_a_slip_suggests_a_name(name: str, meant: str | None) -> None:
    known = ["name", "count", "print", "println", "abs", "ftime", "string_count", "socket_tcp", "x", "socket_udp"]
    assert hints.nearest(name, known) == meant


# --- columns ----------------------------------------------------------------------------------------------------------


def test_tokens_and_their_places_are_the_same_number() -> None:
    for path in CORPUS:
        source = path.read_bytes()
        try:
            tokens = tokenize(source)
        except SyntaxMessage:
            continue
        assert len(spans(source)) == len(tokens.kinds), path


def codes(code: CodeType) -> list[CodeType]:
    return [code, *[inner for item in code.co_consts if isinstance(item, CodeType) for inner in codes(item)]]


@pytest.mark.parametrize("limits", [False, True], ids=["plain", "limited"])
def test_code_made_again_is_the_same(limits: bool) -> None:
    differing = []
    for path in CORPUS[::4]:
        try:
            code = pipeline.compile_unit(path.read_bytes(), path.name, limits=limits, cache=False)
        except pipeline.CompileError:
            continue
        again = places._Layout(next(pipeline.units())).code
        assert again is not None
        same = [one.co_code == other.co_code for one, other in zip(codes(code), codes(again), strict=False)]
        if not all(same):
            differing.append(path.name)
    # two equal functions on one line are one constant without columns, and two with them
    assert set(differing) <= {"mm-disabled.sgs"}


def test_every_place_of_a_message_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the corpus, where messages come from everywhere."""
    found = lost = 0

    def look(message: Message) -> None:
        nonlocal found, lost
        for _, _, line in message.trace:
            if line is not None:
                assert isinstance(line, Place)
                place = places.locate(line)
                assert place is not None
                found += place[1] is not None
                lost += place[1] is None

    copy = shutil.copytree(ROOT / "tests" / "conformance", tmp_path / "corpus")
    for path in CORPUS[::5]:
        monkeypatch.chdir(copy / path.parent.name)
        try:
            with open_engine(Options(), stdout=io.BytesIO(), stdin=io.BytesIO(), on_message=look) as engine:
                engine.run_file(path.name)
        except (ScriptError, ScriptSyntaxError):
            pass
    assert found > 200 and lost * 100 < found


def test_main_in_process(script: Path, capfdbinary: Any) -> None:
    assert main(["--pretty", "a.sgs"]) == 0
    assert capfdbinary.readouterr().err.decode() == PEOPLE
