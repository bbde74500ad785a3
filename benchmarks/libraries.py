"""Library functions on 1 MB inputs against the Python built-in that does the same work, and on 10 MB against 1 MB.

CPU time of single calls, both sides in turn and with the garbage collector off (when it runs depends on what else is in
memory); the median of the ratios counts. A growth much above 10 would mean that a function is not linear.

    libraries.py [--runs N] [--part NAME] [--only TEXT[,TEXT]] [--update README.md] [--limits]
"""

from __future__ import annotations

import argparse
import atexit
import base64
import collections
import functools
import gc
import io
import json
import os
import re
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from interp import Engine, Limits
from interp.library import iterate, new_array, new_dict
from interp.runtime import state
from interp.runtime.values import Array
from stdlib import fmt, string
from stdlib import io as sgsio
from stdlib import json as sgsjson
from stdlib import re as sgsre
from stdlib.fmt_parser import FormatStream

MB = 1 << 20
LIMIT = 2.0
PARTS = ("string", "utf8", "fmt", "re", "json")
#: What parsers read at once.
_PIECE = 1 << 14
BEGIN, END = "<!-- libraries: begin -->", "<!-- libraries: end -->"

# Why a figure is above `LIMIT`.
REASONS = {
    "fmt_string_parser, getchar": "a method in Python against one in C",
    "fmt_parser": "a script's call for each piece, against one of C",
    "json_decode, strings": "each string is made twice: Python's scanner makes `str`, scripts have bytes",
    "json_decode, one string": "the scanner's `str` has to be copied to bytes",
    "json_decode, UTF-8 strings": "each string is made twice",
    "json_decode, flat dict": "each name is made twice, and the pairs become a dict outside of the scanner",
    "json_decode, records": "a Python call for each object and a look at each value; all at once and without such calls"
    " it was no faster, and could not be stopped",
    "json_decode, nested arrays": "each array is made twice, by a Python call; `json.loads` never leaves C",
    "json_encode, records": "a Python loop over the values; `json.dumps` never leaves C",
    "json_encode, nested arrays": "a Python loop that keeps the nesting on a list; `json.dumps` recurses in C",
}


def reason(name: str) -> str:
    """Why a case is above the limit."""
    return REASONS.get(
        name.removesuffix(", captured").removesuffix(", offsets"), "near the limit; differs from run to run"
    )


class Case(NamedTuple):
    """A call of ours and the built-in's; both take nothing."""

    name: str
    twin: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]


def cases(size: int, part: str = "") -> Iterator[Case]:
    """The cases of one part, or all, with inputs of about `size` bytes."""
    for name in PARTS if not part else [part]:
        yield from globals()[f"{name}_cases"](size)


def native(library: Any, name: str, *args: Any) -> Callable[[], Any]:
    """A call of a library function as scripts make it."""
    function = library.library.functions[name]
    return lambda: function(None, *args)


def string_cases(size: int) -> Iterator[Case]:
    """Chapter 06, sections 2.2 to 2.12 and 2.15."""
    ours = functools.partial(native, string)
    text = (b"The quick brown fox jumps over the lazy dog. " * (size // 45 + 1))[:size]
    words = text.split(b" ")
    other = text[:-1] + b"!"
    spaces = b" " * (size // 2) + b"x" + b" " * (size // 2)
    many_a = b"a" * size

    yield Case("string_cut", "slice", ours("string_cut", text, 1, size - 2), lambda: text[1:-1])
    yield Case("string_part", "slice", ours("string_part", text, 1, size - 2), lambda: text[1:-1])
    yield Case("string_reverse", "`[::-1]`", ours("string_reverse", text), lambda: text[::-1])
    yield Case("string_repeat", "`*`", ours("string_repeat", b"abcd", size // 4), lambda: b"abcd" * (size // 4))
    yield Case("string_toupper", "`upper`", ours("string_toupper", text), text.upper)
    yield Case("string_tolower", "`lower`", ours("string_tolower", text), text.lower)
    yield Case("string_pad", "`ljust`", ours("string_pad", b"x", size), lambda: b"x".ljust(size))
    yield Case("string_pad, both sides", "`center`", ours("string_pad", b"x", size, b" ", 3), lambda: b"x".center(size))
    yield Case("string_count", "`count`", ours("string_count", text, b"fox"), lambda: text.count(b"fox"))
    yield Case(
        "string_count, overlap, no border", "`count`",
        ours("string_count", text, b"fox", True), lambda: text.count(b"fox"),
    )  # fmt: skip
    ahead = re.compile(b"(?=aa)")
    yield Case(
        "string_count, overlap, `aa` in `a…`", "`re`, look-ahead",
        ours("string_count", many_a, b"aa", True), lambda: len(ahead.findall(many_a)),
    )  # fmt: skip
    pairs = re.compile(b"(?=abab)")
    abab = b"ab" * (size // 2)
    yield Case(
        "string_count, overlap, `abab` in `ab…`", "`re`, look-ahead",
        ours("string_count", abab, b"abab", True), lambda: len(pairs.findall(abab)),
    )  # fmt: skip
    yield Case("string_find", "`find`", ours("string_find", other, b"!"), lambda: other.find(b"!"))
    yield Case("string_find_rev", "`rfind`", ours("string_find_rev", text, b"foxy"), lambda: text.rfind(b"foxy"))
    yield Case(
        "string_replace", "`replace`", ours("string_replace", text, b"fox", b"wolf"),
        lambda: text.replace(b"fox", b"wolf"),
    )  # fmt: skip
    yield Case(
        "string_replace, arrays", "`replace`, twice",
        ours("string_replace", text, new_array([b"fox", b"dog"]), new_array([b"wolf", b"cat"])),
        lambda: text.replace(b"fox", b"wolf").replace(b"dog", b"cat"),
    )  # fmt: skip
    yield Case(
        "string_translate", "`replace`, twice",
        ours("string_translate", text, new_dict({b"fox": b"wolf", b"dog": b"cat"})),
        lambda: text.replace(b"fox", b"wolf").replace(b"dog", b"cat"),
    )  # fmt: skip
    yield Case("string_trim", "`strip`", ours("string_trim", spaces), lambda: spaces.strip(b" \t\r\n"))
    yield Case(
        "string_compare", "`<`, `>`", ours("string_compare", text, other), lambda: (text > other) - (text < other)
    )
    yield Case("string_implode", "`join`", ours("string_implode", new_array(words), b" "), lambda: b" ".join(words))
    yield Case("string_explode", "`split`", ours("string_explode", text, b" "), lambda: text.split(b" "))
    yield Case(
        "string_explode, bytes", "list of slices", ours("string_explode", text, b""),
        lambda: [text[i : i + 1] for i in range(size)],
    )  # fmt: skip
    numbers = list(range(size // 6))
    yield Case(
        "string_implode, numbers", "`str`, `join`", ours("string_implode", new_array(numbers), b" "),
        lambda: " ".join(map(str, numbers)).encode(),
    )  # fmt: skip
    values = list(text)
    yield Case("string_frombytes", "`bytes`", ours("string_frombytes", new_array(values)), lambda: bytes(values))
    template = b"{1} and {2:x} " * (size // 14)
    pattern = re.compile(rb"\{(\d)(?::(.))?\}")
    yield Case(
        "string_format, many items", "`re.sub`",
        ours("string_format", template, b"some text", 255),
        lambda: pattern.sub(lambda found: b"some text" if found[1] == b"1" else b"%x" % 255, template),
    )  # fmt: skip
    long_text = b"x" * size
    yield Case(
        "string_format, one long item", "`%`", ours("string_format", b"<{1}>", long_text), lambda: b"<%b>" % long_text
    )


#: Runs through an iterator.
exhaust = collections.deque(maxlen=0).extend


def utf8_cases(size: int) -> Iterator[Case]:
    """Chapter 06, section 2.13."""
    ours = functools.partial(native, string)
    plain = b"plain text " * (size // 11)
    mixed = "naïve café costs 5 € ".encode() * (size // 25)
    garbage = (bytes(range(128, 256)) + b"some text") * (size // 137)
    points = list(map(ord, mixed.decode()))
    # Python's decoder divides wrong text otherwise; this is the same division.
    division = re.compile(
        rb"[\xc0-\xdf][\x00-\xff]?|[\xe0-\xef][\x00-\xff]{0,2}|[\xf0-\xf7][\x00-\xff]{0,3}|[\x00-\xff]"
    )

    for kind, text in (("ASCII", plain), ("mixed", mixed)):
        yield Case(
            f"string_utf8_decode, {kind}", "`decode`, `ord`", ours("string_utf8_decode", text),
            lambda text=text: list(map(ord, text.decode())),
        )  # fmt: skip
        yield Case(
            f"string_utf8_length, {kind}", "`len`, `decode`", ours("string_utf8_length", text),
            lambda text=text: len(text.decode()),
        )  # fmt: skip
        yield Case(
            f"string_utf8_offset, {kind}", "`decode`, `encode`",
            ours("string_utf8_offset", text, size // 5),
            lambda text=text: len(text[: 4 * (size // 5)].decode(errors="ignore")[: size // 5].encode()),
        )  # fmt: skip
    yield Case(
        "string_utf8_decode, garbage", "`decode(errors=…)`, `ord`", ours("string_utf8_decode", garbage),
        lambda: list(map(ord, garbage.decode(errors="replace"))),
    )  # fmt: skip
    yield Case(
        "string_utf8_length, garbage", "`re.findall`", ours("string_utf8_length", garbage),
        lambda: len(division.findall(garbage)),
    )  # fmt: skip
    yield Case(
        "string_utf8_encode", "`chr`, `join`, `encode`", ours("string_utf8_encode", new_array(points)),
        lambda: "".join(map(chr, points)).encode(),
    )  # fmt: skip
    iterator = ours("string_utf8_iterator", mixed)
    yield Case(
        "string_utf8_iterator", "`re.finditer`, `ord`", lambda: exhaust(iterate(iterator())),
        lambda: exhaust((found.start(), ord(found[0].decode())) for found in division.finditer(mixed)),
    )  # fmt: skip


def scratch_file(data: bytes) -> str:
    """The path of a temporary file with these bytes, which is there until the process ends."""
    number, name = tempfile.mkstemp()
    atexit.register(os.unlink, name)
    with open(number, "wb") as file:
        file.write(data)
    return name


def read_in_pieces(path: bytes) -> bytes:
    """A whole file, read as a parser does."""
    with open(path, "rb") as file:
        return b"".join(iter(lambda: file.read(_PIECE), b""))


def fmt_cases(size: int) -> Iterator[Case]:
    """Chapter 06, section 3."""
    ours = functools.partial(native, fmt)
    data = bytes(range(256)) * (size // 256)
    encoded = base64.b64encode(data)
    ints = list(range(size // 4))
    reals = [number / 7 for number in range(size // 8)]
    layout = f"{len(ints)}l".encode()
    yield Case(
        "fmt_pack, ints", "`struct.pack`", ours("fmt_pack", layout, *ints),
        lambda: struct.pack(f"<{len(ints)}I", *ints),
    )  # fmt: skip
    yield Case(
        "fmt_pack, reals", "`struct.pack`", ours("fmt_pack", b"%dd" % len(reals), *reals),
        lambda: struct.pack(f"<{len(reals)}d", *reals),
    )  # fmt: skip
    signed = [(-number if number & 1 else number) for number in ints]
    yield Case(
        "fmt_pack, negative ints", "`struct.pack`", ours("fmt_pack", layout, *signed),
        lambda: struct.pack(f"<{len(ints)}i", *signed),
    )  # fmt: skip
    yield Case(
        "fmt_unpack", "`struct.unpack`", ours("fmt_unpack", layout, data),
        lambda: list(struct.unpack(f"<{len(ints)}I", data)),
    )  # fmt: skip
    yield Case("fmt_base64_encode", "`b64encode`", ours("fmt_base64_encode", data), lambda: base64.b64encode(data))
    yield Case(
        "fmt_base64_decode", "`b64decode`", ours("fmt_base64_decode", encoded),
        lambda: base64.b64decode(encoded, validate=True),
    )  # fmt: skip
    letters = b"l" * size
    yield Case(
        "fmt_pack_count", "`struct.Struct`", ours("fmt_pack_count", letters),
        lambda: struct.Struct(b"<" + letters).size // 4,
    )  # fmt: skip
    yield Case(
        "fmt_pack_size", "`struct.Struct`", ours("fmt_pack_size", letters), lambda: struct.Struct(b"<" + letters).size
    )
    lower = b"abcdefgh" * (size // 8)
    run = re.compile(b"[a-z]*")
    open_stream = ours("fmt_string_parser", lower)
    yield Case(
        "fmt_string_parser, readcc", "`re.match`", lambda: open_stream().run(b"a-z", size),
        lambda: run.match(lower)[0],  # type: ignore[index]
    )  # fmt: skip
    getchar = getattr(FormatStream, "$getchar")

    def characters() -> None:
        stream = open_stream()
        for _ in range(size):
            getchar(stream)

    def bytes_read() -> None:
        stream = io.BytesIO(lower)
        for _ in range(size):
            stream.read(1)

    yield Case("fmt_string_parser, getchar", "`BytesIO.read`", characters, bytes_read)
    parts = [lower[at : at + _PIECE] for at in range(0, size, _PIECE)]

    def source() -> Callable[..., bytes | None]:
        left = iter(parts)
        return lambda *_: next(left, None)

    yield Case(
        "fmt_parser", "`join`, `iter`", lambda: native(fmt, "fmt_parser", source(), _PIECE)().read(size),
        lambda: b"".join(iter(source(), None)),
    )  # fmt: skip
    path = os.fsencode(scratch_file(lower))
    open_file = native(sgsio, "io_file", path, 1)
    yield Case(
        "fmt_file_parser", "`read`, `join`",
        lambda: native(fmt, "fmt_file_parser", open_file(), _PIECE)().read(size), lambda: read_in_pieces(path),
    )  # fmt: skip
    single = [bytes((byte,)) for byte in lower]
    charcc = fmt.library.functions["fmt_charcc"]
    yield Case(
        "fmt_charcc, each byte", "`re.match`", lambda: [charcc(None, byte, b"a-f") for byte in single],
        lambda: [re.match(b"[a-f]", byte) is not None for byte in single],
    )  # fmt: skip
    text = b"a text with <b>marks</b> & more of them " * (size // 40)
    marks = re.compile(b"[<>&]")
    yield Case(
        "fmt_custom_encode", "`re.sub`", ours("fmt_custom_encode", text, b"<>&", b"%", 5, 2),
        lambda: marks.sub(lambda found: b"%%%02X" % found[0][0], text),
    )  # fmt: skip
    template = b"{s} and {x} " * (size // 12)
    values = [b"some text", 255] * (size // 12)
    items = re.compile(rb"\{(.)\}")

    def replaced() -> bytes:
        left = iter(values)
        return items.sub(lambda found: b"%b" % next(left) if found[1] == b"s" else b"%x" % next(left), template)

    yield Case("fmt_text, many items", "`re.sub`", ours("fmt_text", template, *values), replaced)
    long_text = b"x" * size
    yield Case("fmt_text, one long item", "`%`", ours("fmt_text", b"<{s}>", long_text), lambda: b"<%b>" % long_text)
    yield Case("fmt_text, one wide item", "`ljust`", ours("fmt_text", b"{s%dr}" % size, b"x"), lambda: b"x".ljust(size))


def re_cases(size: int) -> Iterator[Case]:
    """Chapter 06, section 5."""
    ours = functools.partial(native, sgsre)
    text = b"name=value; other = 12345, last one -- " * (size // 39)
    for title, pattern in (
        ("a word", b"other"),
        ("class", b"[0-9]+"),
        ("groups", b"([a-z]+) = ([0-9]+)"),
        ("alternatives", b"(name|other|last)"),
        ("up to a mark", b"=[^;]*;"),
        ("may be empty", b"[0-9]*"),
        ("nested repeats", b"([a-z]+ ?)+="),
    ):
        ours_pattern = b"/" + pattern + b"/"
        twin = re.compile(pattern, re.DOTALL)
        yield Case(
            f"re_match_all, {title}", "`finditer`", ours("re_match_all", text, ours_pattern),
            lambda twin=twin: sum(1 for _ in twin.finditer(text)),
        )  # fmt: skip
        yield Case(
            f"re_match_all, {title}, captured", "`finditer`", ours("re_match_all", text, ours_pattern, 1),
            lambda twin=twin: [[found[0], *found.groups()] for found in twin.finditer(text)],
        )  # fmt: skip
        yield Case(
            f"re_match_all, {title}, offsets", "`finditer`", ours("re_match_all", text, ours_pattern, 2),
            lambda twin=twin: [list(map(list, found.regs)) for found in twin.finditer(text)],
        )  # fmt: skip
        yield Case(
            f"re_replace, {title}", "`sub`", ours("re_replace", text, ours_pattern, b"x"),
            lambda twin=twin: twin.sub(b"x", text),
        )  # fmt: skip
    twin = re.compile(b"([a-z]+) = ([0-9]+)")
    yield Case(
        "re_replace, with groups", "`sub`", ours("re_replace", text, b"/([a-z]+) = ([0-9]+)/", b"$2 is $1"),
        lambda: twin.sub(rb"\2 is \1", text),
    )  # fmt: skip
    last = re.compile(b"([a-z]+)!")
    yield Case("re_match, no match", "`search`", ours("re_match", text, b"/([a-z]+)!/"), lambda: last.search(text))


def json_cases(size: int) -> Iterator[Case]:
    """Chapter 07, section 5."""
    documents: dict[str, Any] = {
        "strings": [f"string number {number}" for number in range(size // 20)],
        "one string": "x" * size,
        "UTF-8 strings": [f"naïve café {number}" for number in range(size // 18)],
        "ints": [number * 7919 for number in range(size // 9)],
        "reals": [number / 7 for number in range(size // 18)],
        "flat dict": {f"key{number}": number for number in range(size // 16)},
        "records": [
            {"id": number, "name": f"user {number}", "score": number / 7, "tags": ["a", "b"], "ok": True, "none": None}
            for number in range(size // 80)
        ],
        "nested arrays": [[[1, 2], [3, [4]]] for _ in range(size // 16)],
    }
    for title, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        value = native(sgsjson, "json_decode", text)()
        yield Case(
            f"json_decode, {title}", "`json.loads`", native(sgsjson, "json_decode", text),
            lambda text=text: json.loads(text),
        )  # fmt: skip
        yield Case(
            f"json_encode, {title}", "`json.dumps`", native(sgsjson, "json_encode", value),
            lambda document=document: json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
        )  # fmt: skip


# --- measuring --------------------------------------------------------------------------------------------------------


def seconds(function: Callable[[], Any], times: int) -> float:
    """CPU seconds of `times` calls."""
    begin = time.process_time()
    for _ in range(times):
        function()
    return time.process_time() - begin


def repeats(function: Callable[[], Any]) -> int:
    """How many calls take long enough to be measured."""
    return max(1, min(1000, int(0.01 / max(seconds(function, 1), 1e-6))))


def measure(case: Case, runs: int) -> tuple[float, float, float]:
    """Median seconds of a call of ours and of theirs, and the median ratio of the pairs."""
    times = max(repeats(case.ours), repeats(case.theirs))
    pairs = [(seconds(case.ours, times), seconds(case.theirs, times)) for _ in range(runs)]
    ours, theirs = (statistics.median(side) / times for side in zip(*pairs, strict=True))
    return ours, theirs, statistics.median(ours / theirs for ours, theirs in pairs)


def growth(small: Case, large: Case, runs: int) -> tuple[float, float]:
    """How many times longer ten times the input takes, ours and theirs; the best of the runs: slowness is accident."""
    factors = []
    for few, many in ((small.ours, large.ours), (small.theirs, large.theirs)):
        times = repeats(many)
        factors.append(min(seconds(many, times) for _ in range(runs)) / min(seconds(few, times) for _ in range(runs)))
    return factors[0], factors[1]


def rows(runs: int, only: list[str], part: str) -> dict[str, str]:
    """Name and line of the table, for the cases of a part (all: "") whose names contain one of the texts in `only`."""
    found = {}
    for small, large in zip(cases(MB, part), cases(10 * MB, part), strict=True):
        if only and not any(text in small.name for text in only):
            continue
        ours, _, ratio = measure(small, runs)
        grown, theirs = growth(small, large, max(2, runs // 2))
        shown = f"**{ratio:.2f}**" if ratio > LIMIT else f"{ratio:.2f}"
        found[small.name] = (
            f"| {small.name} | {small.twin} | {1000 * ours:.3g} | {shown} | {grown:.1f} | {theirs:.1f} |"
        )
        print(found[small.name], flush=True)
        gc.collect()
    return found


def document(found: dict[str, str]) -> str:
    """The Markdown table, in the order of the cases, and why some are above the limit."""
    names = [case.name for case in cases(1 << 12) if case.name in found]
    lines = [
        "| call | built-in | ms, 1 MB | ratio | 10 MB / 1 MB | the built-in's |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        *(found[name] for name in names),
    ]
    notes = [f"* {name}: {reason(name)}." for name in names if "| **" in found[name]]
    return "\n".join(lines + (["", "Above 2:", "", *notes] if notes else []))


def update(path: Path, found: dict[str, str]) -> None:
    """Put rows into the table in a file, in the place of those of the same name."""
    head, rest = path.read_text().split(BEGIN)
    old, tail = rest.split(END)
    kept = {line.split(" | ")[0].removeprefix("| "): line for line in old.splitlines() if line.startswith("| ")}
    path.write_text(f"{head}{BEGIN}\n\n{document({**kept, **found})}\n\n{END}{tail}")


def free_world() -> state.World:
    """A world without limits."""
    world = state.World()
    world.array_type = Array
    world.namespace["$stop"] = False
    return world


def limited_world() -> state.World:
    """The world of an engine whose limits are set, but high."""
    world: state.World = Engine(limits=Limits(seconds=1e6, memory=1 << 50, operations=1 << 50))._world
    return world


def main() -> None:
    """Prints the rows; with `--update` also puts them into the table between the marks in a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs for each case")
    parser.add_argument("--only", default="", help="only cases whose names contain one of these texts")
    parser.add_argument("--part", default="", choices=PARTS, help="only these cases")
    parser.add_argument("--update", type=Path, help="a file with the two marks, to put the rows into")
    parser.add_argument("--limits", action="store_true", help="in an engine with limits of memory, time and operations")
    options = parser.parse_args()
    world = limited_world() if options.limits else free_world()
    before = state.switch(world.root)
    gc.disable()
    try:
        found = rows(options.runs, [text for text in options.only.split(",") if text], options.part)
        if options.update:
            update(options.update, found)
    finally:
        gc.enable()
        state.switch(before)


if __name__ == "__main__":
    main()
