"""Runs mutated corpus programs and arbitrary bytes in this process and reports whatever is not a script's business.

Run as a program with a kind, a first seed and a count. Each program has an engine of its own that sees no files, with a
limit on everything; whatever leaves it must be one of the host's documented exceptions, and nothing it prints may show
the host: no Python exception, type or file.
"""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import io
import random
import re
import sys
from pathlib import Path

from interp.engine import Engine, Limits
from interp.errors import LimitExceeded, ScriptError, ScriptExit, ScriptInterrupted, ScriptSyntaxError

CORPUS = Path(__file__).parents[1] / "conformance"
FOLDERS = ("expressions", "statements", "objects", "core", "threads", "text")
KNOWN = (LimitExceeded, ScriptError, ScriptExit, ScriptInterrupted, ScriptSyntaxError)
HOST = re.compile(
    rb"Traceback|\.py\b|<class '|\bobject at 0x|\b[A-Z][a-z]+(?:Type|Value|Attribute|Key|Index|Name|Runtime|Unicode)Error\b"
    rb"|\b(?:Type|Value|Attribute|Key|Index|Name|Runtime|Unicode\w*|Recursion|Overflow|Memory|ZeroDivision|Assertion)Error\b"
    rb"|NoneType|\bMISSING\b|ScriptAbort|\$unit|built-in function|bytes-like|positional argument"
)
TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[A-Za-z_][A-Za-z_0-9]*|[0-9.]+|\s+|[-+*/%&|^<>=!?$@~.]+|.', re.S
)
SPICE = [
    b"null", b"true", b"0", b"-1", b"1.5", b"9223372036854775807", b'""', b'"x"', b"[]", b"{}", b"map{}", b"_G", b"_R", b"_F", b"_T",
    b"this", b"( 1 / 0 )", b"function(){}", b"println", b"array", b"[ 1, 2 ]", b"new A()", b"@", b"-", b"!", b"++", b"yield;", b"break;",
    b"continue;", b"return;", b"defer", b"sync(", b"race( 0 )", b"thread", b"use( a )", b"global a;", b"co_create( function(){} )",
    b"event()", b"get_iterator( [ 1 ] )", b"println.apply", b"5p", b"$", b"..", b"=", b"??", b"include", b"eval", b"pcall", b"clone",
    b"metaobj_set", b"class", b"unset", b"sort_custom", b"resize", b"serialize", b"abort();", b"toptr( 1 )", b"1e999",
]  # fmt: skip
VALUES = [
    b"null", b"true", b"false", b"0", b"-1", b"2", b"1.5", b"9223372036854775807", b"1e999", b'""', b'"x"', b'"12"', b"[]", b"[ 1, 2 ]", b"{}",
    b"{ a = 1 }", b"map{ [ 1 ] = 2 }", b"_G", b"_R", b"_F", b"_T", b"this", b"println", b"array", b"5p", b"function( a ){ return a; }",
    b"event()", b"get_iterator( [ 1 ] )", b"new Fuzz()", b"co_create( function(){ yield 1; } )", b"va_get_args()", b"sys_backtrace()",
    b"@( 1 / 0 )", b"fuzz", b"mm_getindex_router", b"clone", b"yield", b"abort", b"eval", b"pcall", b"typeof", b"process_threads",
]  # fmt: skip
OPERATORS = [
    b"+", b"-", b"*", b"/", b"%", b"&", b"|", b"^", b"<<", b">>", b"==", b"!=", b"===", b"!==", b"<", b"<=", b">", b">=", b"<=>", b"&&", b"||",
    b"??", b"$", b"..",
]  # fmt: skip
ASSIGNMENTS = [
    b"=",
    b"+=",
    b"-=",
    b"*=",
    b"/=",
    b"%=",
    b"&=",
    b"|=",
    b"^=",
    b"<<=",
    b">>=",
    b"$=",
    b"&&=",
    b"||=",
    b"??=",
]
WORDS = frozenset(
    b"var global thread subthread sync race null true false if else do while for foreach break continue function use return this new defer"
    b" decltree class print println yield include map c".split()
)
# every value's members of a class that answers everything, now and then
PRELUDE = (
    b"class Fuzz { function __getindex( k ){ return k; } function __add( a, b ){ return b; } function __compare( a, b ){ return 1; }"
    b' function __tostring(){ return "F"; } function __call( t ){ return this; } function __tobool(){ return false; }'
    b' function __negate(){ return 1; } function __typeof(){ return "fuzz"; } function __clone(){ return 3; } } global fuzz = new Fuzz(); '
)
BANNED = (b"app_abort", b"app_exit", b"read_stdin", b"include_shared", b"import_cfunc")


def programs() -> list[bytes]:
    found = []
    for folder in FOLDERS:
        for path in sorted((CORPUS / folder).glob("*.sgs")):
            source = path.read_bytes()
            if len(source) < 4000 and not any(word in source for word in BANNED):
                found.append(source)
    return found


def mutate(rng: random.Random, sources: list[bytes]) -> bytes:
    """A corpus program with a few tokens dropped, doubled, swapped, replaced, or taken from another program."""
    tokens = TOKEN.findall(rng.choice(sources))
    other = TOKEN.findall(rng.choice(sources))
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        if not tokens:
            break
        i = rng.randrange(len(tokens))
        kind = rng.randrange(7)
        if rng.random() < 0.85:
            # most programs should still compile
            _replace(rng, tokens, other)
        elif kind == 0:
            del tokens[i]
        elif kind == 1:
            tokens.insert(i, tokens[i])
        elif kind == 2:
            j = rng.randrange(len(tokens))
            tokens[i], tokens[j] = tokens[j], tokens[i]
        elif kind == 3:
            tokens[i] = rng.choice(SPICE)
        elif kind == 4:
            tokens.insert(i, b" " + rng.choice(SPICE) + b" ")
        elif kind == 5:
            names = [token for token in other if token[:1].isalpha()] or [b"x"]
            tokens[i] = rng.choice(names)
        else:
            j = rng.randrange(len(other)) if other else 0
            tokens[i:i] = other[j : j + rng.randint(1, 12)]
    return PRELUDE + b"".join(tokens) if rng.random() < 0.7 else b"".join(tokens)


def _replace(rng: random.Random, tokens: list[bytes], other: list[bytes]) -> None:
    """Puts another value, name or operator in the place of one."""
    for i in range(rng.randrange(len(tokens)), len(tokens)):
        token = tokens[i]
        if token in OPERATORS:
            tokens[i] = rng.choice(OPERATORS)
            return
        if token in ASSIGNMENTS:
            tokens[i] = rng.choice(ASSIGNMENTS)
            return
        if token[:1].isdigit() or token[:1] in (b'"', b"'"):
            tokens[i] = b"( " + rng.choice(VALUES) + b" )"
            return
        if (token[:1].isalpha() or token[:1] == b"_") and token not in WORDS and rng.random() < 0.5:
            names = [name for name in other if name[:1].isalpha() and name not in WORDS] or [b"x"]
            after = tokens[i - 1] if i else b""
            tokens[i] = rng.choice(names) if after == b"." or rng.random() < 0.5 else rng.choice(VALUES)
            return


def noise(rng: random.Random, sources: list[bytes]) -> bytes:
    """Arbitrary bytes, cut programs, programs with bytes changed."""
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(rng.randrange(256) for _ in range(rng.randint(0, 60)))
    if kind == 1:
        return bytes(rng.choice(b"(){}[];:,.=+-*/%&|^<>!?$@~'\"\\ \n#ab1_") for _ in range(rng.randint(0, 60)))
    source = bytearray(rng.choice(sources))
    if kind == 2:
        return bytes(source[: rng.randrange(len(source) + 1)])
    for _ in range(rng.randint(1, 5)):
        source[rng.randrange(len(source))] = rng.randrange(256)
    return bytes(source)


def judge(source: bytes, seconds: float = 2.0) -> str | None:
    """What is wrong with how a program ended, None when nothing is."""
    if any(word in source for word in BANNED):
        return None
    out, err = io.BytesIO(), io.BytesIO()
    limits = Limits(seconds=seconds, memory=128 << 20, output=1 << 20)
    engine = Engine(stdin=io.BytesIO(), stdout=out, stderr=err, limits=limits, cache=False)
    problem = None
    try:
        engine.run(source, name="t.sgs")
    except KNOWN as known:
        if HOST.search(str(known).encode("latin-1", "replace")):
            problem = f"message of {type(known).__name__}: {known}"
    except BaseException as other:
        import traceback

        problem = f"{type(other).__name__}: {other}\n" + "".join(traceback.format_exception(other)[-6:])
    try:
        engine.close()
    except BaseException as other:
        problem = problem or f"closing: {type(other).__name__}: {other}"
    shown = HOST.search(out.getvalue() + err.getvalue())
    if problem is None and shown and not HOST.search(source):
        text = out.getvalue() + err.getvalue()
        problem = f"printed {text[max(0, shown.start() - 60) : shown.end() + 60]!r}"
    return problem


def main(kind: str, first: int, count: int) -> None:
    sources = programs()
    for seed in range(first, first + count):
        source = (mutate if kind == "mutate" else noise)(random.Random(f"{kind}{seed}"), sources)
        sys.stdout.write(f"@{seed}\r")
        sys.stdout.flush()
        problem = judge(source)
        if problem is not None:
            print(f"\nseed {seed}: {problem}\n--- program\n{source.decode('latin-1')}\n---", flush=True)
    print("\ndone")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
