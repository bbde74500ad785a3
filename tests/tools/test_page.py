"""The page on debugging and profiling does what it says: each session is run, each command in its table exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from interp.debug_prompt import HELP, Prompt

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "debugging.md").read_text()
PROFILE, DEBUG = re.findall(r"```console\n\$ sgs (.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in re.findall(r"^`(\w+\.sgs)`:\n\n```sgs\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, words: str, commands: str = "") -> str:
    return subprocess.run(
        [sys.executable, "-m", "interp", *words.split()], cwd=folder, input=commands, text=True, timeout=50,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip


def test_profile(folder: Path) -> None:
    words, _, shown = PROFILE.partition("\n")
    printed = run(folder, words)
    assert printed.startswith("5133 primes\nprofile: ")

    def rows(text: str) -> list[tuple[str, str]]:
        return re.findall(r"^ *(\d+|-|) +\d+\.\d+ +\d+\.\d +\d+\.\d+ +\d+\.\d+  (\S.*)$", text, re.MULTILINE)

    # the same rows and counts, whatever the times are; how long a library takes to load is not this test's
    certain = {row for row in rows(shown) if row[1] != "include"}
    assert len(certain) == 7
    assert certain <= set(rows(printed))
    heads = re.findall(r"^ *(?:calls)? +own s.*$", shown, re.MULTILINE)
    assert len(heads) == 2 and all(head in printed for head in heads)


def test_session(folder: Path) -> None:
    words, _, shown = DEBUG.partition("\n")
    commands = re.findall(r"^\(sgs\) (.*)$", shown, re.MULTILINE)
    printed = run(folder, words, "".join(f"{command}\n" for command in commands))
    assert printed == re.sub(r"^\(sgs\) .*\n", "(sgs) ", shown, flags=re.MULTILINE)


def test_commands_exist() -> None:
    table = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    named = {word.split()[0] for row in table for word in re.findall(r"`([a-z][^`]*)`", row)}
    commands = {name[4:] for name in dir(Prompt) if name.startswith("_do_")}
    assert named - {"warnings", "info", "off"} == commands - {"help"}
    assert all(re.search(rf"\b{name}\b", HELP) for name in commands)


def test_the_hosts_session(capfd: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(program, "debugging.md", "exec"), {})
    assert capfd.readouterr().out == (
        "rules.sgs:1 in <main>\n->    1  total = 40 + 2;\n(sgs) rules.sgs:2 in <main>\n->    2  println( total );\n"
        "(sgs) int (42)\n(sgs) 42\n"
    )
