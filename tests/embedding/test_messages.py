"""Messages (chapter 12 section 2)."""

from __future__ import annotations

import io
import logging

import pytest

from interp import Engine, Message, ScriptError, ScriptSyntaxError


def test_the_default_prints_and_aborts() -> None:
    err = io.BytesIO()
    engine = Engine(stderr=err)
    engine.run("WARNING('careful');", name="w.sgs")
    assert err.getvalue() == b'- "<main>" in w.sgs, line 1\nWarning: careful\n'
    with pytest.raises(ScriptError):
        engine.run("ERROR('bad');")
    assert err.getvalue().endswith(b"Error: bad\n")


def test_a_handler_gets_messages_and_nothing_is_printed() -> None:
    err = io.BytesIO()
    seen: list[Message] = []
    engine = Engine(stderr=err, on_message=seen.append)
    engine.run("function f(){\n INFO('one'); }\nf(); WARNING('\\xff');", name="m.sgs")
    assert [(message.level, message.text) for message in seen] == [("info", b"one"), ("warning", b"\xff")]
    assert seen[0].trace[0] == ("<main>", "m.sgs", 3)
    assert seen[0].trace[1] == ("f", "m.sgs", 2)
    assert not err.getvalue()
    assert str(seen[0]).endswith("Info: one")


def test_an_error_aborts_when_the_handler_gives_none() -> None:
    seen: list[Message] = []
    engine = Engine(on_message=seen.append)
    with pytest.raises(ScriptError, match="bad"):
        engine.run("ERROR('bad'); global after = 1;")
    assert seen[0].level == "error"
    assert "after" not in engine.globals


def test_true_means_handled() -> None:
    engine = Engine(on_message=lambda message: True)
    assert engine.run("ERROR('bad'); var x = null(); return 1, x;") == (1, None)


def test_only_true_means_handled() -> None:
    engine = Engine(on_message=lambda message: 1)
    with pytest.raises(ScriptError):
        engine.run("ERROR('bad');")


def test_a_handler_may_abort() -> None:
    engine = Engine(on_message=lambda message: engine.abort())
    assert engine.run("WARNING('x'); return 1;") is None


def test_a_handler_may_raise() -> None:
    def handle(message: Message) -> None:
        raise LookupError(message.text)

    engine = Engine(on_message=handle)
    with pytest.raises(LookupError):
        engine.run("pcall(function(){ }); WARNING('x');")
    with pytest.raises(LookupError):
        engine.run("toint();sort_me();")


def test_pcall_comes_before_the_handler() -> None:
    seen: list[Message] = []
    engine = Engine(on_message=seen.append)
    engine.run("pcall(function(){ WARNING('x'); });")
    assert not seen


def test_syntax_errors_are_messages_too() -> None:
    seen: list[Message] = []
    engine = Engine(on_message=seen.append)
    with pytest.raises(ScriptSyntaxError):
        engine.run("x = ;")
    assert seen
    assert seen[0].level == "error"


def test_a_logger_is_a_ready_made_handler(caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine(log=logging.getLogger("scripts"))
    with caplog.at_level(logging.DEBUG, logger="scripts"):
        engine.run("INFO('a'); WARNING('b %s');", name="l.sgs")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "a"),
        ("WARNING", "b %s"),
    ]
    assert caplog.records[0].script_trace == [("<main>", "l.sgs", 1)]  # type: ignore[attr-defined]


def test_min_level() -> None:
    seen: list[Message] = []
    engine = Engine(on_message=seen.append)
    engine.min_level = 200
    engine.run("INFO('a'); WARNING('b');")
    assert [message.text for message in seen] == [b"b"]
    assert engine.min_level == 200


def test_streams() -> None:
    out, err = io.BytesIO(), io.BytesIO()
    engine = Engine(stdin=io.BytesIO(b"one\ntwo\nthree"), stdout=out, stderr=err)
    engine.run("print(read_stdin(), '|', read_stdin(true)); errprint('e');")
    assert out.getvalue() == b"one|two\nthree"
    assert err.getvalue() == b"e"


def test_the_processs_streams(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    Engine().run("println('out'); errprintln('err');")
    captured = capfdbinary.readouterr()
    assert (captured.out, captured.err) == (b"out\n", b"err\n")


def test_replaced_process_streams(capsys: pytest.CaptureFixture[str]) -> None:
    print("first")
    Engine().run("println('second');")
    assert capsys.readouterr().out == "first\nsecond\n"
