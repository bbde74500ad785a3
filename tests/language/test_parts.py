"""Units of many functions, which are made in parts: they do what they would in one piece, and tools see the same."""

from __future__ import annotations

import io
from pathlib import Path
from types import CodeType

import pytest

from interp import Engine
from interp.compiler import generate, pipeline
from interp.pretty import handler
from interp.testing import script_lines

FUNCTIONS = "".join(
    f"""
function plain{i}( n ){{ if( n > {i} ) return plain{i}( n - 1 ) + 1; return {i}; }}
function several{i}( n )
{{
	if( n ) return {i}, n;
	return;
}}
function nested{i}( n )
{{
	function inner( k ){{ return k + n_of( k ); }}
	var hold = n;
	var closure = function() use( hold ){{ var literal = function( x ){{ return x * 2; }}; return literal( hold ); }};
	return inner( n ) + closure();
}}
"""
    for i in range(40)
)
CALLS = "".join(
    f"""
( a, b ) = several{i}( {i + 1} );
println( plain{i}( {i + 5} ), ' ', a, b, several{i}( 0 ), ' ', nested{i}( {i} ) );
println( plain{i} === plain{i}, ' ', plain{i} === plain{(i + 1) % 40} );
"""
    for i in range(40)
)
SCRIPT = ("function n_of( k ){ return k + 1; }\n" + FUNCTIONS + CALLS).encode()


def outcome(source: bytes, **options: bool) -> bytes:
    out = io.BytesIO()
    with Engine(stdout=out, stderr=out, cache=False, **options) as engine:
        engine.run(source, name="many.sgs")
    return out.getvalue()


def forget(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(generate, "_PART", size)
    monkeypatch.setattr(pipeline, "_memory", {})


def parts(code: CodeType) -> list[CodeType]:
    return [item for item in code.co_consts if isinstance(item, CodeType) and item.co_name.startswith(generate.PART)]


def test_many_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = outcome(SCRIPT)
    assert len(printed.splitlines()) == 80
    assert printed == outcome(SCRIPT, optimize=False)
    for size in (1, 7, 10_000):
        forget(monkeypatch, size)
        assert outcome(SCRIPT) == printed


def test_functions_are_in_parts_and_main_is_not() -> None:
    code = pipeline.compile_unit(SCRIPT, "many.sgs", cache=False)
    assert len(parts(code)) == 121 // generate._PART
    names = {item.co_name for part in parts(code) for item in part.co_consts if isinstance(item, CodeType)}
    assert {"plain0", "several3", "nested7"} <= names
    assert "<main>" in {item.co_name for item in code.co_consts if isinstance(item, CodeType)}


def test_messages_show_the_place() -> None:
    source = SCRIPT.replace(b"return 3;", b"return nowhere;")
    shown: list[bytes] = []
    out = io.BytesIO()
    with Engine(
        stdout=out, stderr=out, cache=False, on_message=handler(shown.append, color=False, width=100)
    ) as engine:
        engine.run(source, name="many.sgs")
    line = 1 + source[: source.index(b"nowhere")].count(b"\n")
    start = source.index(b"nowhere") - source.rindex(b"\n", 0, source.index(b"nowhere"))
    assert f"many.sgs:{line}:{start}, in plain3" in b"".join(shown).decode()


def test_lines_with_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "many.sgs"
    file.write_bytes(SCRIPT)
    found = script_lines(str(file))
    forget(monkeypatch, 10_000)
    assert found == script_lines(str(file))
