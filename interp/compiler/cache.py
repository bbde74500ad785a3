"""Compiled code on disk: one folder of the user's own, one file for each source.

Rules of this file: an entry is used only when its identity (content, file name, options, versions of Python and of the
compiler; all of it, not a hash) and its checksum fit, and the folder is a real directory of this user with mode 0700;
whatever is wrong with the cache is ignored, never reported. Entries are written to a temporary name and renamed; when
they have become too many, those not used for the longest time go.
"""

from __future__ import annotations

import marshal
import os
import sys

from ..start import own_folder

try:
    # what Python takes for its own compiled files; there without another file to open
    from _imp import source_hash
except ImportError:

    def source_hash(key: int, source: bytes) -> bytes:
        from hashlib import blake2b

        return blake2b(source, digest_size=8, salt=key.to_bytes(4, "little")).digest()


TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

_MAGIC = b"sgs3"
_SUM_AT = len(_MAGIC)
_HEAD = _SUM_AT + 8
_MOST = 64 << 20  # bytes in the folder; half of them stay when it is looked through, which one store in 64 does


def _checksum(data: bytes) -> bytes:
    return source_hash(1, data)


def compiler_version() -> str:
    """Changes whenever the compiler's own files change, so that no stale code is ever run."""
    global _version
    if _version is None:
        here = os.path.dirname(__file__)
        parts = []
        for folder in (here, os.path.join(os.path.dirname(here), "syntax")):
            for entry in sorted(os.scandir(folder), key=lambda item: item.name):
                if entry.name.endswith((".py", ".lark")):
                    stat = entry.stat()
                    parts.append(f"{entry.name}{stat.st_size}{stat.st_mtime_ns}")
        _version = source_hash(2, "".join(parts).encode()).hex()
    return _version


_version: str | None = None


def content_key(source: bytes, file: str, options: str) -> tuple[str, bytes]:
    """A name for a compilation, and its identity, which differs whenever the result may: no hash, so no forgery."""
    parts = (options, file, sys.version, compiler_version())
    head = [part.encode("utf-8", "surrogateescape") for part in parts]
    identity = b"".join([b"%d:%b" % (len(part), part) for part in (*head, source)])
    return source_hash(3, identity).hex(), identity


class Cache:
    """The folder of compiled code; `None` where there is none to be trusted."""

    def __init__(self, folder: str | None) -> None:
        self.folder = folder if folder is not None and _own(folder) else None

    def load(self, key: str, check: bool = True) -> bytes | None:
        """The bytes stored under a key, None when they are missing, foreign or (unless `check` is false) damaged."""
        if self.folder is None:
            return None
        try:
            with open(os.path.join(self.folder, key), "rb") as file:
                data = file.read()
        except OSError:
            return None
        magic, checksum, content = data[:_SUM_AT], data[_SUM_AT:_HEAD], data[_HEAD:]
        return content if magic == _MAGIC and (not check or checksum == _checksum(content)) else None

    def store(self, key: str, data: bytes) -> None:
        """Keeps bytes under a key; failures are ignored."""
        if self.folder is None:
            return
        temporary = os.path.join(self.folder, f"{key}.{os.getpid()}.tmp")
        checksum = _checksum(data)
        try:
            with open(temporary, "wb") as file:
                file.write(_MAGIC + checksum + data)
            os.replace(temporary, os.path.join(self.folder, key))
            if checksum[0] & 63 == 0:
                self._prune(self.folder)
        except OSError:
            try:
                os.unlink(temporary)
            except OSError:
                pass

    @staticmethod
    def _prune(folder: str) -> None:
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    stat = entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # another process was faster
                found.append((max(stat.st_atime, stat.st_mtime), stat.st_size, entry.path))
        total = sum(size for _, size, _ in found)
        if total <= _MOST:
            return
        for _, size, path in sorted(found):
            try:
                os.unlink(path)
            except OSError:
                pass
            total -= size
            if total <= _MOST // 2:
                return

    def load_code(self, key: str, identity: bytes) -> CodeType | None:
        """Compiled code, None when there is none that can be used."""
        data = self.load(key)
        if data is None or data[:8] != len(identity).to_bytes(8, "little") or not data.startswith(identity, 8):
            return None
        try:
            code = marshal.loads(memoryview(data)[8 + len(identity) :])
        except (EOFError, TypeError, ValueError):
            return None
        return code if type(code).__name__ == "code" else None

    def store_code(self, key: str, identity: bytes, code: CodeType) -> None:
        if self.folder is not None:
            self.store(key, len(identity).to_bytes(8, "little") + identity + marshal.dumps(code))


def _own(folder: str) -> bool:
    """Creates the folder if need be; whether it is a directory, no link, of this user and closed to others."""
    try:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass
    except OSError:
        return False
    return own_folder(folder)
