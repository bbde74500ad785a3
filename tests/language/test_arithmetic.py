"""Every operator on every pair of types, in every place an operand can stand, against the model of chapter 01.

The compiler chooses other code for constants, locals of known types, parameters, globals, properties, elements and
captured variables; all of them must agree with the model in value and messages.
"""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from language import model as m
from language.world import run

# the harness prints one line for each operation: type and value, then the messages it gave
HEAD = (
    m.SETUP
    + """
global msgs = [];
function show( r ){
    t = typeof( r );
    if( t == "null" ) s = "null";
    else if( t == "bool" || t == "int" || t == "real" || t == "string" ) s = t $ " " $ r;
    else if( t == "func" || t == "cfunc" || t == "pointer" || typeid( r ) == 7 ) s = "thing " $ r;
    else s = t;
    foreach( x : msgs ) s = s $ " | " $ x;
    msgs.clear();
    println( s );
}
function collect( t, x ){ msgs.push( x ); }
"""
)


def program(lines: list[str]) -> str:
    """The lines in functions of a size that compiles fast, all under a handler that lets failing operations go on."""
    parts = [HEAD]
    calls = []
    for i in range(0, len(lines), 40):
        parts.append(f"function part{i}(){{\n" + "\n".join(lines[i : i + 40]) + "\n}")
        calls.append(f"pcall( part{i}, collect );")
    return "\n".join(parts + calls)


def expected(outcome: tuple[Any, list[str]]) -> str:
    value, messages = outcome
    return " | ".join([m.shown(value).decode("latin-1"), *messages])


def check(cases: list[tuple[str, tuple[Any, list[str]]]], before: str = "") -> None:
    """Each case is statements that end in a call of `show`, and the outcome it must print."""
    result = run((before + program([line for line, _ in cases])).encode("latin-1"))
    assert result.err == ""
    got = result.out.split("\n")[:-1]
    assert len(got) == len(cases), (len(got), len(cases), got[-1:])
    wrong = [
        f"{line}\n   want {expected(outcome)}\n   got  {shown}"
        for (line, outcome), shown in zip(cases, got, strict=True)
        if shown != expected(outcome)
    ]
    assert not wrong, f"{len(wrong)} of {len(cases)}\n" + "\n".join(wrong[:8])


def decided(op: str, a: Any, b: Any) -> bool:
    """Whether the specification fixes the result (the order of two different objects is free)."""
    return m.binary(op, a, b)[0] is not None or m.binary(op, a, b)[1] != []


def forms(op: str, a: Any, b: Any, rng: random.Random) -> str:
    """`a op b` with the operands in places chosen at random."""
    x, y = m.literal(a), m.literal(b)
    places = {
        "constant": ("", "%s"),
        "local": ("l{n} = %s; ", "l{n}"),
        "global": ("_G.g{n} = %s; ", "g{n}"),
        "property": ("o{n} = {{ p = %s }}; ", "o{n}.p"),
        "table": ("t{n} = {{}}; t{n}.p = %s; ", "t{n}.p"),
        "entry": ('e{n} = {{}}; e{n}[ "k" ] = %s; ', 'e{n}[ "k" ]'),
        "item": ("a{n} = [ 0, %s ]; ", "a{n}[ 1 ]"),
        "mixed": ("m{n} = if( msgs.size, [], %s ); ", "m{n}"),
        "call": ("", "id( %s )"),
    }
    before, used = "", []
    for n, value in enumerate((x, y)):
        setup, use = places[rng.choice(list(places))]
        before += setup.format(n=n) % value if setup else ""
        used.append(use.format(n=n) % value if "%s" in use else use.format(n=n))
    # a name assigned in a function would be a local, so a global is no target here
    if rng.random() < 0.25 and used[0][:2] in ("l0", "o0", "t0", "e0", "a0", "m0") and op not in m.COMPARISON:
        return f"{before}show( {used[0]} {op}= {used[1]} );"
    return f"{before}show( {used[0]} {op} {used[1]} );"


@pytest.mark.parametrize("op", m.BINARY)
def test_literals(op: str) -> None:
    """Constants on both sides, and a constant on one side of a parameter."""
    cases = []
    for a in m.FEW:
        for b in m.FEW:
            if not decided(op, a, b):
                continue
            outcome = m.binary(op, a, b)
            cases.append((f"show( {m.literal(a)} {op} {m.literal(b)} );", outcome))
    check(cases)


@pytest.mark.parametrize("op", m.BINARY)
def test_parameters(op: str) -> None:
    """One function for all types: its copies for guessed types must hand over to the general code."""
    names = {id(value): f"v{i}" for i, value in enumerate(m.VALUES)}
    setup = "".join(f"global v{i} = {m.literal(value)};\n" for i, value in enumerate(m.VALUES))
    head = f"function f( a, b ){{ return a {op} b; }} function c( a, b ){{ a {'=' if op in m.COMPARISON else op + '='} {'a ' + op + ' b' if op in m.COMPARISON else 'b'}; return a; }}\n"
    rng = random.Random(op)
    cases = []
    for a in m.VALUES:
        for b in rng.sample(m.VALUES, 14):
            if decided(op, a, b):
                use = "f" if rng.random() < 0.6 else "c"
                cases.append((f"show( {use}( {names[id(a)]}, {names[id(b)]} ) );", m.binary(op, a, b)))
    check(cases, m.SETUP + setup + head)


@pytest.mark.parametrize("op", m.BINARY)
def test_places(op: str) -> None:
    """Operands in all kinds of variables, elements and calls, compound assignments included."""
    rng = random.Random("places" + op)
    cases = []
    while len(cases) < 240:
        a, b = rng.choice(m.VALUES), rng.choice(m.VALUES)
        if decided(op, a, b):
            cases.append((forms(op, a, b, rng), m.binary(op, a, b)))
    check(cases, "function id( x ){ return x; }\n")


@pytest.mark.parametrize("op", ["-", "+", "!", "~"])
def test_unary(op: str) -> None:
    cases = []
    for value in m.VALUES:
        outcome = m.unary(op, value)
        x = m.literal(value)
        cases.append((f"show( {op}{x} );", outcome))
        cases.append((f"l = {x}; show( {op}l );", outcome))
        cases.append((f"o = {{ p = {x} }}; show( {op}o.p );", outcome))
    check(cases)


@pytest.mark.parametrize("op", ["++", "--"])
def test_steps(op: str) -> None:
    """Prefix gives the new value, postfix the old one, and the target holds the new one."""
    cases = []
    for value in m.VALUES:
        x = m.literal(value)
        new, messages = m.step(op, value)
        for setup, target in (
            (f"l = {x};", "l"), (f"o = {{ p = {x} }};", "o.p"), (f"a = [ {x} ];", "a[ 0 ]"), (f"_G.g = {x};", "_G.g"),
            (f"t = {{}}; t.q = {x};", 't[ "q" ]'),
        ):  # fmt: skip
            cases.append((f"{setup} show( {op}{target} );", (new, messages)))
            cases.append((f"{setup} {target}{op}; show( {target} );", (new, messages)))
            cases.append((f"{setup} show( {target}{op} );", (value, messages)))
    check(cases)


def test_conversions() -> None:
    """Truth, int and real of every value."""
    cases = []
    for value in m.VALUES:
        x = m.literal(value)
        cases.append((f"l = {x}; show( !!l );", (m.truth(value), [])))
        cases.append((f"l = {x}; show( if( l, 1, 2 ) );", (1 if m.truth(value) else 2, [])))
        cases.append((f"l = {x}; r = 2; if( l ) r = 1; show( r );", (1 if m.truth(value) else 2, [])))
        cases.append((f"l = {x}; r = 2; while( l ){{ r = 1; break; }} show( r );", (1 if m.truth(value) else 2, [])))
        cases.append((f'l = {x}; show( l $ "" );', (m.text(value), [])))
        cases.append((f"l = {x}; show( l ?? 5 );", (5 if value is None else value, [])))
        if not isinstance(value, m.Thing):
            cases.append((f"show( toint( {x} ) );", (m.to_int(value), [])))
            cases.append((f"show( toreal( {x} ) );", (m.to_real(value), [])))
            cases.append((f"l = {x}; show( l && 5 );", (5 if m.truth(value) else value, [])))
            cases.append((f"l = {x}; show( l || 5 );", (value if m.truth(value) else 5, [])))
    check(cases)


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.integers(-100, 100), st.floats(),
    st.floats(-1000, 1000), st.binary(max_size=6),
    st.from_regex(rb"\A[+-]?[0-9]{0,22}([.eE][+-]?[0-9]{0,3})?[a-z]?\Z"),
)  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(m.BINARY), scalars, scalars), min_size=8, max_size=24), st.integers(0, 999))
def test_random(rows: list[tuple[str, Any, Any]], seed: int) -> None:
    """Random operands: int wrap, text against number, exact digits."""
    rng = random.Random(seed)
    cases = [(forms(op, a, b, rng), m.binary(op, a, b)) for op, a, b in rows if decided(op, a, b)]
    check(cases, "function id( x ){ return x; }\n")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from("+-*"), st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9)),
        min_size=1,
        max_size=12,
    ),
    st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9),
)
def test_int_chains(steps: list[tuple[str, int]], start: int) -> None:
    """Long int expressions wrap at every operation, however the compiler groups the checks."""
    value = start
    text = m.literal(start)
    names = []
    for i, (op, operand) in enumerate(steps):
        value = m.wrap({"+": value + operand, "-": value - operand, "*": value * operand}[op])
        names.append(f"x{i} = {m.literal(operand)};")
        text = f"( {text} {op} x{i} )"
    masked = m.wrap(value & 0xFFFF)
    setup = " ".join(names)
    cases = [(f"{setup} show( {text} );", (value, [])), (f"{setup} show( {text} & 65535 );", (masked, []))]
    cases.append((f"{setup} y = {text}; y += 1; y -= 1; show( y );", (value, [])))
    check(cases)


LOOPS = [
    ("int", "s = 0; for i : ( 100 ) s = s * 31 + i; show( s );", lambda: _fold(0, range(100), lambda s, i: s * 31 + i)),
    ("shift", "s = 1; for( i = 0; i < 200; i++ ) s = ( s << 5 ) ^ ( s >> 3 ) ^ i; show( s );",
     lambda: _fold(1, range(200), lambda s, i: m.wrap(s << 5) ^ (s >> 3) ^ i)),
    ("sub", "s = 5; i = 50; while( i-- ) s -= s * i; show( s );", lambda: _fold(5, range(49, -1, -1), lambda s, i: s - m.wrap(s * i))),
    ("low", "s = -9223372036854775807; for i : ( 5 ) s--; show( s );", lambda: m.wrap(-9223372036854775807 - 5)),
    ("high", "s = 9223372036854775806; for i : ( 5 ) s++; show( s );", lambda: m.wrap(9223372036854775806 + 5)),
    ("negate", "s = 1; for i : ( 64 ) s = -( s + s ); show( -s );", lambda: m.wrap(-_fold(1, range(64), lambda s, i: -m.wrap(s + s)))),
    ("array", "a = [ 1, 2 ]; for i : ( 90 ) a[ i & 1 ] = a[ 0 ] * 3 + a[ 1 ]; show( a[ 0 ] );", lambda: _pair()),
    ("square", "s = 3; for i : ( 9 ) s *= s; show( s );", lambda: _fold(3, range(9), lambda s, i: s * s)),
]  # fmt: skip


def _fold(value: int, items: Any, function: Any) -> int:
    for item in items:
        value = m.wrap(function(value, item))
    return value


def _pair() -> int:
    a = [1, 2]
    for i in range(90):
        a[i & 1] = m.wrap(m.wrap(a[0] * 3) + a[1])
    return a[0]


@pytest.mark.parametrize(("name", "line", "value"), LOOPS, ids=[row[0] for row in LOOPS])
def test_loops(name: str, line: str, value: Any) -> None:
    """Accumulators in loops wrap, whatever the compiler believes about their range."""
    check([(line, (value(), []))])


def test_huge_repetition() -> None:
    """A text times a large int is arithmetic, not the host's repetition."""
    check(
        [
            ('a = "7"; b = 4000000000000; show( a * b );', (2.8e13, [])),
            ('o = { a = "7", b = 4000000000000 }; show( o.b * o.a );', (2.8e13, [])),
            ('o = { a = "" }; o.a *= 99999999999999; show( o.a );', (0.0, [])),
            ('show( ( function( a, b ){ return a * b + 1; } )( 8000000000000, "2" ) );', (1.6e13, [])),
        ]
    )
