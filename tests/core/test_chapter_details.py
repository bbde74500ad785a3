"""Sentences of chapters 03 and 04 that are easy to miss, as whole programs, plain and optimised."""

from __future__ import annotations

import io

import pytest

from interp.engine import Engine

CASES = {
    # chapter 03 section 13: `Writable property not found: "K"` ... also applies to closures and iterators
    "iterators take no properties": (
        """foreach( it : [ get_iterator( [ 1 ] ), get_iterator( { a = 1 } ), get_iterator( map{} ) ] )
        {
            it.own = 5; it.size += 1; println( it.own );
        }""",
        "null\n" * 3,
        [
            'Warning: Writable property not found: "own"',
            'Warning: Readable property not found: "size"',
            'Warning: Writable property not found: "size"',
            'Warning: Readable property not found: "own"',
        ]
        * 3,
    ),
    # chapter 04 section 2.2: null is no int; the level is optional only by leaving it out (section 1.5)
    "the reporting level is not null": (
        "printvar( sys_replevel( null ), sys_replevel() );",
        "null\nint (100)\n",
        ["Warning: sys_replevel(): argument 1 - expected int, got null"],
    ),
    # chapter 04 section 8.1: a value with a symbol; not supported are "... pointers without a symbol"
    "SGSON names pointers that have a symbol": (
        """sym_register( "origin", toptr( 7 ) );
        println( sgson_encode( [ toptr( 7 ) ] ), sgson_decode( sgson_encode( toptr( 7 ) ) ) == toptr( 7 ) );
        printvar( sgson_encode( toptr( 8 ) ), serialize( toptr( 7 ) ) );""",
        '[sym_get("origin")]true\nnull\nnull\n',
        [
            "Warning: sgson_encode(): serialization mode 3 (SGSON text) does not support pointer serialization",
            "Warning: serialize(): Cannot serialize pointers",
        ],
    ),
}


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_details(name: str, optimize: bool) -> None:
    source, output, messages = CASES[name]
    out, err = io.BytesIO(), io.BytesIO()
    with Engine(stdout=out, stderr=err, optimize=optimize) as engine:
        engine.run(source)
    assert out.getvalue().decode() == output
    assert [line for line in err.getvalue().decode().splitlines() if not line.startswith("- ")] == messages
