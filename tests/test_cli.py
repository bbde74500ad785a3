"""The `sgs` program as a user meets it: options, streams, exit statuses, signals.

Chapter 02 section 1 and chapter 04 section 6.7 say what holds; page 00 (B10, B16) where the reference is left.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from interp.cli import Options, open_engine, parse_options
from interp.engine import Limits
from interp.options import UsageError

SGS = [sys.executable, "-m", "interp"]
LIBRARIES = ("string", "fmt", "re", "math", "io", "os", "json", "sockets")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


def sgs(*words: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    """Exit status, standard output and standard error of one run."""
    done = subprocess.run([*SGS, *words], input=stdin, capture_output=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


# --- options ----------------------------------------------------------------------------------------------------------


def parsed(*words: str) -> Options:
    return parse_options(list(words))


def test_words_after_the_file_are_the_scripts() -> None:
    options = parsed("--no-cache", "a.sgs", "-x", "--limit", "b")
    assert (options.files, options.args, options.cache) == (["a.sgs"], ["-x", "--limit", "b"], False)


def test_words_after_several_files_are_the_scripts() -> None:
    options = parsed("-f", "a", "-f", "b", "c", "-f", "d")
    assert (options.files, options.args) == (["a", "b"], ["c", "-f", "d"])


def test_double_dash_ends_the_options() -> None:
    assert parsed("--", "-odd.sgs", "x").files == ["-odd.sgs"]
    assert parsed("-f", "a", "--", "-x").args == ["-x"]


def test_limits_take_units() -> None:
    assert parsed("--limit", "memory=64m", "--limit=seconds=1.5", "f").limits == {
        "memory": 64 << 20,
        "seconds": 1.5,
    }


def test_limits_reach_the_engine() -> None:
    assert open_engine().limits == Limits.none()
    limits = open_engine(parsed("--limit", "operations=2k", "--limit", "depth=50", "f")).limits
    assert (limits.operations, limits.depth, limits.seconds, limits.memory) == (2048, 50, None, None)


def test_network_rules_add_up() -> None:
    options = parsed("--allow-net", "a.example:80,10.0.0.0/8", "--allow-net=any", "f")
    assert options.allow_net == ["a.example:80", "10.0.0.0/8", "any"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-f",),
        ("-e",),
        ("-x", "a"),
        ("--cache", "a"),
        ("--version=1",),
        ("--limit", "speed=1", "a"),
        ("--limit", "depth=many", "a"),
        ("--limit", "depth=-1", "a"),
        ("--limit", "seconds=nan", "a"),
        ("--limit", "memory", "a"),
        ("-f", "a", "-e", "b"),
    ],
)
def test_wrong_usage(words: Sequence[str]) -> None:
    with pytest.raises(UsageError):
        parse_options(list(words))


def test_wrong_usage_exits_with_2() -> None:
    status, out, err = sgs("--nonsense")
    assert (status, out) == (2, b"")
    assert err.startswith(b"sgs: unknown option '--nonsense'")


def test_a_malformed_network_rule_is_wrong_usage() -> None:
    status, out, _ = sgs("--allow-net", "10.0.0.0/99", "-e", "print(1);")
    assert (status, out) == (2, b"")


def test_version_and_help() -> None:
    status, out, err = sgs("--version")
    assert (status, err) == (0, b"")
    assert out.startswith(b"sgs 0.")
    status, out, err = sgs("--help")
    assert (status, err) == (0, b"")
    assert out.startswith(b"usage: sgs")


# --- what is run ------------------------------------------------------------------------------------------------------


def test_file_with_arguments() -> None:
    write("a.sgs", "println( argc ); foreach( a : argv ) println( a );")
    assert sgs("a.sgs", "one", "zwölf", "--no-cache") == (0, "4\na.sgs\none\nzwölf\n--no-cache\n".encode(), b"")


def test_arguments_are_bytes() -> None:
    write("a.sgs", "println( argv[ 1 ].length );")
    done = subprocess.run([*map(os.fsencode, SGS), b"a.sgs", b"\xff\xfe"], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"2\n", b"")


def test_several_files_share_globals() -> None:
    write("a.sgs", "global x = 5;")
    write("b.sgs", "println( x, argv[ 0 ], argv[ 1 ] );")
    assert sgs("-f", "a.sgs", "-f", "b.sgs", "arg") == (0, b"5b.sgsarg\n", b"")


def test_the_next_file_runs_after_a_failed_one() -> None:
    write("bad.sgs", "if(")
    write("error.sgs", "ERROR( 'ended' );")
    write("good.sgs", "print( 'good' );")
    for failed in ("bad.sgs", "missing.sgs", "error.sgs"):
        status, out, err = sgs("-f", failed, "-f", "good.sgs")
        assert (status, out) == (1, b"good")
        assert err


def test_app_exit_ends_the_process() -> None:
    write("a.sgs", "app_exit( 3 );")
    write("b.sgs", "print( 'not reached' );")
    assert sgs("-f", "a.sgs", "-f", "b.sgs") == (3, b"", b"")


def test_code_from_standard_input() -> None:
    assert sgs("-", "x", stdin=b"print( argc, argv[ 1 ] );") == (0, b"2x", b"")


def test_code_from_the_command_line() -> None:
    assert sgs("-e", "print( argv[ 1 ] );", "-x") == (0, b"-x", b"")


def test_a_file_that_cannot_be_opened() -> None:
    assert sgs("missing.sgs") == (1, b"", b"sgs: failed to open 'missing.sgs': No such file or directory\n")
    os.mkdir("folder")
    status, out, err = sgs("folder")
    assert (status, out) == (1, b"")
    assert err == b"sgs: failed to open 'folder': Is a directory\n"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("--prety", "x.sgs"), b"unknown option '--prety'; did you mean '--pretty'?"),
        (("hello",), b"failed to open 'hello': No such file or directory; did you mean 'hello.sgs'?"),
        (("helo.sgs",), b"failed to open 'helo.sgs': No such file or directory; did you mean 'hello.sgs'?"),
        (("chekc", "hello.sgs"), b"failed to open 'chekc': No such file or directory; did you mean 'check'?"),
        (("check",), b"check: no file given\ntry 'sgs check --help'"),
        (("check", "--jsn", "hello.sgs"), b"check: unknown option '--jsn'\ntry 'sgs check --help'"),
        (("test", "--cover"), b"test: unknown option '--cover'\ntry 'sgs test --help'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_of_the_fingers(words: Sequence[str], meant: bytes) -> None:
    write("hello.sgs", "")
    status, out, err = sgs(*words)
    assert status and not out and meant in err


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_can_be_included(library: str) -> None:
    assert sgs("-e", f"include '{library}'; print( 'ok' );") == (0, b"ok", b"")


def test_a_closed_off_engine() -> None:
    status, out, err = sgs("--no-io", "-e", "include 'string'; print( 1 ); include 'os'; print( 2 );")
    assert (status, out) == (0, b"12")
    assert b"Warning: include(): could not find 'os'" in err


# --- how it ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "out"),
    [
        ("print( 1 );", 0, b"1"),
        ("return 5;", 0, b""),
        ("print( 1 ", 1, b""),
        ("print( 1 ); ERROR( 'ended' ); print( 2 );", 1, b"1"),
        ("print( 1 ); abort(); print( 2 );", 0, b"1"),
        ("pcall(function(){ ERROR( 'ended' ); }); print( 2 );", 0, b"2"),
        ("print( 1 ); app_exit(); print( 2 );", 0, b"1"),
        ("print( 1 ); app_exit( 7 );", 7, b"1"),
        ("app_exit( -1 );", 255, b""),
        ("app_exit( 1 << 40 );", 0, b""),
    ],
)
def test_exit_status(code: str, status: int, out: bytes) -> None:
    write("a.sgs", code)
    assert sgs("a.sgs")[:2] == (status, out)


def test_the_call_depth_is_limited() -> None:
    write("a.sgs", "function f( n ){ f( n + 1 ); } f( 0 );")
    status, _, err = sgs("--limit", "depth=50", "a.sgs")
    assert status == 1
    assert 50 <= err.count(b'- "f" in a.sgs') <= 55


def test_a_thread_that_dies_is_no_failure_of_the_file() -> None:
    status, _, err = sgs("-e", "thread (function(){ ERROR( 'ended' ); })(); process_threads( 0 );")
    assert status == 0
    assert b"Error" in err


def test_app_abort_ends_abnormally() -> None:
    status = sgs("-e", "print( 1 ); app_abort();")[0]
    assert status in (134, -signal.SIGABRT)  # what a shell shows, or the signal itself


# --- streams ----------------------------------------------------------------------------------------------------------


def test_messages_go_to_standard_error_only() -> None:
    write("a.sgs", "print( 1 ); WARNING( 'w' ); print( 2 );")
    status, out, err = sgs("a.sgs")
    assert (status, out) == (0, b"12")
    assert err.endswith(b"Warning: w\n")


def test_one_place_for_both_streams_keeps_their_order() -> None:
    write("a.sgs", "println( 1 ); errprintln( 2 ); println( 3 ); errprintln( 4 );")
    done = subprocess.run([*SGS, "a.sgs"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False)
    assert done.stdout == b"1\n2\n3\n4\n"


def test_a_reader_that_goes_away_ends_the_script_quietly() -> None:
    write("a.sgs", "for( var i = 0; i < 10000000; ++i ) println( i );")
    with subprocess.Popen([*SGS, "a.sgs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.wait(timeout=30) == -signal.SIGPIPE
        assert process.stderr.read() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device")
def test_output_that_cannot_be_written() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*SGS, "-e", "print( 1 );"], stdout=full, stderr=subprocess.PIPE, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, b"sgs: write error: No space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(closed: str) -> None:
    write("a.sgs", "println( 1 ); errprintln( 2 ); io_file = 3;")
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {closed}', *SGS, "a.sgs"], capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 0
    assert done.stdout == (b"" if ">&- " in f"{closed} ".replace("2>&-", "") else b"1\n")
    assert done.stderr == (b"" if "2>&-" in closed else b"2\n")


def read_terminal(descriptor: int, until: bytes) -> bytes:
    """What a terminal shows until a text appears."""
    shown = b""
    while until not in shown:
        try:
            chunk = os.read(descriptor, 1024)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        shown += chunk
    return shown


def test_lines_appear_on_a_terminal_at_once() -> None:
    write("a.sgs", "println( 'first' ); println( 'still here' ); while( true ) {}")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*SGS, "a.sgs"], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        assert read_terminal(ours, b"still here\r\n") == b"first\r\nstill here\r\n"
    finally:
        process.kill()
        process.wait()
        os.close(ours)


# --- signals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wait",
    [
        "while( true ) {}",
        "function f(){ return 1; } while( true ) f();",
        "pcall( function(){ while( true ) {} } ); println( 'survived' );",
        "include 'sockets'; s = socket_udp(); s.bind( 0 ); s.recv( 10 );",
    ],
)
def test_ctrl_c_ends_a_script_at_once(wait: str) -> None:
    write("a.sgs", f"errprintln( 'ready' );\nfunction work(){{ {wait} }}\nwork();\n")
    with subprocess.Popen([*SGS, "a.sgs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=5) == 130
        finally:
            process.kill()
        assert process.stdout.read() == b""
        trace = process.stderr.read()
    assert b'- "<main>" in a.sgs, line 3\n' in trace
    assert b'- "work" in a.sgs, line 2\n' in trace
    assert trace.endswith(b"Interrupted\n")


@pytest.mark.parametrize("stream", ["print", "errprint"])
def test_a_reader_that_goes_away_ends_the_script(stream: str) -> None:
    """As any Unix program: by SIGPIPE, not never."""
    reader, writer = os.pipe()
    name = "stdout" if stream == "print" else "stderr"
    streams: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, name: writer}
    with subprocess.Popen([*SGS, "-e", f"while( true ) {stream}( 'x' );"], **streams) as process:  # type: ignore[call-overload]
        os.close(writer)
        try:
            assert os.read(reader, 1) == b"x"
            os.close(reader)
            assert process.wait(timeout=20) == -signal.SIGPIPE
        finally:
            process.kill()


@pytest.mark.parametrize("tool", ["test", "check"])
def test_ctrl_c_ends_a_tool(tool: str, tmp_path: Path) -> None:
    """No test behind the interrupted one runs, and nobody sees a traceback."""
    fifo = tmp_path / "waits.sgs"
    os.mkfifo(fifo)
    wait = f"include 'io'; function test_slow(){{ io_file_read( '{fifo}' ); while( true ); }}"
    write("test_a.sgs", "function test_first(){ }\n" + wait)
    write("test_b.sgs", "function test_never(){ }")
    words = ["test", "test_a.sgs", "test_b.sgs"] if tool == "test" else ["check", "test_b.sgs", str(fifo)]
    with subprocess.Popen([*SGS, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            with open(fifo, "wb"):  # returns when the tool reads
                time.sleep(0.05)
                process.send_signal(signal.SIGINT)
            assert process.wait(timeout=10) == 130
        finally:
            process.kill()
        assert process.stderr.read() == b"Interrupted\n"
        assert process.stdout.read() == (b"1 passed, 0 failed, the rest not run\n" if tool == "test" else b"")


def test_ctrl_c_while_the_program_starts_shows_no_traceback() -> None:
    code = "import signal, interp.start as s; s.load = lambda: exit(signal.getsignal(2) == 0); s.main()"
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 1


# --- start-up ---------------------------------------------------------------------------------------------------------


def test_a_cached_script_starts_without_heavy_imports() -> None:
    write("a.sgs", "class C { function f(){ return 1; } } println( C.f() );")
    sgs("a.sgs")
    code = (
        "import sys; from interp.cli import main; main([ 'a.sgs' ]);"
        "print([n for n in ('re', 'ast', 'typing', 'enum', 'dataclasses', 'argparse', 'lark') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == (b"1\n[]\n", b"")


def test_no_cache_leaves_nothing_behind(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_folder / "cache"))
    write("a.sgs", "print( 1 );")
    assert sgs("--no-cache", "a.sgs") == (0, b"1", b"")
    assert sorted(os.listdir()) == ["a.sgs"]


def test_the_cache_follows_the_source() -> None:
    write("a.sgs", "print( 1 );")
    assert sgs("a.sgs")[1] == b"1"
    before = os.stat("a.sgs")
    write("a.sgs", "print( 2 );")
    os.utime("a.sgs", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert sgs("a.sgs")[1] == b"2"
