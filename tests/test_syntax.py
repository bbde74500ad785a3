"""The front end: tokens, tree shapes, storage of names, and every message of chapters 01 and 02 with its line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.syntax import nodes as n
from interp.syntax.lexer import tokenize
from interp.syntax.messages import SyntaxMessage, SyntaxMessages
from interp.syntax.parser import analyse, parse
from interp.syntax.tables import parser_tables

HERE = Path(__file__).parent
EXAMPLES = sorted(HERE.parent.glob("benchmarks/*.sgs")) + sorted(HERE.glob("conformance/statements/*.sgs"))[::12]


def show(node: object) -> object:
    """A tree as short text, so that shapes can be written down."""
    if isinstance(node, list):
        return "[" + " ".join(str(show(item)) for item in node) + "]"
    if isinstance(node, tuple):
        return "<" + " ".join(str(show(item)) for item in node) + ">"
    if isinstance(node, n.Name):
        return node.name
    if isinstance(node, n.Const):
        return repr(node.value) if isinstance(node.value, str | bytes) else str(node.value)
    if isinstance(node, n.Function):
        return f"{node.name}({' '.join(node.params)}){'' if node.uses is None else node.uses}{show(node.body)}"
    if isinstance(node, n.Node):
        parts = [str(show(getattr(node, part))) for part in type(node).__slots__]
        return f"{type(node).__name__}({' '.join(parts)})"
    return str(node)


def tree(source: str) -> str:
    return str(show(analyse(source.encode("latin-1")).body))


def value(source: str) -> str:
    """The shape of one expression."""
    statement = analyse(f"x = {source};".encode("latin-1")).body[0]
    assert isinstance(statement, n.ExprStmt)
    assignment = statement.exprs[0]
    assert isinstance(assignment, n.Assign)
    return str(show(assignment.value))


def texts(source: str | bytes) -> list[str]:
    with pytest.raises(SyntaxMessages) as caught:
        analyse(source if isinstance(source, bytes) else source.encode("latin-1"))
    return caught.value.texts


def kinds(source: str) -> list[str]:
    return tokenize(source.encode("latin-1")).kinds[:-1]


def values(source: str) -> list[object]:
    return tokenize(source.encode("latin-1")).values[:-1]


# --- tokens (01 sections 1, 2, 3.1) -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("0042 08", [42, 8]),
        ("0x 0o17 0b101 0xfF", [0, 15, 5, 255]),
        ("0b12", [1, 2]),
        ("3. 3.5 1e5 1e+5 2.5E-3 1e 1e+ 1.5e", [3.0, 3.5, 1e5, 1e5, 0.0025, 1.0, 1.0, 1.5]),
        ("234f 1.5f 0o17f", [234.0, 1.5, 15.0]),
        ("0x1f", [31]),
        ("0x1f.", [31.0]),
        ("5..6", [5.0, 6]),
        ("5. 1.5.", [5.0, 1.5]),
        ("9223372036854775808 0xffffffffffffffff 18446744073709551616", [-(2**63), -1, 0]),
        ("9" * 6000, [((int("9" * 64)) + 2**63) % 2**64 - 2**63]),
        ("0.1 1e999 1e-999", [0.1, float("inf"), 0.0]),
        (r"'\a\b\f\n\r\t\v\\\'\"'", [b"\7\b\f\n\r\t\v\\'\""]),
        (r"'\x41\x4g\101\377\400\1234\8\q'", [b"Ax4gA\xff\x00S48q"]),
        ("'a\\\nb\nc\xe9'", [b"a\nb\nc\xe9"]),
        ('"""a\\"b"c"""', [b'a\\"b"c']),
        ("''''''", [b""]),
        ("'A'c \"\\xff\" c", [65, 255]),
    ],
)
def test_literal_values(source: str, expected: list[object]) -> None:
    found = values(source)
    assert found == expected
    assert [type(item) for item in found] == [type(item) for item in expected]


def test_pointer_literals() -> None:
    pointers = values("456p 0x1cp")
    assert [item.address for item in pointers if isinstance(item, n.Pointer)] == [456, 28]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a+++b", ["NAME", "++", "+", "NAME"]),
        ("x=-++y", ["NAME", "=", "-", "++", "NAME"]),
        ("a&&!!b", ["NAME", "&&", "!", "!", "NAME"]),
        ("a<<=b<=>c===d!==e", ["NAME", "<<=", "NAME", "<=>", "NAME", "===", "NAME", "!==", "NAME"]),
        ("5 ..6", ["INT", "..", "INT"]),
        ("5. ..6", ["CONST", "..", "INT"]),
        ("a/*/b", ["NAME", "NAME"]),
        ("a/**/b//c\rd", ["NAME", "NAME", "NAME"]),
        ("a-/*x*/-b", ["NAME", "-", "-", "NAME"]),
        ("map{ map (map)", ["map", "{", "NAME", "(", "NAME", ")"]),
        (
            "print( print x println() yield include",
            ["NAME", "(", "COMMAND", "NAME", "NAME", "(", ")", "COMMAND", "COMMAND"],
        ),
        ("class( class A", ["NAME", "(", "class", "NAME"]),
        ("'ab'c", ["BAD_CHARACTER"]),
    ],
)
def test_token_kinds(source: str, expected: list[str]) -> None:
    assert kinds(source) == expected


def test_lines_end_at_cr_lf_and_both() -> None:
    tokens = tokenize(b"a\r\nb\rc\nd /*\n\n*/ e '\n' f")
    assert tokens.lines == [1, 2, 3, 4, 6, 6, 7, 7]


# --- expressions (01 sections 2 to 10) --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a || b && c", "Logic(&& Logic(|| a b) c)"),
        ("1 < 2 < 3", "Binary(< Binary(< 1 2) 3)"),
        ("1 | 2 == 3", "Binary(== Binary(| 1 2) 3)"),
        ("5 <=> 3 == 1", "Binary(== Binary(<=> 5 3) 1)"),
        ("1 + 2 $ 3 + 4 .. 5", "Concat([Binary(+ 1 2) Binary(+ 3 4) 5])"),
        ("(a $ b) $ c", "Concat([Paren([Concat([a b])]) c])"),
        ("null ?? 5 == 5", "Binary(== Logic(?? None 5) 5)"),
        ("1 + 2 * 3 - 4", "Binary(- Binary(+ 1 Binary(* 2 3)) 4)"),
        ("-i++", "Unary(- IncDec(++ False i))"),
        ("!a == b", "Binary(== Unary(! a) b)"),
        ("@a + b", "Binary(+ Unary(@ a) b)"),
        ("a - -b", "Binary(- a Unary(- b))"),
        ("a+++b", "Binary(+ IncDec(++ False a) b)"),
        ("--a.b", "IncDec(-- True Prop(a b'b'))"),
        ("a = b += c", "Assign(a OpAssign(+ b c))"),
        ("a ..= b", "OpAssign($ a b)"),
        ("a ??= b &&= c", "OpAssign(?? a OpAssign(&& b c))"),
        ("o.a!lib.fn(y)[0](z)", "Call(Index(CompatCall(Prop(o b'a') Prop(lib b'fn') [y]) 0) [z])"),
        ("5!f()", "CompatCall(5 f [])"),
        ("!o!f()", "Unary(! CompatCall(o f []))"),
        ("(o!f(x)).y", "Prop(Paren([CompatCall(o f [x])]) b'y')"),
        ("1 + new A() + 2", "Binary(+ Binary(+ 1 New(A [])) 2)"),
        ("1 * new A() + 2", "Binary(+ Binary(* 1 New(A [])) 2)"),
        ("-new A() + 2", "Binary(+ Unary(- New(A [])) 2)"),
        ("new A()()", "New(Call(A []) [])"),
        ("new list[0](1)", "New(Index(list 0) [1])"),
        ("new ( o.A )()", "New(Paren([Prop(o b'A')]) [])"),
        ("thread o.f(1)", "ThreadCall(False Call(Prop(o b'f') [1]))"),
        ("subthread o!f()", "ThreadCall(True CompatCall(o f []))"),
        ("sync(1, race(a))", "Sync(False [1 Sync(True [a])])"),
        ("if(a, b, c).x", "Prop(IfExpr(a b c) b'x')"),
        ("a.'t'.(b).null.this.print", "Prop(Prop(Prop(Prop(Prop(a b't') Paren([b])) None) This()) b'print')"),
        ("a.5", "Prop(a 5)"),
        ("[1, [], ]", "ArrayLit([1 ArrayLit([])])"),
        ("(1, 2, )", "Paren([1 2])"),
        (
            "{ a, if = 1, 'b' = 2, [c] = 3, }",
            "DictLit([Entry(b'a' a False) Entry(b'if' 1 False) Entry(b'b' 2 False) Entry(c 3 True)] False)",
        ),
        ("map{ [1] = 2 }", "DictLit([Entry(1 2 True)] True)"),
        ("{ this, true }", "DictLit([Entry(b'this' This() False) Entry(b'true' True False)] False)"),
        ("{}.{ a = 1 }.a", "Prop(MultiSet(DictLit([] False) [Entry(b'a' 1 False)] False) b'a')"),
        ("d[]{ [1] = 2 }[1]", "Index(MultiSet(d [Entry(1 2 True)] True) 1)"),
        ("d.{ if = 1 }", "MultiSet(d [Entry(b'if' 1 False)] False)"),
        ("function(a, b = 5){ return a; }", "FuncExpr(None(a b)[Return([a])])"),
        ("function f() use(a) = 1, 2;", "FuncExpr(f()['a'][Return([1 2])])"),
        ("function() = ;", "FuncExpr(None()[Return([])])"),
        (
            "{ f = function(a) = a;, g = 1 }",
            "DictLit([Entry(b'f' FuncExpr(None(a)[Return([a])]) False) Entry(b'g' 1 False)] False)",
        ),
        ("__LINE__", "1"),
        ("println", "println"),
        ("(o.f)()", "Call(Paren([Prop(o b'f')]) [])"),
    ],
)
def test_expressions(source: str, expected: str) -> None:
    assert value(source) == expected


# --- statements (02 section 2) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (";", "[ExprStmt([])]"),
        ("{ a; {} }", "[Block([ExprStmt([a]) Block([])])]"),
        ("a = 1, var b = 2, c;", "[ExprStmt([Assign(a 1) VarDecl(False [<b 2> <c None>])])]"),
        ("var; global;", "[VarDecl(False []) VarDecl(True [])]"),
        ("if(a) if(b) c; else d;", "[If(a If(b ExprStmt([c]) ExprStmt([d])) None)]"),
        ("do a; while(b) c;", "[DoWhile(ExprStmt([a]) b) ExprStmt([c])]"),
        ("for(;;);", "[For([] [] [] ExprStmt([]))]"),
        ("for(var i = 0; a, b; ++i, c);", "[For([VarDecl(False [<i 0>])] [a b] [IncDec(++ True i) c] ExprStmt([]))]"),
        ("for(a, var i;;);", "[For([a VarDecl(False [<i None>])] [] [] ExprStmt([]))]"),
        ("for i : (1, 2) a;", "[NumericFor(i False [1 2] ExprStmt([a]))]"),
        ("for i:.(9);", "[NumericFor(i True [9] ExprStmt([]))]"),
        ("foreach(v : a, b);", "[Foreach(None v [a b] ExprStmt([]))]"),
        ("foreach(k, v : a);", "[Foreach(k v [a] ExprStmt([]))]"),
        ("foreach(k, : a);", "[Foreach(k None [a] ExprStmt([]))]"),
        ("while(1) { break; continue 1; }", "[While(1 Block([Break(1) Continue(1)]))]"),
        ("return; return a, b;", "[Return([]) Return([a b])]"),
        ("defer a;", "[Defer(ExprStmt([a]))]"),
        (
            "println; println (a).b; println a, b;",
            "[Command(println []) ExprStmt([Prop(Call(println [a]) b'b')]) Command(println [a b])]",
        ),
        ("(a, b.c, d[0]) = f();", "[ExprStmt([MultiAssign([a Prop(b b'c') Index(d 0)] Call(f []))])]"),
        ("(a).b = 1;", "[ExprStmt([Assign(Prop(Paren([a]) b'b') 1)])]"),
        ("sync; (a, b);", "[ExprStmt([Keyword(sync)]) ExprStmt([Paren([a b])])]"),
        ("new A(); new B(), c;", "[ExprStmt([New(A [])]) ExprStmt([New(B []) c])]"),
        ("function o.m(a) = a;", "[FuncDecl(Prop(o b'm') o.m(a)[Return([a])])]"),
        (
            "a; function f(){} function g(){} function h() use(a){}",
            "[FuncDecl(g g()[]) FuncDecl(f f()[]) ExprStmt([a]) FuncDecl(h h()['a'][])]",
        ),
        (
            "class A : B { global x = 1, y; function m() use(z){} }",
            "[ClassDecl(A B [Member(x 1 False) Member(y None False) Member(m FuncExpr(A.m()['z'][]) True)])]",
        ),
        (
            "class print { function class(){} }",
            "[ClassDecl(print None [Member(class FuncExpr(print.class()[]) True)])]",
        ),
        (
            "decltree T : B { x = 1; s { y = 2; } map { } t( 7, 8 ) { } }",
            "[DeclTree(T B [TreeEntry(x 1 None None) TreeEntry(s None [] [TreeEntry(y 2 None None)])"
            " TreeEntry(map None [] []) TreeEntry(t None [7 8] [])] T.__construct()[])]",
        ),
    ],
)
def test_statements(source: str, expected: str) -> None:
    assert tree(source) == expected


def test_lines_are_those_of_the_operator() -> None:
    body = analyse(b"a\n.b\n= c\n[ 1 ]\n( 2 );").body
    assignment = body[0].exprs[0]  # type: ignore[attr-defined]
    assert (assignment.line, assignment.target.line, assignment.value.line, assignment.value.func.line) == (3, 2, 5, 4)


# --- storage (02 section 3) -------------------------------------------------------------------------------------------


def storages(function: n.Function) -> dict[str, str | None]:
    """The storage of all names directly in one body."""
    found: dict[str, str | None] = {}

    def walk(item: object) -> None:
        if isinstance(item, n.Name):
            found[item.name] = item.storage
        elif isinstance(item, list | tuple):
            for part in item:
                walk(part)
        elif isinstance(item, n.Node) and not isinstance(item, n.Function):
            for part in type(item).__slots__:
                walk(getattr(item, part))

    walk(function.body)
    return found


def inner(unit: n.Function, place: int = 0) -> n.Function:
    function = unit.body[place].function  # type: ignore[attr-defined]
    assert isinstance(function, n.Function)
    return function


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1; b; c += 1;", {"a": "local", "b": "global", "c": "local"}),
        ("b; var b;", {"b": "local"}),
        ("global a; a = 1;", {"a": "global"}),
        ("a++; --b;", {"a": "global", "b": "global"}),
        ("(a, b.c) = f();", {"a": "local", "b": "global", "f": "global"}),
        ("for i : (3); foreach(k, v : s);", {"i": "local", "k": "local", "v": "local", "s": "global"}),
        ("function g(){} g = 5;", {"g": "global"}),
        ("g = 5; function g(){}", {"g": "local"}),
        ("class A {} A;", {"A": "global"}),
        ("a = 1; f = function() use(a){};", {"a": "captured", "f": "local"}),
        ("function a(){} f = function() use(a){};", {"a": "captured", "f": "local"}),
        ("f = function g(){}; g;", {"f": "local", "g": "global"}),
        ("_G = 1; _R = 2;", {"_G": "global", "_R": "local"}),
        ("f( a = 1 );", {"f": "global", "a": "local"}),
        ("class A { global x = ( y = 1 ); }", {"A": "global", "y": "local"}),
    ],
)
def test_storage_at_top_level(source: str, expected: dict[str, str]) -> None:
    assert storages(analyse(source.encode())) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("function f(p){ a = p; g(); function h(){} h; }", {"a": "local", "p": "local", "g": "global", "h": "local"}),
        ("function f() use(x){ x = 1; var x; y = x; }", {"x": "captured", "y": "local"}),
        ("function f(p){ q = function() use(p, r){}; r; }", {"q": "local", "r": "captured"}),
        ("function f(){ class A {} A; x = function y(){}; y; }", {"A": "global", "x": "local", "y": "local"}),
        (
            "function f(){ if(a){ while(b){ c = function(){ return function() use(d){}; }; } } d; }",
            {"a": "global", "b": "global", "c": "local", "d": "global"},
        ),
    ],
)
def test_storage_in_functions(source: str, expected: dict[str, str]) -> None:
    unit = analyse(source.encode())
    place = next(place for place, item in enumerate(unit.body) if isinstance(item, n.FuncDecl))
    assert storages(inner(unit, place)) == expected


def test_locals_and_cells() -> None:
    function = inner(analyse(b"function f(p, q){ a = 1; global g = 2; h = function() use(q, c){}; return p; }"))
    assert sorted(function.locals) == ["a", "h", "p"]
    assert sorted(function.cells) == ["c", "q"]
    middle = inner(inner(analyse(b"function f(){ function m() use(x){ return function() use(x, y){}; } }")))
    assert middle.cells == ["y"]


def test_tree_entries_belong_to_the_constructor() -> None:
    unit = analyse(b"y = 1; decltree T : B { x = y + ( z = 1 ); }")
    declaration = unit.body[1]
    assert isinstance(declaration, n.DeclTree)
    assert declaration.constructor.locals == ["z"]
    assert declaration.entries[0].value.left.storage == "global"  # type: ignore[union-attr]
    assert unit.locals == ["y"]


# --- messages (01 section 14 and 16, 02 sections 9 and 13) ------------------------------------------------------------

END = "Unexpected end of code"
INVALID = "[line 1] Invalid expression"
EMPTY = "[line 1] Empty expression found"
MISSING = "[line 1] Missing operators or separators"
READ = "[line 1] Cannot read from specified keyword"
WRITE = "[line 1] Cannot write to constants"
RESERVED = "[line 1] Cannot write to reserved keywords"
CALLS = "[line 1] Expression writes only allowed with function call reads"
NEW = "[line 1] expected plain function call after 'new'"
THREAD = "[line 1] expected function call after 'thread'"
KEYWORD = "[line 1] Argument name cannot be a reserved keyword"
TO_LOCAL = "[line 1] Variable storage redefined: global -> local"
TO_GLOBAL = "[line 1] Variable storage redefined: local -> global"
FROM_CLOSURE = "[line 1] Variable storage redefined: closure -> global"
KEY = "[line 1] expected key identifier, string or '[' in dictionary expression"
AFTER_KEY = "[line 1] Expected '=', ',' or '}' after dictionary key"
AFTER_TEXT = "[line 1] Expected '=' in dictionary expression / missing closing bracket before '{'"
TREE = "[line 1] Expected 'decltree <treename> : <classname> { ... }'"
DEFERRED = "[line 1] cannot leave a deferred statement"


def unexpected(character: str) -> str:
    return f"[line 1] Unexpected token '{character}' found!"


MESSAGES = [
    # tokens
    ("\n\nx = 'abc;\n", "[line 3] end of string not found"),
    ('x = """abc"";', "[line 1] end of string not found"),
    ("\nx = `;", "[line 2], unexpected symbol: `"),
    ("x = \xe9;", "[line 1], unexpected symbol: \xe9"),
    ("x = 1; \0", "[line 1], unexpected symbol: \0"),
    ("x = 1 2;\n'", "[line 2] end of string not found"),
    ("println 1;\n/* x", "[line 2] Comment has no end"),
    # syntax of expressions
    ("x = 5 + 6", END),
    ("x = [ 1,", END),
    ("x = { a", END),
    ("x = {", END),
    ("x = { 'a'", END),
    ("f( 1", END),
    ("x", END),
    ("x = 1 )", unexpected(")")),
    ("x = ( 1;", unexpected(";")),
    ("}", unexpected("}")),
    ("x = ];", unexpected("]")),
    ("x = 5 : 6;", unexpected(":")),
    ("x = # 6;", unexpected("#")),
    ("x = 5 \\ 6;", unexpected("\\")),
    ("if( 1, 2, 3 );", unexpected(",")),
    ("x = [ , 1 ];", EMPTY),
    ("f( 1,, 2 );", EMPTY),
    ("f( 1, );", EMPTY),
    ("x = 1, ;", EMPTY),
    ("return 1,;", EMPTY),
    ("if() x;", EMPTY),
    ("while() x;", EMPTY),
    ("foreach( x : );", EMPTY),
    ("x = { a = };", EMPTY),
    ("x = 5\n6;", "[line 2] Missing operators or separators"),
    ("a b;", MISSING),
    ("x = 1 + var y;", MISSING),
    ("x = 0b12;", MISSING),
    ("x = 5..6;", MISSING),
    ("5.x;", MISSING),
    ("x = 5abc;", MISSING),
    ("b = 2\nc = 3;", "[line 2] Missing operators or separators"),
    ("x = function(a) = a+1; println x(2);", MISSING),
    ("x = ;", INVALID),
    ("x = * 5;", INVALID),
    ("x =\n= 2;", "[line 2] Invalid expression"),
    ("x = ( ! );", INVALID),
    ("x = y.;", INVALID),
    ("x = .y;", INVALID),
    ("y = x +;", INVALID),
    ("x = 1 ? 2;", INVALID),
    ("x = 1 @ 2;", INVALID),
    ("x = a ++ b;", INVALID),
    ("x = a -- b;", INVALID),
    ("f( var x );", INVALID),
    ("println var;", INVALID),
    ("print = 5;", INVALID),
    ("x = y.new;", INVALID),
    ("x = y.thread;", INVALID),
    ("function f(){} = 6;", INVALID),
    ("x = a[];", "[line 1] Invalid number of arguments in an array accessor"),
    ("x = a\n[ 0, 1 ];", "[line 2] Invalid number of arguments in an array accessor"),
    ("x = 'ab'c;", "[line 1] expected 1 character in character literal"),
    ("x = ''c;", "[line 1] expected 1 character in character literal"),
    ("x = { 5 = 1 };", KEY),
    ("x = { a = 1,, b };", KEY),
    ("x = { a b };", AFTER_KEY),
    ("x = { 'a' };", AFTER_TEXT),
    ("x = { [ 1 ] };", AFTER_TEXT),
    ("x = thread 5;", THREAD),
    ("x = thread f;", THREAD),
    ("x = thread f() + 1;", THREAD),
    ("x = thread;", THREAD),
    ("thread;", THREAD),
    ("x = subthread [ 1 ];", "[line 1] expected function call after 'subthread'"),
    ("subthread;", "[line 1] expected function call after 'subthread'"),
    ("thread = 1;", INVALID),
    ("x = new 5;", NEW),
    ("x = new A;", NEW),
    ("x = new A().x;", NEW),
    ("x = new o.A();", NEW),
    ("x = new o!A();", NEW),
    ("x = new A() + 1;", NEW),
    ("x = new;", NEW),
    ("new;", NEW),
    ("1 + new A() * 2;", NEW),
    # syntax of statements
    ("function f(){", END),
    ("{", END),
    ("while(1) break x;", END),
    ("while(1) break -1;", END),
    ("while(1) continue 1 2;", END),
    ("if", "[line -1] Expected '(' after 'if'"),
    ("if 1 x;", "[line 1] Expected '(' after 'if'"),
    ("while 1 x;", "[line 1] Expected '(' after 'while'"),
    ("foreach x : y;", "[line 1] Expected '(' after 'foreach'"),
    ("x = function;", "[line 1] Expected '(' after 'function'"),
    ("do x; x;", "[line 1] Expected 'while' after statement in do/while"),
    ("do x; while x;", "[line 1] Expected '(' after 'while'"),
    ("x;\nelse y;", "[line 2] Found 'else' without matching 'if'"),
    ("for 5 : (3);", "[line 1] Expected '(' or identifier after 'for'"),
    ("for i = (3);", "[line 1] Expected ':' after identifier in 'numeric for'"),
    ("for i : 3;", "[line 1] Expected '(' after ':'/':.' in 'numeric for'"),
    ("for i : . 3;", "[line 1] Expected '(' after ':'/':.' in 'numeric for'"),
    ("for i : ();", "[line 1] Expected 1-3 values in 'numeric for'"),
    ("for i : (1,2,3,4);", "[line 1] Expected 1-3 values in 'numeric for'"),
    ("for(i=0;i<3);", unexpected(")")),
    ("foreach( 5 : x );", "[line 1] Expected identifier after '(' in 'foreach'"),
    ("foreach( x );", "[line 1] Expected ':' or ',' after identifier in 'foreach'"),
    ("foreach( x, 5 : y );", "[line 1] Expected identifier or ':' after ',' in 'foreach'"),
    ("foreach( x, y );", "[line 1] Expected ':' after identifier #2 or ',' in 'foreach'"),
    ("while(1) break 0;", "[line 1] Invalid break level (can be between 1 and 255)"),
    ("while(1) continue 256;", "[line 1] Invalid continue level (can be between 1 and 255)"),
    ("function", "[line -1] Expected identifier after 'function'"),
    ("function null(){}", "[line 1] Expected identifier after 'function'"),
    ("function (){}", "[line 1] Expected identifier after 'function'"),
    ("function f.5(){}", "[line 1] Expected identifier after 'function', identifier and '.'"),
    ("function f{}", "[line 1] Expected '(' after 'function' and its name"),
    ("function a.b.c(){}", "[line 1] Expected '(' after 'function' and its name"),
    ("function f() return 5;", "[line 1] Expected '{', '=' or 'use'"),
    ("function f() use a {}", "[line 1] Expected '(' after 'use' in 'function'"),
    ("function f(a b){}", "[line 1] Expected ',' or ')'"),
    ("var a b;", "[line 1] Expected ',' or ';'"),
    ("function f(5){}", "[line 1] Unexpected token while parsing argument 1"),
    ("function f(a,){}", "[line 1] Unexpected token while parsing argument 2"),
    ("var x, ;", "[line 1] Unexpected token while parsing argument 2"),
    ("var 5;", "[line 1] Unexpected token while parsing argument 1"),
    ("function f(a", END),
    ("function f() = 5", END),
    ("var x", END),
    ("var this;", KEYWORD),
    ("global if;", KEYWORD),
    ("var thread;", KEYWORD),
    ("function f(while){}", KEYWORD),
    ("function f() use(null){}", KEYWORD),
    ("var x = ;", "[line 1] Expected initializing expression"),
    ("function f(a=){}", "[line 1] Expected initializing expression"),
    ("var x = 1 y = 2;", MISSING),
    ("class { }", "[line 1] Expected identifier after 'class'"),
    ("class = 5;", "[line 1] Expected identifier after 'class'"),
    ("class A : 5 {}", "[line 1] Expected identifier after ':' in class"),
    ("class A", "[line -1] Expected '{' after (inherited) class name"),
    ("class A function", "[line 1] Expected '{' after (inherited) class name"),
    ("class A { var x = 5; }", "[line 1] Unexpected token in class"),
    ("class A {\n; }", "[line 2] Unexpected token in class"),
    ("class A { global a = 5 }", unexpected("}")),
    ("class A { function(){} }", "[line 1] Expected identifier after 'function'"),
    ("class A { function f( }", "[line 1] Unexpected token while parsing argument 1"),
    ("class A { function f() }", "[line 1] Expected '{', '=' or 'use'"),
    ("decltree 5 : B {}", TREE),
    ("decltree T {}", TREE),
    ("decltree T : B x", TREE),
    ("decltree T : B { 5 }", "[line 1] expected key identifier in 'decltree'"),
    ("decltree T : B { x; }", "[line 1] expected '=', '(' or '{' after key identifier in 'decltree'"),
    ("decltree T : B { x( 1 ); }", "[line 1] expected '{' after subnode argument list in 'decltree'"),
    # storage
    ("var a; global a;", TO_GLOBAL),
    ("a = 1; global a;", TO_GLOBAL),
    ("a = 1; class a {}", TO_GLOBAL),
    ("function f(a){ global a; }", TO_GLOBAL),
    ("global a; var a;", TO_LOCAL),
    ("global a; (a, b) = f();", TO_LOCAL),
    ("function f(){} (f, g) = h();", TO_LOCAL),
    ("class A {} var A;", TO_LOCAL),
    ("var _G;", TO_LOCAL),
    ("function f(_G){}", TO_LOCAL),
    ("global x; f = function() use(x){};", FROM_CLOSURE),
    ("f = function() use(x){ global x; };", FROM_CLOSURE),
    (
        "global i; for i : (3);",
        "[line 1] Variable storage redefined (numeric for index variable cannot be global): global -> local",
    ),
    (
        "global k; foreach(k, v : s);",
        "[line 1] Variable storage redefined (foreach key variable cannot be global): global -> local",
    ),
    ("function f(a,\na){}", "[line 2] Cannot redeclare arguments with the same name"),
    ("function f(a) use(a){}", "[line 1] Cannot redeclare arguments with the same name"),
    ("function f() use(a,a){}", "[line 1] Cannot redeclare used variables with the same name"),
    # code
    ("5 = 6;", WRITE),
    ("'x' += 2;", WRITE),
    ("[ 1 ] = 5;", WRITE),
    ("5++;", WRITE),
    ("++5;", WRITE),
    ("a + b = 5;", WRITE),
    ("f() = 5;", WRITE),
    ("(a, 5) = f();", WRITE),
    ("x = map{} = 5;", WRITE),
    ("x = function(){} = 5;", WRITE),
    ("true = 5;", RESERVED),
    ("this = 5;", RESERVED),
    ("true += 1;", RESERVED),
    ("race = 5;", RESERVED),
    ("x = while;", READ),
    ("x = var;", READ),
    ("x = sync;", READ),
    ("x = y.if;", READ),
    ("x = y.var;", READ),
    ("'a'.x = 1;", "[line 1] Cannot set property of a constant"),
    ("5[ 0 ] = 1;", "[line 1] Cannot set indexed value of a constant"),
    ("null[ 0 ] = 1;", "[line 1] Cannot set indexed value of a constant"),
    ("(a, b) = 5;", CALLS),
    ("(a) = 6;", CALLS),
    ("(a) += 1;", CALLS),
    ("(a)++;", CALLS),
    ("(a, (b, c)) = f();", CALLS),
    ("(a, b) = new A();", CALLS),
    ("(a, b) = @f();", CALLS),
    ("(a, b) = (f());", CALLS),
    ("(a, b) = thread f();", CALLS),
    ("x = if( 1, 2 );", "[line 1] 'if' pseudo-function requires exactly 3 arguments"),
    (
        "(a, b) = if( 1, 2, 3 );",
        "[line 1] 'if' pseudo-function cannot be used as input for expression writes with multiple outputs",
    ),
    ("race();", "[line 1] 'sync' pseudo-function requires [1;255] arguments"),
    (
        "(a, b) = race( 1 );",
        "[line 1] 'sync' pseudo-function cannot be used as input for expression writes with multiple outputs",
    ),
    ("x = ();", EMPTY),
    ("x = 1 ~ 2;", INVALID),
    ("x = 1 ! 2;", INVALID),
    ("x = o!f( x ).y;", INVALID),
    ("x!( f )();", INVALID),
    ("x!list[ 0 ]();", INVALID),
    ("d.{ a = 1 } = 5;", "[line 1] Cannot write to multi-property-set expression"),
    ("d[]{ a = 1 } = 5;", "[line 1] Cannot write to multi-index-set expression"),
    ("break;", "[line 1] Attempted to break while not in a loop"),
    ("while(1){ function f(){ continue; } }", "[line 1] Attempted to continue while not in a loop"),
    ("while(1) break 2;", "[line 1] Break level too high"),
    ("while(1) while(1) continue 3;", "[line 1] Continue level too high"),
    ("defer return;", DEFERRED),
    ("while(1) defer break;", DEFERRED),
    ("while(1) defer while(1) continue 2;", DEFERRED),
    # which one comes first
    ("5 = 6;\nx = 1 2;", "[line 2] Missing operators or separators"),
    ("5 = 6;\nvar a; global a;", "[line 2] Variable storage redefined: local -> global"),
    ("x = while;\n5 = 6;", READ),
    ("5 = while;", READ),
    ("while(1) break 2;\nfunction f(){ continue; }", "[line 2] Attempted to continue while not in a loop"),
    ("break;\nx = function(){ var a; global a; };", "[line 1] Attempted to break while not in a loop"),
    ("x = function(){ var a; global a; };\nbreak;", TO_GLOBAL),
]


@pytest.mark.parametrize(("source", "expected"), MESSAGES)
def test_messages(source: str, expected: str) -> None:
    assert texts(source) == [expected]


def test_several_messages() -> None:
    assert texts("var a; global a;\nvar b; global b;") == [
        TO_GLOBAL,
        "[line 2] Variable storage redefined: local -> global",
    ]
    assert texts("class A {\nfunction f(){ break; }\nfunction ok(){}\nfunction g(){ null = 5; } }\n5 = 6;") == [
        "[line 2] Attempted to break while not in a loop",
        "[line 4] Cannot write to reserved keywords",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "global a; a = 1;",
        "while(1) while(1) break 2;",
        "(a,b) = o!m();",
        "defer while(1) break;",
        "defer x = function(){ return; };",
        "x = 1, while;",
        "();",
        "x = 9, if( a, f(), g() );",
        "for( sync;;race );",
        "x = [ 1 ].y;",
        "[ 1 ].y = 2;",
        "this.x = 1;",
    ],
)
def test_accepted(source: str) -> None:
    analyse(source.encode())


# --- nesting and hostile input (00 B9) --------------------------------------------------------------------------------

NESTED = [
    ("x = ", "(", "1", ")", ";"),
    ("x = ", "[", "", "]", ";"),
    ("x = ", "{ a = ", "1", "}", ";"),
    ("x = ", "f(", "1", ")", ";"),
    ("x = ", "1 + (", "1", ")", ";"),
    ("", "{", "", "}", ""),
    ("", "if(1){", "", "}", ""),
    ("", "function f(){", "", "}", ""),
    ("", "x = function(){", "", "};", ""),
    ("", "while(1)", ";", "", ""),
    ("", "do ", ";", " while(1)", ""),
    ("x = ", "- ", "1", "", ";"),
    ("x = ", "a[", "0", "]", ";"),
]


@pytest.mark.parametrize(("before", "opening", "middle", "closing", "after"), NESTED)
def test_nesting(before: str, opening: str, middle: str, closing: str, after: str) -> None:
    def source(levels: int) -> str:
        return before + opening * levels + middle + closing * levels + after

    analyse(source(200).encode())
    for levels in (2_000, 20_000):
        assert texts(source(levels)) == ["[line 1] nesting too deep"]


def test_nesting_limit_is_exact_for_brackets() -> None:
    analyse(b"x = " + b"(" * 50 + b"1" + b")" * 50 + b";", nesting=50)
    with pytest.raises(SyntaxMessages) as caught:
        analyse(b"x =\n" + b"(" * 51 + b"1" + b")" * 51 + b";", nesting=50)
    assert caught.value.texts == ["[line 2] nesting too deep"]


@pytest.mark.parametrize(
    "source",
    ["(" * 10_000, "x = " + "(" * 10_000 + "1" + ")" * 9_999, "if(1) " * 10_000, "x = " + "-" * 10_000,
     "x = " + "a = " * 10_000, "x" * 100_000, "x = " + "1 + " * 10_000, "x = " + "1 2 " * 5_000 + ";", "{" * 10_000,
     "new " * 10_000, "x = [" + "1," * 50_000, "/*" * 10_000, "'" * 9_999, "do " * 10_000,
     "x = " + "f()" * 5_000 + "("],
)  # fmt: skip
def test_hostile_text_is_refused_quickly(source: str) -> None:
    start = time.perf_counter()
    assert texts(source)
    assert time.perf_counter() - start < 3


def test_long_lists_are_no_nesting() -> None:
    analyse(b"x = [" + b"1," * 20_000 + b"];" + b"x = 1;" * 5_000 + b"x = 'a'" + b" $ 'b'" * 5_000 + b";")
    analyse(b"x = 1" + b" + 1" * 1_000 + b";")
    analyse(b"if(1);" + b" else if(1);" * 500)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_end_cleanly(source: bytes) -> None:
    try:
        analyse(source)
    except SyntaxMessages as messages:
        assert messages.texts


WORDS = (
    "a b f 5 1.5 'x' null this true ( ) [ ] { } , ; : . ! + - = += ++ $ && ~ @ ? # == map{ print println 'c'c "
    "var global function use class new thread if else while do for foreach break continue return defer decltree sync"
).split()


@given(st.lists(st.sampled_from(WORDS), max_size=25))
@settings(max_examples=1500, deadline=None)
def test_any_tokens_end_cleanly(words: list[str]) -> None:
    try:
        analyse(" ".join(words).encode())
    except SyntaxMessages as messages:
        assert all(text.startswith("[line ") or text == END for text in messages.texts)


PROGRAM = b"""
class A : B { global x = 1, y; function m( a ) use( x ){ return a[ 0 ].b!c.d( 1, { e, [ f ] = 2 } ); } }
function o.p( a, b = 5 ) = a, b;
foreach( k, v : list ) { for i : .( 1, 2 ) { if( k ) continue; else break 2; } }
( q, r.s ) = f(); do { t ??= new A()(); u = if( a, thread f(), -g++ ); } while( map{ a = 1 }.a );
for( var i = 0, j; i < 3; ++i ) defer println "text", 'A'c, \"\"\"raw\"\"\";
decltree T : B { x = 1; s( 1 ) { y = 2; } }
d.{ a = 1 }[]{ [ 1 ] = 2 };
"""


def test_the_sample_program_is_one() -> None:
    analyse(PROGRAM)


@pytest.mark.parametrize("program", [PROGRAM, *(path.read_bytes() for path in EXAMPLES)])
def test_truncated_programs_end_cleanly(program: bytes) -> None:
    for end in range(0, min(len(program), 3_000), 7):
        try:
            analyse(program[:end])
        except SyntaxMessages as messages:
            assert messages.texts


# --- tables -----------------------------------------------------------------------------------------------------------


def test_tables_are_cached_and_damage_is_ignored() -> None:
    cache: dict[str, bytes] = {}
    made = parser_tables(cache.get, cache.__setitem__)
    [(key, data)] = cache.items()
    assert parser_tables(cache.get, lambda *_: pytest.fail("not from the cache")).rows == made.rows
    for damage in (b"", b"junk", data[:-1], data[:100] + b"?" + data[101:]):
        cache[key] = damage
        assert len(parser_tables(cache.get, cache.__setitem__).rows) == len(made.rows)
        assert cache[key] != damage


def test_parse_alone_gives_the_unit() -> None:
    unit = parse(b"x;")
    assert (unit.name, unit.line, unit.is_unit) == ("<main>", 1, True)
    with pytest.raises(SyntaxMessage):
        parse(b"x")
