"""Each kind of message with its trace and line (chapters 01 section 13, 02 section 10, 04 section 1)."""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import pytest

from language.world import both, run

# an operation on line 2 of a function called on line 9; the message's line is what the pattern says
WARNINGS = {
    "global": ("x = \n nope\n ;", 3, ["Warning: variable 'nope' was not found"]),
    "property of null": (
        "x = null; y = x\n .foo\n .bar;", (3, 3, 4, 4),
        ["Warning: Property 'foo' not found on object of type 'null'", "Warning: Property of type 'string' not found on object of type 'null'",
         "Warning: Property 'bar' not found on object of type 'null'", "Warning: Property of type 'string' not found on object of type 'null'"],
    ),
    "index of null": ("x = null; y = x\n [\n 0 ];", 3, ["Warning: Cannot index variable of type 'null'"]),
    "property write": ("x = 5; x\n .a\n = 4;", 3, ["Warning: Property write operation not supported on the given variable type"]),
    "index write": ("x = 5; x\n [ 0 ]\n = 4;", 3, ["Warning: Index write operation not supported on the given variable type"]),
    "array bounds": ("a = [ 1 ]; x = a\n [ 5 ];", (3, 3), ["Warning: array index out of bounds", "Warning: Index out of bounds"]),
    "array write": ("a = [ 1 ]; a\n [ -1 ] =\n 5;", (3, 3), ["Warning: array index out of bounds", "Warning: Index out of bounds"]),
    "array compound": (
        "a = [ 1 ]; a\n [ 9 ] +=\n 1;", (3, 3, 3, 3), ["Warning: array index out of bounds", "Warning: Index out of bounds"] * 2,
    ),
    "dict property": ("d = {}; x = d\n .q;", 3, ['Warning: Readable property not found: "q"']),
    "dict index": ("d = {}; x = d\n [ 1.5 ];", 3, ['Warning: Cannot find readable value by index: "1.5"']),
    "dict key": ("d = {}; d\n [ null ] = 1;", 3, ["Warning: Invalid value type used for index write"]),
    "property key": ("d = {}; d\n .( 1.5 ) = 1;", 3, ["Warning: Invalid value type used for property write"]),
    "literal key": ("d = \n {\n [ null ] = 1 };", 3, ["Warning: Invalid value type used for index write"]),
    "string index": ("s = \"ab\"; x = s\n [ 2 ];", 3, ["Warning: String index out of bounds"]),
    "string key": ("s = \"ab\"; x = s\n [ \"x\" ];", 3, ["Warning: Expected integer as string index"]),
    "string first": ("s = \"\"; x = s\n .first;", 3, ["Warning: cannot get first character of empty string"]),
    "array first": ("s = []; x = s\n .first; s\n .last = 5;", (3, 4), ["Warning: array is empty, cannot get first item", "Warning: array is empty, cannot set last item"]),
    "array property": ("s = []; x = s\n .nope; s\n .size = 5;", (3, 4), ['Warning: Readable property not found: "nope"', 'Warning: Writable property not found: "size"']),
    "negating": ("s = \"x\"; x = 1 +\n -\n s;", 3, ["Warning: Negating variable of type string is not supported."]),
    "native argument": ("x = chr(\n null\n );", 2, ["Warning: chr(): argument 1 - expected int, got null"]),
    "method argument": ("[]\n .resize(\n null );", 3, ["Warning: array.resize(): argument 1 - expected int, got null"]),
    "command": ("println\n nope\n , nope2;", (3, 4), ["Warning: variable 'nope' was not found", "Warning: variable 'nope2' was not found"]),
    "increment read": ("d = {};\n d.a\n ?? 1; d\n .b ??=\n 1;", (3, 5), ['Warning: Readable property not found: "a"', 'Warning: Readable property not found: "b"']),
    "multiple targets": ("a = []; ( a\n [ 0 ], a\n [ 1 ] ) = g();", (3, 3, 4, 4), ["Warning: array index out of bounds", "Warning: Index out of bounds"] * 2),
    "multi set": ("x = 5; x\n .{ a = 1,\n b = 2 };", (3, 3), ["Warning: Property write operation not supported on the given variable type"] * 2),
    "info": ("INFO( \"i\" ); WARNING(\n \"w\" ); sys_msg( 150, \"x\" );", (2, 2, 3), ["Info: i", "Warning: w", "Info: x"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNINGS)
@pytest.mark.parametrize("form", ["function", "closure", "several results", "coroutine", "method", "main"])
def test_warning_lines(name: str, form: str) -> None:
    body, lines, texts = WARNINGS[name]
    lines = lines if isinstance(lines, tuple) else (lines,) * len(texts)
    tail = body.count("\n") + 2
    g = "function g(){ return 1, 2; } "
    call, head, func = "f();", "function f(){ " + g, '- "f" in t.sgs, line %d\n'
    outer = f'- "<main>" in t.sgs, line {tail + 1}\n'
    end = "}"
    if form == "closure":
        head, func, end = (
            "cap = 1; f = function() use( cap ){ " + g,
            '- "<anonymous function>" in t.sgs, line %d\n',
            "};",
        )
    elif form == "several results":
        call, end = "( p, q ) = f();", "if( 1 ) return 1, 2; }"
    elif form == "coroutine":
        call, outer = "t = co_create( f ); t.resume();", ""
    elif form == "method":
        head, end, call, func = "class K { function m(){ " + g, "} }", "( new K() ).m();", '- "K.m" in t.sgs, line %d\n'
    elif form == "main":
        head, end, call, func, outer = g, "", "", '- "<main>" in t.sgs, line %d\n', ""
    want = "".join(outer + func % line + text + "\n" for line, text in zip(lines, texts, strict=True))
    # the body begins on line 2
    result = run(f"{head}\n{body}\n{end}\n{call}".replace("}\n(", "}\n("))
    got = result.err
    if outer:
        got = got.replace(f'"<main>" in t.sgs, line {tail + 2}', f'"<main>" in t.sgs, line {tail + 1}')
    assert got == want


ERRORS = {
    "division": ("x = 1\n /\n 0;", 3, "Division by 0"),
    "modulo": ("x = 1; x\n %=\n 0;", 3, "Division by 0"),
    "arithmetic": ("x = []; y = 1 +\n 2\n * x;", 4, "Specified arithmetic operation is not supported on the given set of arguments"),
    "negation": ("x = {}; y = 1 +\n -x;", 3, "Given object does not support negation."),
    "increment": ("x = {}; y = 1; x\n ++;", 3, "Cannot increment non-numeric variables!"),
    "decrement": ("x = { a = null };\n --\n x.a;", 3, "Cannot decrement non-numeric variables!"),
    "call": ("x = null; y = x\n (\n 1 );", 3, "Variable of type 'null' cannot be called"),
    "call of a method": ("x = {}; y = @x.foo; x\n .foo2 = 5; x\n .foo2\n ( 1 );", 5, "Variable of type 'int' cannot be called"),
    "call of an object": ("x = {}; x\n (\n );", 3, "The object could not be called"),
    "compatible call": ("x = 5; y = 6; x!y\n ( 1 );", 3, "Variable of type 'int' cannot be called"),
    "new": ("x = 5; y =\n new\n x\n ();", 5, "new: expected object"),
    "foreach": ("x = [ 1, 2 ];\n foreach(\n v :\n x )\n x.pop();", 3, "array changed size during iteration"),
    "class": ("x = 1;\n class\n Foo\n : Nope {}", 4, "Class 'Foo' cannot inherit from 'Nope' - no such global object"),
    "global table": ("_G\n =\n 5;", 3, "_G only accepts 'map'/'dict' values"),
    "message": ("ERROR\n (\n \"x\" );", 3, "x"),
    "assertion": ("assert( false\n , \"x\" );", 2, "assertion failed: x"),
    "clone": ("x = clone(\n event() );", 2, "clone(): failed to clone variable"),
    "eval": ("x = eval(\n \"x = ;\" );", 2, "eval(): [line 1] Invalid expression"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_error_lines(name: str) -> None:
    """The message at its line, and then nothing of the function and its callers."""
    body, line, text = ERRORS[name]
    head = "function f(){"
    result = run(
        f'{head}\n{body}\nprintln( "not" );\n}}\nfunction g()\n{{ f(\n); println( "not" ); }}\ng();\nprintln( "not" );'
    )
    n = body.count("\n")
    assert result.out == ""
    assert result.err == (
        f'- "<main>" in t.sgs, line {n + 8}\n- "g" in t.sgs, line {n + 6}\n- "f" in t.sgs, line {line}\nError: {text}\n'
    )
    # under a handler the function goes on behind the operation
    under = both(f'function f(){{\n{body}\nprintln( "on" );\n}}\npcall( f, function( t, m ){{ println( t, m ); }} );')
    assert under == f"300{text}\non\n"
    quiet = both(f'function f(){{\n{body}\nprintln( "on" );\n}}\n@f();')
    assert quiet == "on\n"


GOLDEN = {
    "natives in the trace": (
        'function a(){ b(); }\nfunction b(){ [ 2, 1 ].sort_custom( function( x, y ){ ERROR( "cmp" ); } ); println( "b" ); }\na();',
        'b\n- "<main>" in t.sgs, line 3\n- "a" in t.sgs, line 1\n- "b" in t.sgs, line 2\n- "array.sort_custom" in [C code]\n'
        '- "<anonymous function>" in t.sgs, line 2\nError: cmp\n',
    ),
    "constructors and metamethods have no native frame": (
        'class C\n{\n function __construct(){ WARNING( "c" ); }\n function __add(){ WARNING( "a" ); return 1; }\n}\nx = new\n C();\nx\n+ 1;',
        '- "<main>" in t.sgs, line 7\n- "C.__construct" in t.sgs, line 3\nWarning: c\n'
        '- "<main>" in t.sgs, line 9\n- "C.__add" in t.sgs, line 4\nWarning: a\n',
    ),
    "a native that calls what cannot be called": (
        "\n[ 1, 2 ].sort_custom( array );",
        '- "<main>" in t.sgs, line 2\nWarning: array.sort_custom(): argument 1 - expected callable, got dict\n',
    ),
    "evaluated code": (
        "function f(){\n eval( \"\\n\\nnope;1+nope;\" ); }\nf();",
        '- "<main>" in t.sgs, line 3\n- "f" in t.sgs, line 2\n- "eval" in [C code]\n- "<main>" in t.sgs, line 3\n'
        "Warning: variable 'nope' was not found\n",
    ),
    "a handler that passes on": (
        'pcall( function(){\n ERROR( "t" ); println( "not" ); },\n function( t, m ){ return t; } ); println( "on" );',
        'on\n- "<main>" in t.sgs, line 1\n- "pcall" in [C code]\n- "<anonymous function>" in t.sgs, line 2\nError: t\n',
    ),
    "a handler that lowers": (
        'pcall( function(){\n ERROR( "t" ); println( "goes on" ); },\n function( t, m ){ return 250; } );',
        'goes on\n- "<main>" in t.sgs, line 1\n- "pcall" in [C code]\n- "<anonymous function>" in t.sgs, line 2\nWarning: t\n',
    ),
    "a message of a handler": (
        'pcall( function(){ ERROR( "t" ); println( "goes on" ); },\n function( t, m ){ WARNING( "h" ); } );',
        'goes on\n- "<main>" in t.sgs, line 1\n- "pcall" in [C code]\n- "<anonymous function>" in t.sgs, line 1\n- "[C function]" in [C code]\n'
        '- "<anonymous function>" in t.sgs, line 2\nWarning: h\n',
    ),
    "a handler that ends": (
        'pcall( function(){ ERROR( "t" ); println( "not" ); }, function( t, m ){ abort(); } ); println( "on" );', "on\n",
    ),
    "a coroutine's own frames": (
        'function r(){ t.resume(); }\nglobal t = co_create( function(){\n ERROR( "in" ); } ); r(); println( t.was_aborted );',
        'true\n- "<anonymous function>" in t.sgs, line 3\nError: in\n',
    ),
    "an error in __tostring under println": (
        'class S { function __tostring(){\n ERROR( "ts" ); } } println(\n new S() ); println( "on" );',
        '{}\non\n- "<main>" in t.sgs, line 2\n- "println" in [C code]\n- "S.__tostring" in t.sgs, line 2\nError: ts\n',
    ),
    "an error in __tostring under concatenation": (
        'class S { function __tostring(){ ERROR( "ts" ); } } x = "a"\n$ new S(); println( "not" );',
        '- "<main>" in t.sgs, line 2\n- "S.__tostring" in t.sgs, line 1\nError: ts\n',
    ),
    "repeated keys are read in order": (
        "x = { a = g1, b = g2, a = g3 };",
        "".join(f"- \"<main>\" in t.sgs, line 1\nWarning: variable 'g{i}' was not found\n" for i in (1, 2, 3)),
    ),
    "the level filter": (
        'sys_replevel( 200 ); INFO( "no" ); WARNING( "w" ); sys_replevel( 301 ); ERROR( "no" ); println( sys_replevel( 100 ) ); INFO( "i" );',
        '301\n- "<main>" in t.sgs, line 1\nWarning: w\n- "<main>" in t.sgs, line 1\nInfo: i\n',
    ),
    "the depth": (
        "function f( n ){ if( n ) return f( n - 1 ); WARNING( sys_backtrace().size ); } f( 3 );",
        '- "<main>" in t.sgs, line 1\n' + '- "f" in t.sgs, line 1\n' * 4 + "Warning: 5\n",
    ),
    "yield under natives": (
        't = co_create( function(){ ( function(){\n yield 1; } ).apply( null, [] ); println( "on" ); } ); t.resume();',
        'on\n- "<anonymous function>" in t.sgs, line 2\n- "apply" in [C code]\n- "<anonymous function>" in t.sgs, line 2\n'
        "Warning: yield(): cannot yield with C functions in stack\n",
    ),
    "an aborted creator of a thread": (
        "global root = _T; function mk(){ thread (function(){ abort( root ); print( 1 ); yield; print( 2 ); })(); print( 3 ); }"
        " mk.apply( null, [] ); println( process_threads() );", "120\n",
    ),
    "an aborted pass goes on to its end": (
        "global root = _T; thread (function(){ yield; print( 1 ); })(); thread (function(){ yield; abort( root ); print( 2 ); })();"
        " ( function(){ process_threads( 1 ); print( 3 ); } ).apply( null, [] ); println( 4 );", "214\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str) -> None:
    source, want = GOLDEN[name]
    assert both(source) == want


def test_an_error_in_an_end_event() -> None:
    """A pass is a native: an Error in a `__tobool` it asks for ends there."""
    got = both(
        'class T { function __tobool(){ ERROR( "tb" ); } } t = thread (function(){ while( true ){ print( 1 ); yield; } })();'
        " t.end_on( new T() ); println( process_threads( 1 ) );"
    )
    assert got == (
        '111\n- "<main>" in t.sgs, line 1\n- "process_threads" in [C code]\n- "T.__tobool" in t.sgs, line 1\nError: tb\n'
    )
