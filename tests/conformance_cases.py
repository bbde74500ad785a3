"""The conformance corpus as data: finding cases, giving each its own scratch folder, judging what it printed.

A case is `conformance/FOLDER/NAME.sgs` with `NAME.out` (exact standard output) and, where something is expected on
standard error, `NAME.err`.  A `.sgs` file without an `.out` is a neighbour that cases include, not a case.
"""

from __future__ import annotations

import difflib
import shutil
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "conformance"
LEVELS = (b"Warning: ", b"Error: ", b"Info: ")


@dataclass(frozen=True)
class Verdict:
    """What of a case agrees: standard output, then the message lines too, then the traces too (to the byte)."""

    stdout: bool
    messages: bool
    exact: bool
    difference: str

    @property
    def failure(self) -> str:
        """Name of the first thing that differs; empty when everything agrees."""
        return "" if self.exact else "traces" if self.messages else "messages" if self.stdout else "stdout"


@dataclass(frozen=True)
class Case:
    """One script of the corpus and what it must print."""

    script: Path

    @property
    def id(self) -> str:
        """`FOLDER/NAME`."""
        return f"{self.folder}/{self.script.stem}"

    @property
    def folder(self) -> str:
        """The chapter's folder name."""
        return self.script.parent.name

    def copy_to(self, scratch: Path) -> Path:
        """Lay the script and its chapter's helper files into `scratch`; returns the script there."""
        for entry in self.script.parent.iterdir():
            if entry.is_dir():
                shutil.copytree(entry, scratch / entry.name)
            elif entry == self.script or is_helper(entry):
                shutil.copyfile(entry, scratch / entry.name)
        return scratch / self.script.name

    def judge(self, out: bytes, err: bytes) -> Verdict:
        """Compare what a run printed with what is expected."""
        want_out = self.script.with_suffix(".out").read_bytes()
        err_file = self.script.with_suffix(".err")
        want_err = err_file.read_bytes() if err_file.exists() else b""
        same_out = out == want_out
        difference = _difference("stdout", want_out, out) + _difference("stderr", want_err, err)
        return Verdict(
            same_out, same_out and _messages(err) == _messages(want_err), same_out and err == want_err, difference
        )


def is_helper(path: Path) -> bool:
    """Whether a file of a chapter's folder is neither a case nor its expected output."""
    return path.suffix not in (".out", ".err") and not path.with_suffix(".out").exists()


def all_cases() -> list[Case]:
    """Every case of the corpus, sorted by folder and name."""
    return [Case(path) for path in sorted(CORPUS.glob("*/*.sgs")) if path.with_suffix(".out").exists()]


def _messages(err: bytes) -> list[bytes]:
    return [line for line in err.splitlines() if line.startswith(LEVELS)]


def _difference(label: str, want: bytes, got: bytes) -> str:
    lines = difflib.unified_diff(
        want.decode("latin-1").splitlines(),
        got.decode("latin-1").splitlines(),
        f"{label} expected",
        f"{label} got",
        lineterm="",
        n=1,
    )
    return "\n".join(list(lines)[:60]) + ("\n" if want != got else "")
