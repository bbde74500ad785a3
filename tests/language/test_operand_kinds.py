"""Operators and indices on every pair of values: generated code's short ways against the complete slow paths."""

from __future__ import annotations

import io

import pytest

from interp import Engine

VALUES = [
    "null", "true", "false", "0", "1", "-1", "7", "63", "64", "1 << 31", "( 1 << 53 ) + 1", "0x7fffffffffffffff",
    "-0x7fffffffffffffff - 1", "0.0", "-0.0", "0.5", "-2.5", "1.0e300", "1.0e19", "sqrt( -1 )", "'7'", "'-3.5'", "'x'",
    "''", "[ 1, 2, 3 ]", "{ a = 1 }", "d", "map( 7, 'seven' )", "function(){}", "hooked", "println",
]  # fmt: skip
SETUP = """include "math";
global d = { [ "7" ] = "seven", x = 3 };
global hooked = metaobj_set( { v = 2 }, {
    __add = function( a, b ){ return "add"; }, __div = function( a, b ){ return 1; },
    __mul = function( a, b ){ return [ 1 ]; }, __mod = function( a, b ){ return null; },
    __sub = function( a, b ){ return 2.5; }
} );
metamethods_enable( hooked, true );
"""
# each with operands of unknown kinds, among reals, in loops, and with constants on either side
FORMS = [
    "a + b", "a - b", "a * b", "a / b", "a % b", "a << b", "a >> b",
    "a / 2", "a / 0", "a / 2.5", "a / -3", "2 / b", "2.5 / b", "a % 5", "a << 3", "a >> 3", "a << 62", "1 << b",
    "-9 >> b",
    "r + a", "r - a * b", "r * a", "a * b + r", "a - r", "a / b * r",
    "toint( a )", "isset( d, a )", "isset( [ 5, 6 ], a )", "d[ a ]", "[ 5, 6 ][ a ]", "'text'[ a ]",
]  # fmt: skip


def program(form: str) -> str:
    lines = [SETUP, "function of( a, b ){", "var r = 1.5, out = null;", "for( var i = 0; i < 2; ++i )", "{"]
    lines += [f"out = {form};", "r = r + 0.5;", "}", "return out; }"]
    lines += [f"global values = [ {', '.join(VALUES)} ];"]
    rights = "values" if "b" in form.replace("isset", "") else "[ 0 ]"
    lines += [
        f"foreach( i, a : values ) foreach( j, b : {rights} )",
        "pcall( function() use( i, j, a, b ){",
        "var result = of( a, b ); println( i, ' ', j, ' ', typeof( result ), ' ', dumpvar( result ),",
        "is_numeric( result ) && hash_fnv( serialize( result ) ) ); } );",  # all digits of a real
    ]
    return "\n".join(lines)


def outcome(source: str, optimize: bool) -> tuple[bytes, list[str]]:
    output = io.BytesIO()
    messages: list[str] = []
    with Engine(stdout=output, optimize=optimize, on_message=lambda message: messages.append(message.text)) as engine:
        engine.run(source)
    return output.getvalue(), messages


@pytest.mark.parametrize("form", FORMS)
def test_every_pair_of_kinds(form: str) -> None:
    source = program(form)
    output, messages = outcome(source, True)
    assert output.count(b"\n") >= len(VALUES)
    assert (output, messages) == outcome(source, False)
