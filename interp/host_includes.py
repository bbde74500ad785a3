"""Code from a host's callback, mapping or folders: `include=` and `include_paths=` of an engine (chapter 12 section 5).

Rule of this file: an answer of the host's is used as it is; what it raises reaches the host's call.
"""

from __future__ import annotations

import os

from .includes import DiskIncludes, Includes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any


class HostIncludes(Includes):
    """What a host has set up: a callback or a mapping first, then folders.

    source     `(name, from_file) -> source | Program | Path | None`, or a mapping of paths to the same
    files      the folders, or no files at all
    """

    def __init__(self, source: Callable[..., Any] | Mapping[Any, Any] | None, files: Includes) -> None:
        self._files = files
        self._mapping: dict[bytes, Any] = {}
        self._callback: Callable[..., Any] | None = None
        if callable(source):
            self._callback = source
        elif source is not None:
            self._mapping = {_normal(os.fsencode(key)): value for key, value in source.items()}

    def exists(self, path: bytes) -> bool:
        return _normal(path) in self._mapping or self._files.exists(path)

    def read(self, path: bytes) -> Any:
        found = self._mapping.get(_normal(path))
        if found is not None:
            return _loaded(found)
        found = self._files.read(path)
        if found is None and self._callback is not None:
            answer = self.custom(path, None)
            found = None if answer is None else answer[1]
        return found

    def find(self, name: bytes) -> bytes | None:
        return self._files.find(name)

    def custom(self, name: bytes, from_file: bytes | None) -> tuple[bytes, Any] | None:
        if self._callback is None:
            return None
        from .ports import raise_in_host

        if from_file is None:
            from_file = _calling_file()
        try:
            shown = None if from_file is None else from_file.decode("utf-8", "surrogateescape")
            answer = self._callback(name.decode("utf-8", "surrogateescape"), shown)
            if answer is None:
                return None
            path = os.fsencode(answer) if isinstance(answer, os.PathLike) else name
            return path, _loaded(answer)
        except Exception as problem:
            raise_in_host(problem)


def _calling_file() -> bytes | None:
    from stdlib.core.loading import calling_file

    return calling_file()


def _loaded(source: Any) -> Any:
    """The bytes or the program behind what a host gave; OSError for a path that cannot be read, TypeError else."""
    from .program import Program

    if isinstance(source, str):
        return source.encode()
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, Program):
        return source
    if isinstance(source, os.PathLike):
        with open(source, "rb") as file:
            return file.read()
    raise TypeError(f"an include is str, bytes, Program, Path or None, not {type(source).__name__}")


def _normal(path: bytes) -> bytes:
    """A path without its `.` and `..` parts; the tree of a mapping has no way out."""
    parts: list[bytes] = []
    for part in path.replace(b"\\", b"/").split(b"/"):
        if part == b"..":
            if parts:
                parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)


def resolver(paths: Sequence[str | os.PathLike[str]], source: Any) -> Includes:
    """The resolver for an engine's `include_paths` and `include`."""
    if isinstance(paths, (str, bytes)):
        raise TypeError("include_paths is a sequence of folders")
    files = DiskIncludes(tuple(paths)) if paths else Includes()
    return files if source is None else HostIncludes(source, files)
