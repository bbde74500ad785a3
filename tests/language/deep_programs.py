"""Runs endless recursions of every kind in this process, one engine each, and prints what came of each.

Run as a program with the depth as argument: a crash of the process is what the test looks for.
"""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import io
import sys

from interp.engine import Engine, Limits
from interp.errors import ScriptError

A = "class A { function %s { n++; %s } } a = new A(); %s"
PROGRAMS = {
    "function": "function f(){ n++; f(); } f();",
    "function in an expression": "function f( a, b ){ n++; x = 1 + f( a + 1, b ) * 2; return x; } f( 1, 2 );",
    "two functions": "function f(){ n++; g( 1, 2, 3 ); } function g(){ n++; f(); } f();",
    "method": A % ("m()", "this.m();", "a.m();"),
    "closure": "f = function() use( f ){ n++; f(); }; f();",
    "several results": "function f( x ){ n++; ( a, b ) = f( x ); return a, b; } ( p, q ) = f( 1 );",
    "variable arguments": "function f(){ n++; va_arg_count(); f( 1, 2 ); } f();",
    "compatible call": "function f(){ n++; this!f(); } 5!f();",
    "deferred": "function f(){ n++; defer f(); } f();",
    "apply": "function f(){ n++; f.apply( null, [] ); } f();",
    "sort_custom": "function f( a, b ){ n++; [ 2, 1 ].sort_custom( f ); return 0; } f();",
    "pcall": "function f(){ n++; pcall( f, function( t, m ){ return t; } ); } f();",
    "array_process": "function f(){ n++; array_process( [ 1 ], f ); } f();",
    "array_filter": "function f(){ n++; array_filter( [ 1 ], f ); } f();",
    "map_process": "function f(){ n++; map_process( { a = 1 }, f ); } f();",
    "eval": "function f(){ n++; eval( 'f();' ); } f();",
    "addition": A % ("__add( a, b )", "return a + b;", "a + 1;"),
    "comparison": A % ("__compare( a, b )", "return a < b;", "a == 1;"),
    "identity": A % ("__compare( a, b )", "return a === b;", "a === new A();"),
    "reading": A % ("__getindex( k )", "return this.( k );", "x = a.foo;"),
    "getter": A % ("__get_x()", "return this.x;", "x = a.x;"),
    "setter": A % ("__set_x( v )", "b = new A(); b.x = v;", "a.x = 1;"),
    "text": A % ("__tostring()", "return 'a' $ this;", "x = 'a' $ a;"),
    "text in a native": A % ("__tostring()", "return tostring( this );", "x = tostring( a );"),
    "truth": A % ("__tobool()", "return !this;", "if( a ) n++;"),
    "negation": A % ("__negate()", "return -this;", "-a;"),
    "call of an object": A % ("__call( t )", "return this();", "a();"),
    "constructor": A % ("__construct()", "this.x = new A();", ""),
    "function as constructor": "function F(){ n++; this.x = new F(); } a = new F();",
    "typeof": A % ("__typeof()", "return typeof( this );", "typeof( a );"),
    "clone": A % ("__clone()", "return clone( this );", "clone( a );"),
    "class statement": "class A { function __inherited( x ){ n++; eval( 'class B : A {}' ); } } class C : A {}",
    "message handler": "function f(){ n++; pcall( function(){ ERROR( 'x' ); }, f ); } f();",
    "coroutine": "t = co_create( function(){ f(); } ); function f(){ n++; f(); } t.resume();",
    "native in a coroutine": "t = co_create( function(){ f(); } ); function f(){ n++; [ 2, 1 ].sort_custom( f ); return 0; } t.resume();",
    "coroutine begun in the deep": (
        "function f( k ){ if( k > 0 ) return f( k - 1 ); t = co_create( function(){ g(); } ); t.resume(); }"
        " function g(){ n++; g(); } f( 150 );"
    ),
    "mixed": (
        "class A { function __add( a, b ){ n++; return f( a, b ); } } global a = new A();"
        " function f( x, y ){ n++; array_process( [ 1 ], function( v ){ n++; return a + v; } ); return 1; } f();"
    ),
    "plain after deep natives": (
        "function f( x ){ n++; if( n > 80 ) return 1, 2; ( a, b ) = f( x ); f.apply( null, [] ); return a, b; } f( 1 );"
        " n = 0; function g(){ n++; g(); } g();"
    ),
    # contexts in each other: each has all calls for itself, only their number is limited
    "coroutines in each other": "function f(){ n++; t = co_create( f ); t.resume(); } f();",
    "threads in each other": "function f(){ n++; thread f(); } f();",
}


def main(depth: int) -> None:
    for name, source in PROGRAMS.items():
        print(f"{name}:", end=" ", flush=True)
        out, err = io.BytesIO(), io.BytesIO()
        engine = Engine(stdout=out, stderr=err, limits=Limits(seconds=None, depth=depth))
        try:
            engine.run("global n = 0; " + source)
        except ScriptError:
            pass
        engine.close()
        text = err.getvalue()
        frames = max(("\n" + part).count("\n- ") for part in text.decode().split("max. call stack size reached")[:1])
        print(
            frames,
            engine.globals["n"],
            text.count(b"max. call stack size reached\n"),
            text.count(b"Error: "),
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
