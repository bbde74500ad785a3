"""`sgs --debug` in a real terminal (tmux): what a person types and sees.

Rule of this file: waits end when the text is there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """\
function spin( x )
{
	while( x )
		y = x;
	return y;
}
counted = 12345;
println( "at work" );
spin( 1 );
println( "the end" );
"""
pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A debugger in a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        (folder / "it.sgs").write_text(SCRIPT)
        self.socket = str(folder / "tmux")
        names = {"PYTHONPATH": str(ROOT), "TERM": "screen"}
        words = ["env", *[f"{name}={value}" for name, value in names.items()], sys.executable, "-m", "interp"]
        # tmux sometimes forgets to say how a command ended: a shell says it and keeps the screen
        shell = ["sh", "-c", 'trap : INT; "$@"; echo "ended with $?"; exec cat', "sh"]
        self.tmux(
            "-f", os.devnull, "new-session", "-d", "-x", "100", "-y", "40", "-c", str(folder), "--", *shell, *words,
            "--debug", "it.sgs",
        )  # fmt: skip

    def tmux(self, *words: str) -> str:
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, timeout=20).stdout

    def type(self, text: str, *keys: str) -> None:
        self.tmux("send-keys", "-l", "--", text)
        for key in keys or ("Enter",):
            self.tmux("send-keys", key)

    def see(self, pattern: str) -> str:
        """Waits until the screen shows a pattern (`$` is the end of what is on it)."""
        end = time.monotonic() + 20
        while True:
            text = self.tmux("capture-pane", "-p").rstrip()
            if re.search(pattern, text + " " if pattern.endswith(" $") else text):
                return text
            assert time.monotonic() < end, f"no {pattern!r} in:\n{text}"
            time.sleep(0.05)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.tmux("kill-server")


def test_typing_repeating_completing_and_earlier_commands(terminal: Terminal) -> None:
    terminal.see(r"it.sgs:7 in <main>\n->    7  counted = 12345;\n\(sgs\) $")
    terminal.type("n")
    terminal.see(r"it.sgs:8 in <main>\n.*\n\(sgs\) $")
    terminal.type("p coun", "Tab", "Enter")
    terminal.see(r"p counted\nint \(12345\)\n\(sgs\) $")
    terminal.type("counted = 6")
    terminal.see(r"int \(6\)\n\(sgs\) $")
    terminal.type("", "Up", "Up", "Enter")
    terminal.see(r"p counted\nint \(6\)\n\(sgs\) $")
    terminal.type("", "Enter")
    terminal.see(r"p counted\nint \(6\)\n\(sgs\)\nint \(6\)\n\(sgs\) $")
    terminal.type("n")
    terminal.see(r"at work\nit.sgs:9 in <main>\n.*\n\(sgs\) $")
    terminal.tmux("send-keys", "C-d")
    terminal.see(r"ended with 0")


def test_ctrl_c(terminal: Terminal) -> None:
    terminal.see(r"\(sgs\) $")
    terminal.type("c")
    terminal.see(r"\nat work")
    time.sleep(0.5)
    terminal.tmux("send-keys", "C-c")
    terminal.see(r"interrupted at it.sgs:[34] in spin\n.*\n\(sgs\) $")
    terminal.tmux("send-keys", "-l", "--", "half a comm")
    terminal.see(r"half a comm$")
    terminal.tmux("send-keys", "C-c")
    terminal.see(r"half a comm(\^C)?\n\(sgs\) $")
    terminal.type("x = 0")
    terminal.see(r"int \(0\)\n\(sgs\) $")
    terminal.type("c")
    terminal.see(r"\nthe end\s+ended with 0")
