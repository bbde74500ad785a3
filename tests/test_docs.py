"""The documentation does what it says: every example, every code block of the guides, and the pages are up to date.

In the guides a fenced block tagged `sgs` is a script, and the block tagged `output` behind it is what it prints.
"""

from __future__ import annotations

import importlib.util
import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from interp.cli import open_engine
from interp.departures import LABELS
from interp.errors import ScriptExit

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def _generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate_reference", DOCS / "generate_reference.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules["generate_reference"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = _generator()
EXAMPLES = reference.examples()


def last_expression(code: str) -> tuple[str, str]:
    """The statements of an example before its last expression, and that expression."""
    bare = re.sub(r'"(\\.|[^"\\])*"', lambda text: "_" * len(text[0]), code)
    depth = 0
    cut = 0
    for place, letter in enumerate(bare):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 and (letter == ";" or (letter == "}" and bare.startswith("function ", cut))):
            cut = place + 1
            while bare[cut : cut + 1] == " ":
                cut += 1
    return code[:cut], code[cut:]


def run(code: str, name: str = "example") -> tuple[Any, str]:
    """What code returns and what it writes, messages included."""
    written = io.BytesIO()
    engine = open_engine(stdin=io.BytesIO(b"one\ntwo\n"), stdout=written, stderr=written)
    try:
        value = engine.run(code, name=name)
    finally:
        engine.close()
    return value, written.getvalue().decode()


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = EXAMPLES[name]
    monkeypatch.chdir(tmp_path)
    before = "" if example.library == "core" else f'include "{example.library}"; '
    if example.kind == "exits":
        with pytest.raises(ScriptExit) as end:
            run(f"{before}{example.code};")
        assert end.value.code == int(example.expected)
    elif example.kind == "->":
        setup, expression = last_expression(example.code)
        value, written = run(f"{before}{setup} return [ dumpvar( {expression} ), dumpvar( {example.expected} ) ];")
        assert written == ""
        assert value[0] == value[1]
    else:
        _, written = run(f"{before}{example.code};")
        assert written == (eval(example.expected) if example.expected else "")


def test_every_entry_has_an_example_and_says_what_it_does() -> None:
    found = {entry.key: entry for page in reference.PAGES for entry in reference.entries(page)}
    assert not set(found) ^ set(EXAMPLES)
    assert [key for key, entry in found.items() if len(entry.text) < 8] == []


def test_reference_is_up_to_date() -> None:
    assert [path.name for path, text in reference.pages().items() if path.read_text() != text] == []


GUIDES = [
    pytest.param(script, printed, id=f"{guide}-{number}")
    for guide in ("tour", "sockets", "formats")
    for number, (script, printed) in enumerate(
        re.findall(r"```sgs\n(.*?)```\n\n```output\n(.*?)```", (DOCS / f"{guide}.md").read_text(), re.DOTALL), 1
    )
]


@pytest.mark.parametrize(("script", "printed"), GUIDES)
def test_guide(script: str, printed: str) -> None:
    assert run(script)[1] == printed


def test_every_block_of_the_guides_is_run() -> None:
    text = "".join((DOCS / f"{guide}.md").read_text() for guide in ("tour", "sockets", "formats"))
    assert text.count("```") == 4 * len(GUIDES) > 60


def test_python_in_the_internals_runs(capfd: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (DOCS / "internals.md").read_text(), re.DOTALL)
    exec(compile(program, "internals.md", "exec"), {})
    assert "def twice(this" in capfd.readouterr().out


def test_porting_lists_what_the_check_knows() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \|", (DOCS / "porting.md").read_text(), re.MULTILINE)
    assert set(rows) - {"label"} == set(LABELS)


def test_links_lead_somewhere() -> None:
    for guide in ("README", "tour", "sockets", "formats", "debugging", "porting", "internals"):
        links = re.findall(r"\]\(([^)#:]+)\)", (DOCS / f"{guide}.md").read_text())
        assert [link for link in links if not (DOCS / link).exists()] == []
