"""The exceptions of the front end: what is wrong with a script's text, in the words of chapters 01 and 02.

Texts are `str` with one character per byte of the script (latin-1), as a message may quote a raw byte.
"""

from __future__ import annotations


class SyntaxMessage(Exception):
    """One message that ends the parse; `text` has its `[line N] ` prefix where the chapter gives it one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class SyntaxMessages(Exception):
    """A script that does not compile; `texts` are its messages in order (chapter 01 section 14)."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__("\n".join(texts))
        self.texts = texts


def at(line: int, text: str) -> SyntaxMessage:
    """A message about `line`."""
    return SyntaxMessage(f"[line {line}] {text}")
