"""Writes `docs/reference/*.md`: every function, method and property of every library, from what declares it.

Rules of this file: signature, result and errors come from the declarations and their docstrings, examples from
`examples.txt`; nothing is written by hand in the pages. `python docs/generate_reference.py` rewrites them, with
`--check` it only says whether they are up to date (exit status 1 when not).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from interp.libraries import BUILT_IN, CORE
from interp.library import TYPES, Library, prop
from interp.vocabulary import CHAPTER, about, constants_elsewhere

HERE = Path(__file__).parent
PAGES = ("core", "string", "fmt", "re", "math", "io", "os", "json", "sockets")
RESULTS = {
    "bytes": "string", "float": "real", "None": "null", "Array": "array", "list[Any]": "array", "Map": "map",
    "tuple[()]": "nothing", "tuple[bytes, ...]": "string", "tuple[Any, ...]": "several values", "Any": "any value",
    "Event": "event", "Pointer": "pointer", "Utf8Iterator": "utf8_iterator", "FormatStream": "fmtstream",
    "DirectoryIterator": "directory_iterator", "File": "file", "SocketAddress": "socket_address", "Socket": "socket",
    "Cancellable": "socket_cancellable", "Poller": "socket_poller", "Watch": "socket_watch",
    "SocketClient": "socket_client",
}  # fmt: skip
# Where the guide to the formats and patterns of a library is.
GUIDES = {
    "string": ("formats.md#texts-with-values-string_format-fmt_text", "the items of `string_format`"),
    "fmt": ("formats.md", "text formats, pack formats and character classes"),
    "re": ("formats.md#regular-expressions-re_match-re_match_all-re_replace", "what patterns may hold"),
    "os": ("formats.md#dates-os_date_string", "the codes of `os_date_string`"),
    "io": ("formats.md#files-io_file", "the modes of `io_file`"),
    "sockets": ("sockets.md", "the tasks, one by one"),
}
# A sentence with one of these tells what can go wrong.
FAULT = re.compile(
    r"^(?!Options)(.*\b(Warning|Warns|warns|Error|Errors|fail\w*|E[A-Z]{4,}|unknown|[Nn]ull and)\b|Not found)"
)
EXAMPLE = re.compile(r"(?P<code>.*?)(?: (?P<kind>->|=>|exits) (?P<expected>(?:(?! -> | => ).)*))?")


class Example(NamedTuple):
    """One line of `examples.txt`: `kind` is `->`, `=>`, `exits` or empty."""

    library: str
    name: str
    code: str
    kind: str
    expected: str


class Entry(NamedTuple):
    """One documented thing: `owner` is the type of a member, empty for a global function."""

    owner: str
    name: str
    signature: str
    result: str
    text: str
    is_property: bool

    @property
    def key(self) -> str:
        """The name in `examples.txt`."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


def examples() -> dict[str, Example]:
    """The examples by name. ValueError for a line that is none."""
    found: dict[str, Example] = {}
    library = ""
    for line in (HERE / "examples.txt").read_text().splitlines():
        if line.startswith("["):
            library = line.strip("[]")
        elif line and not line.startswith("#"):
            name, colon, rest = line.partition(": ")
            match = EXAMPLE.fullmatch(rest)
            if not colon or match is None or name in found:
                raise ValueError(f"examples.txt: {line}")
            found[name] = Example(library, name, match["code"], match["kind"] or "", match["expected"] or "")
    return found


def libraries(page: str) -> list[Library]:
    """The library objects whose functions a page describes."""
    if page == "core":
        return [import_module(f"stdlib.core.{part}").library for part in CORE]
    return [import_module(BUILT_IN[page]).library]


def entries(page: str) -> Iterator[Entry]:
    """Everything a page describes: the functions in the order of their declarations, then the members of types."""
    made = libraries(page)
    for library in made:
        for native in library.functions.values():
            yield _native("", native)
    if page == "core":
        for native in import_module("stdlib.core.arrays").METHODS.values():
            yield _native("array", native)
    modules = {BUILT_IN[page].split(".")[0] + "."} if page == "sockets" else {f"stdlib.{page}"}
    for name, cls in TYPES.items():
        module = cls.__module__
        if not any(module.startswith(start) for start in modules | ({"stdlib.core."} if page == "core" else set())):
            continue
        for key, member in getattr(cls, "members", {}).items():
            if isinstance(member, prop):
                result = _result(member.getter, False)
                if result in ("any value", "null"):
                    result = "bool" if member.doc.startswith("Whether") else ""
                access = "read and write" if member.fset else "read only"
                result += f"{', ' if result else ''}{access}"
                yield Entry(name, key.decode(), key.decode(), result, about(member.doc), True)
            else:
                yield _native(name, member)


def _native(owner: str, native: Any) -> Entry:
    spec = native.spec
    signature = re.sub(r"\(\s+\)", "()", " ".join(spec.signature.split()))
    return Entry(owner, spec.name, signature, _result(spec.body, spec.multi is not None), about(spec.doc), False)


def _result(body: Any, multi: bool) -> str:
    declared = str(getattr(body, "__annotations__", {}).get("return", "Any"))
    if declared == "Any":
        return "any value" + (" (or several)" if multi else "")
    return " or ".join(RESULTS.get(part, part) for part in declared.split(" | "))


def split_faults(text: str) -> tuple[str, str]:
    """A description and what can go wrong, told apart by sentences."""
    sentences = re.split(r"(?<=[.)])\s+(?=[A-Z`])", text)
    faults = [part for part in sentences[1:] if FAULT.search(part)]
    rest = [part for part in sentences if part not in faults]
    parts = rest[0].split("; ") if rest else []
    if len(parts) > 1 and FAULT.search(parts[-1]) and not faults:
        faults.append(parts.pop())
        rest[0] = "; ".join(parts) + "."
    told = " ".join(part.removeprefix("Errors: ") for part in faults)
    return " ".join(rest), told[:1].upper() + told[1:]


def page(name: str, samples: dict[str, Example]) -> str:
    """The Markdown of one page. KeyError for a thing without an example."""
    lines = [f"# {'Core functions' if name == 'core' else 'Library `' + name + '`'}", ""]
    lines.append("<!-- made by docs/generate_reference.py -->")
    lines.append("")
    if name == "core":
        lines.append("Always there, without an `include`.")
    else:
        what = CHAPTER.sub("", libraries(name)[0].doc).rstrip(".")
        lines.append(f'`include "{name}";` — {what}.')
    if name in GUIDES:
        target, title = GUIDES[name]
        lines += ["", f"[{target.partition('#')[0]}](../{target}) has {title}."]
    lines += ["", "Every argument of another type than its signature asks for is converted where that is possible;",
              "otherwise the call is a Warning `argument N - expected KIND, got TYPE` and gives null.", ""]  # fmt: skip
    owner = ""
    for entry in entries(name):
        if entry.owner != owner:
            owner = entry.owner
            lines += [f"## Members of `{owner}`", ""]
        told, faults = split_faults(entry.text)
        sample = samples[entry.key]
        title = entry.signature if not entry.owner else f"{entry.owner}.{entry.signature}"
        shown = sample.code
        if sample.kind:
            shown += f"   // {'' if sample.kind == '->' else 'prints ' if sample.kind == '=>' else 'exits with '}"
            shown += sample.expected
        lines += [f"{'###' if owner else '##'} `{title}`", "", told, ""]
        lines.append(f"- {'Value' if entry.is_property else 'Result'}: {entry.result}")
        lines += [f"- Errors: {faults or 'none of its own'}", "", "```", shown, "```", ""]
    constants = {key for library in libraries(name) for key in library.constants}
    if constants:
        lines += ["## Constants", ""]
        if name == "sockets":
            constants |= _constants_before(name)
            lines += ["Those of the system's own interface exist where the system and its Python have them.", ""]
        lines += [", ".join(f"`{key}`" for key in sorted(constants)), ""]
    return "\n".join(lines)


def _constants_before(name: str) -> set[str]:
    """Constants on the present page that another system or version of Python has."""
    path = HERE / "reference" / f"{name}.md"
    return constants_elsewhere(path.read_text().partition("## Constants")[2]) if path.exists() else set()


def index() -> str:
    """The Markdown of the list of pages."""
    lines = ["# Reference", "", "<!-- made by docs/generate_reference.py -->", ""]
    for name in PAGES:
        found = list(entries(name))
        names = ", ".join(f"`{entry.name}`" for entry in found if not entry.owner)
        lines += [f"## [{name}]({name}.md)", "", names, ""]
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """The text of every page by its path."""
    samples = examples()
    made = {HERE / "reference" / f"{name}.md": page(name, samples) for name in PAGES}
    made[HERE / "reference" / "README.md"] = index()
    return made


def main(argv: list[str]) -> int:
    """Write the pages, or with `--check` compare them; the exit status."""
    stale = 0
    for path, text in pages().items():
        if "--check" in argv:
            if not path.exists() or path.read_text() != text:
                print(f"{path.name} is out of date")
                stale = 1
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
