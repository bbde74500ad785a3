"""Every message, as scripts and pipes see it and as people do: golden texts.

`tests/messages/*.txt` hold cases: `=== NAME`, the script, `--- plain` with what goes to standard error, `--- pretty`
with the form for people. `(escaped)` behind a name means that `\\r`, `\\xff` and the like stand for bytes,
`(shallow)` that only 20 calls may be active. Scripts run as
`case.sgs` in a folder with the files of `tests/messages/files/`.

After a change of messages: `python tests/test_messages.py --update` writes both forms anew; then read the difference as
a user would. `python tests/test_messages.py NAME...` shows cases.

Rule of this file: `templates.py` reads from the sources which messages there are, and each must be in a case, or in
`UNREACHED` with the reason why no script gets it.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from interp import pretty
from interp.cli import Options, open_engine
from interp.errors import ScriptError, ScriptSyntaxError

sys.path.insert(0, str(Path(__file__).parent / "messages"))
from templates import templates

FOLDER = Path(__file__).parent / "messages"
# pattern -> why no case can have it on every machine
UNREACHED = {
    re.escape("failed to write to file"): "a device must be full for that (tests/test_io_library.py has one)",
    re.escape("failed to get host name"): "the system always has one",
    r"denied\ by\ network\ policy\ \(.*\)": "there is no policy here (tests/sockets has them)",
    re.escape('proxies need the package python-socks: pip install "pysgs[proxy]"'): "it may be installed",
    re.escape('SRV records need the package dnspython: pip install "pysgs[dns]"'): "it may be installed",
}


class Case(NamedTuple):
    """One script with its golden texts."""

    file: str
    name: str
    script: str
    plain: str
    pretty: str

    @property
    def source(self) -> bytes:
        """The bytes of the script."""
        if "(escaped)" in self.name:
            return self.script.encode().decode("unicode_escape").encode("latin-1").rstrip(b"\n")
        return self.script.encode()

    def text(self, plain: str, pretty: str) -> str:
        """The case as it stands in its file."""
        return f"=== {self.name}\n{self.script}--- plain\n{plain}--- pretty\n{pretty}"


def read_cases() -> Iterator[Case]:
    """All cases in the order of their files."""
    for path in sorted(FOLDER.glob("*.txt")):
        for block in re.split(r"^=== ", path.read_text(), flags=re.MULTILINE)[1:]:
            name, _, rest = block.partition("\n")
            script, _, golden = rest.partition("--- plain\n")
            plain, _, shown = golden.partition("--- pretty\n")
            yield Case(path.name, name, script, plain, shown)


def run(case: Case, people: bool) -> str:
    """What a script leaves on standard error; it runs in the current folder."""
    shallow = "(shallow)" in case.name
    errors = io.BytesIO()
    show = pretty.handler(errors.write) if people else None
    options = Options()
    if shallow:
        options.limits["depth"] = 20
    streams = {"stdin": io.BytesIO(), "stdout": io.BytesIO(), "stderr": errors}
    with open_engine(options, **streams, on_message=show) as engine:
        try:
            engine.run(case.source, name="case.sgs")
        except (ScriptError, ScriptSyntaxError):
            pass
    text = errors.getvalue().decode("utf-8", "backslashreplace")
    # a byte that would not show in the file
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", text)


CASES = list(read_cases())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (FOLDER / "files").iterdir():
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file[:-4]}: {case.name}")
def test_golden(case: Case) -> None:
    assert run(case, False) == case.plain
    assert run(case, True) == case.pretty


def test_names_are_unique() -> None:
    names = [(case.file, case.name) for case in CASES]
    assert len(names) == len(set(names))


def test_every_message_has_a_case() -> None:
    said = "\n".join(case.plain for case in CASES)
    missing = [
        f"{template.place}: {template.pattern}"
        for template in templates()
        if template.pattern not in UNREACHED and not re.search(template.pattern, said)
    ]
    assert not missing, "no case in tests/messages for\n" + "\n".join(missing)


def test_what_is_excused_exists() -> None:
    said = "\n".join(case.plain for case in CASES)
    patterns = {template.pattern for template in templates()}
    assert set(UNREACHED) <= patterns
    assert not [pattern for pattern in UNREACHED if re.search(pattern, said)]


def _main(words: list[str]) -> None:
    files: dict[str, list[str]] = {}
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as place:
        for file in (FOLDER / "files").iterdir():
            shutil.copy(file, place)
        os.chdir(place)
        for case in CASES:
            text = case.text(run(case, False), run(case, True))
            files.setdefault(case.file, []).append(text)
            if case.name in words:
                print(text)
        os.chdir(before)
    if "--update" in words:
        for name, texts in files.items():
            (FOLDER / name).write_text("".join(texts))


if __name__ == "__main__":
    _main(sys.argv[1:])
