"""Every function of chapters 06 and 07 with every kind of value at every place: who is refused, and what follows.

The table is written from the chapters, not from the signatures: a wrong signature fails here.
"""

from __future__ import annotations

import io
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from interp import Engine
from interp.message import Message

#: Script expression -> the type's name in messages.
VALUES = {
    "null": "null",
    "true": "bool",
    "3": "int",
    "2.5": "real",
    "'2x'": "string",
    "'x'": "string",
    "''": "string",
    "[ 1 ]": "array",
    "{ a = 1 }": "dict",
    "map()": "map",
    "own": "function",
    "println": "C function",
    "toptr( 5 )": "ptr",
    "yielder": "thread",
    "closed": "closure",
    "iter": "utf8_iterator",
}
PLAIN = {"true", "3", "2.5"}
OBJECTS = {"[ 1 ]", "{ a = 1 }", "map()", "closed", "iter"}
ACCEPTED = {
    "string": PLAIN | OBJECTS | {"'2x'", "'x'", "''"},
    "int": PLAIN | OBJECTS | {"'2x'"},
    "real": PLAIN | OBJECTS | {"'2x'"},
    "bool": PLAIN | OBJECTS,
    "array": {"[ 1 ]"},
    "callable": {"own", "println", "closed"},
    "iterable": {"[ 1 ]", "{ a = 1 }", "map()", "iter"},
}


class Case(NamedTuple):
    """A function or method, its arguments as (type, good value), and how many of them are required."""

    call: str
    prefix: str
    arguments: list[tuple[str, str]]
    required: int


def case(call: str, *arguments: str, prefix: str = "") -> Case:
    """`arguments` are `TYPE VALUE`, the optional ones with `?` in front."""
    pairs = [tuple(argument.lstrip("?").split(" ", 1)) for argument in arguments]
    required = sum(not argument.startswith("?") for argument in arguments)
    return Case(call, prefix or call, pairs, required)  # type: ignore[arg-type]


def parser(name: str, *arguments: str) -> Case:
    return case(f"fmt_string_parser( '12ab' ).{name}", *arguments, prefix=f"fmtstream.{name}")


def file(name: str, *arguments: str) -> Case:
    return case(f"io_file().{name}", *arguments, prefix="file.name")


CASES = [
    case("string_cut", "string 'abc'", "int 1", "?int 2", "?int 0"),
    case("string_part", "string 'abc'", "int 1", "?int 2", "?int 0"),
    case("string_reverse", "string 'abc'"),
    case("string_repeat", "string 'abc'", "int 2"),
    case("string_toupper", "string 'abc'"),
    case("string_tolower", "string 'ABC'"),
    case("string_pad", "string 'abc'", "int 7", "?string '12'", "?int 3"),
    case("string_count", "string 'aaa'", "string 'aa'", "?bool true"),
    case("string_find", "string 'abab'", "string 'a'", "?int 1"),
    case("string_find_rev", "string 'abab'", "string 'a'", "?int 1"),
    case("string_translate", "string 'abc'", "iterable { a = 'b' }"),
    case("string_trim", "string ' abc '", "?string ' c'", "?int 2"),
    case("string_compare", "string 'abc'", "string 'abd'", "?int 2", "?int 1"),
    case("string_implode", "array [ 1, 2 ]", "string ','"),
    case("string_explode", "string 'a,b'", "string ','"),
    case("string_utf8_decode", "string 'abc'"),
    case("string_utf8_offset", "string 'abc'", "int 1", "?int 1"),
    case("string_utf8_iterator", "string 'abc'", "?int 1"),
    case("fmt_pack_count", "string '3l'"),
    case("fmt_pack_size", "string '3l'"),
    case("fmt_pack", "string '3x'"),
    case("fmt_unpack", "string '3c'", "string 'abc'"),
    case("fmt_base64_encode", "string 'abc'"),
    case("fmt_base64_decode", "string 'YWJj'"),
    case("fmt_charcc", "string 'a'", "string 'a-z'"),
    case("fmt_custom_encode", "string 'abc'", "string 'b'", "string '<'", "int 3", "?int 4", "?string '>'"),
    case("fmt_parser", "callable own", "?int 5"),
    case("fmt_string_parser", "string 'abc'", "?int 1", "?int 5"),
    parser("read", "int 1"),
    parser("getchar", "?bool true", "?bool true"),
    parser("readcc", "string '1-2'", "?int 1"),
    parser("skipcc", "string '1-2'", "?int 1"),
    *(
        parser(name, "?bool false", "?int 1")
        for name in (
            "read_real", "read_int", "read_decimal_int", "read_binary_int", "read_octal_int", "read_hex_int"
        )
    ),
    parser("check", "string '12'", "?bool true", "?bool true"),
    case("re_match", "string 'abc'", "string '/b/'", "?int 3", "?int 1"),
    case("re_match_all", "string 'abc'", "string '/b/'", "?int 3", "?int 1"),
    case("re_replace", "string 'abc'", "string '/b/'", "string 'x'"),
    *(
        case(name, "real 0.5")
        for name in (
            "abs", "floor", "ceil", "round", "sqrt", "exp", "sin", "cos", "tan", "asin", "acos", "atan", "deg2rad",
            "rad2deg",
        )
    ),
    *(case(name, "real 0.5", "real 3") for name in ("pow", "log", "atan2")),
    case("io_setcwd", "string '/missing'"),
    case("io_rename", "string '/missing/a'", "string '/missing/b'"),
    case("io_file_exists", "string '/'"),
    case("io_dir_exists", "string '/'"),
    case("io_stat", "string '/missing'"),
    case("io_dir_create", "string '/missing/a'", "?int 3"),
    case("io_dir_delete", "string '/missing'"),
    case("io_file_delete", "string '/missing'"),
    case("io_file_write", "string '/missing/a'", "string 'x'"),
    case("io_file_read", "string '/missing/a'"),
    case("io_dir", "string '/'"),
    file("open", "string '/missing/a'", "int 1"),
    file("read", "int 1"),
    file("write", "string 'x'"),
    file("seek", "int 1", "int 1"),
    file("setbuf", "int 1"),
    case("os_getenv", "string 'PATH'"),
    case("os_putenv", "string 'SOME=1'"),
    case("os_get_timezone", "?bool true"),
    case("os_date_string", "string '%Y'", "?int 5"),
    case("os_parse_time", "?int 5"),
    case("os_make_time", "int 1", "?int 2", "?int 3", "?int 4", "?int 5", "?int 1975"),
    case("os_get_locale", "int 1"),
    case("os_set_locale", "int 1", "string 'C'"),
    case("os_locale_strcmp", "string 'a'", "string 'b'"),
    case("json_decode", "string '[1]'"),
]  # fmt: skip

LIBRARIES = ("string", "fmt", "re", "math", "io", "os", "json")
#: Their further arguments mean something.
ROOMY = {"fmt_pack", "json_decode"}

PRELUDE = """include "string", "fmt", "re", "math", "io", "os", "json";
function own(){} global yielder = co_create( own );
outer = 5; global closed = function() use( outer ){ return outer; }; global iter = string_utf8_iterator( "x" );
"""


def run(calls: list[str]) -> tuple[list[str], list[list[str]]]:
    """The results of some calls as text, and the messages of each about arguments; files are made in a new folder."""
    messages: dict[int | None, list[str]] = {}

    def collect(message: Message) -> None:
        if b" - expected " in message.text:
            messages.setdefault(message.trace[0][2], []).append(message.text.decode())

    out = io.BytesIO()
    source = PRELUDE + "\n".join(f"r = {call}; println( typeof( r ), ' ', r );" for call in calls)
    with Engine(LIBRARIES, stdout=out, on_message=collect) as engine, TemporaryDirectory() as folder:
        engine.run(f'include "io"; io_setcwd( "{folder}" );')
        engine.run(source)
    first = PRELUDE.count("\n") + 1
    return out.getvalue().decode("latin-1").split("\n"), [messages.get(first + i, []) for i in range(len(calls))]


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.call)
def test_who_is_refused_and_what_follows(one: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stdlib.os._now", lambda: 1_000_000_000)
    good = [value for _, value in one.arguments]

    def call(arguments: list[str]) -> str:
        return f"{one.call}( {', '.join(arguments)} )"

    # calls, the message each gives, and the call it then equals
    expected: list[tuple[str, str, str]] = []
    for place, (kind, _) in enumerate(one.arguments):
        refusal = f"{one.prefix}(): argument {place + 1} - expected {kind}, got "
        required = place < one.required
        if required:
            expected.append((call(good[:place]), refusal + "nothing", "null"))
        for value, name in VALUES.items():
            made = call([*good[:place], value, *good[place + 1 :]])
            if value in ACCEPTED[kind]:
                expected.append((made, "", made))
            else:
                silent = value == "null" and not required
                expected.append((made, "" if silent else refusal + name, "null" if required else call(good[:place])))
    full = call(good)
    expected.append((call([*good, "1", "2"]) if one.call not in ROOMY else full, "", full))
    results, messages = run([made for made, _, _ in expected])
    same, _ = run([equal for _, _, equal in expected])
    for (made, message, _), given, result, equal in zip(expected, messages, results, same, strict=False):
        assert given == ([message] if message else []), made
        assert result == equal, made
