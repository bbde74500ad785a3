"""Library `io` (chapter 07 section 3) against real temporary files, and the failures of the system."""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import os
import pathlib
import stat
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interp.library import dict_items
from interp.ports import Resources
from interp.runtime import state
from interp.runtime.values import Array, IteratorError
from stdlib.filesystem import FileSystem
from stdlib.io import File, Stream, library

READ, WRITE = 1, 2
POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX files")
#: A user without rights.
NOBODY = 65534
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")

collected: list[bytes] = []


@pytest.fixture(autouse=True)
def world(tmp_path: pathlib.Path) -> Iterator[state.World]:
    """A world without scripts whose working directory is an empty folder and whose messages are collected."""
    made = state.World()
    made.array_type = Array
    made.namespace["$stop"] = False
    made.resources = Resources()
    made.slots["filesystem"] = FileSystem(os.fsencode(tmp_path))
    made.message_hook = lambda kind, level, text, frames: collected.append(text) or True
    before = state.switch(made.root)
    collected.clear()
    yield made
    made.resources.close()
    state.switch(before)


def call(name: str, *args: Any) -> Any:
    collected.clear()
    return library.functions[name](None, *args)


def do(file: File, name: str, *args: Any) -> Any:
    """Calls a method as a script does."""
    collected.clear()
    return getattr(type(file), "$" + name)(file, *args)


def opened(path: bytes, mode: int) -> File:
    file = call("io_file", path, mode)
    assert isinstance(file, File)
    return file


# --- functions on paths -----------------------------------------------------------------------------------------------


@given(st.binary(max_size=3000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_whole_files_keep_every_byte(data: bytes) -> None:
    assert call("io_file_write", b"x", data) is True
    assert call("io_file_read", b"x") == data
    assert dict_items(call("io_stat", b"x"))[4] == (b"size", len(data))


def test_missing_items(world: state.World) -> None:
    cases = [
        (None, b"failed to open file", "io_file_read", b"none"),
        (None, b"failed to create file", "io_file_write", b"none/x", b""),
        (False, None, "io_file_delete", b"none"),
        (False, None, "io_rename", b"none", b"other"),
        (False, None, "io_dir_delete", b"none"),
        (False, None, "io_dir_create", b"none/x"),
        (None, None, "io_stat", b"none"),
        (None, b"failed to open directory", "io_dir", b"none"),
        (False, None, "io_setcwd", b"none"),
        (False, None, "io_setcwd", b""),
        (None, b"failed to open file", "io_file_read", b""),
    ]
    for result, text, name, *args in cases:
        world.errno = 0
        assert call(name, *args) is result, name
        assert collected == ([name.encode() + b"(): " + text] if text else [])
        assert world.errno == errno.ENOENT, name
    world.errno = 99
    assert call("io_file_exists", b"none") is False and call("io_dir_exists", b"none") is False
    assert call("io_file_exists", b"") is False and call("io_dir_exists", b"") is False
    assert world.errno == 99 and not collected


def test_success_clears_errno_except_when_reading(world: state.World) -> None:
    for name, args, after in (
        ("io_file_write", (b"x", b"1"), 0),
        ("io_stat", (b"x",), 0),
        ("io_file_read", (b"x",), 99),
        ("io_rename", (b"x", b"y"), 0),
        ("io_file", (b"y", READ), 0),
        ("io_file_delete", (b"y",), 0),
        ("io_dir_create", (b"d",), 0),
        ("io_dir", (b"d",), 0),
        ("io_setcwd", (b"d",), 0),
        ("io_setcwd", (b"..",), 0),
        ("io_getcwd", (), 0),
        ("io_getexecpath", (), 0),
        ("io_dir_delete", (b"d",), 0),
    ):
        world.errno = 99
        assert call(name, *args), name
        assert world.errno == after, name


@POSIX
def test_directories(world: state.World, tmp_path: pathlib.Path) -> None:
    assert call("io_dir_create", b"d") is True and call("io_dir_create", b"d") is False
    assert world.errno == errno.EEXIST
    assert call("io_dir_exists", b"d") is True and call("io_file_exists", b"d") is True
    assert call("io_dir_create", b"d/sub", 0o700) is True
    assert stat.S_IMODE((tmp_path / "d" / "sub").stat().st_mode) == 0o700
    assert call("io_dir_delete", b"d") is False and world.errno == errno.ENOTEMPTY
    assert call("io_file_delete", b"d") is False and world.errno == errno.ENOTEMPTY
    assert call("io_file_delete", b"d/sub") is True  # an empty directory, as C's remove
    assert call("io_file_write", b"d/f", b"1") is True
    assert call("io_dir_exists", b"d/f") is False
    assert call("io_dir_delete", b"d/f") is False and world.errno == errno.ENOTDIR
    assert call("io_file_read", b"d") is None and collected == [b"io_file_read(): failed to open file"]
    assert world.errno == errno.EISDIR
    assert call("io_file_write", b"d", b"x") is None and collected == [b"io_file_write(): failed to create file"]
    (tmp_path / "link").symlink_to("d")
    assert call("io_file_delete", b"link") is True and call("io_dir_exists", b"d") is True


@POSIX
def test_stat_types(tmp_path: pathlib.Path) -> None:
    def kind(path: bytes) -> int:
        entries = dict_items(call("io_stat", path))
        assert [key for key, _ in entries] == [b"atime", b"ctime", b"mtime", b"type", b"size"]
        assert all(type(value) is int for _, value in entries)
        return dict(entries)[b"type"]

    (tmp_path / "file").write_bytes(b"twelve bytes")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    os.utime(tmp_path / "file", (5, -1.5))
    assert [kind(path) for path in (b".", b"file", b"link", b"pipe", b"/dev/null")] == [2, 1, 1, 0, 0]
    found = dict(dict_items(call("io_stat", b"file")))
    assert (found[b"atime"], found[b"mtime"], found[b"size"]) == (5, -2, 12)
    assert call("io_file_exists", b"pipe") is True  # without waiting for a writer
    assert call("io_dir_exists", b"pipe") is False


def test_rename_replaces(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    if os.name == "posix":
        assert call("io_rename", b"a", b"b") is True
        assert call("io_file_read", b"b") == b"one" and call("io_file_exists", b"a") is False


@FULL
def test_full_device(world: state.World) -> None:
    assert call("io_file_write", b"/dev/full", b"data") is None
    assert collected == [b"io_file_write(): failed to write to file"] and world.errno == errno.ENOSPC
    assert call("io_file_write", b"/dev/full", b"") is True
    file = opened(b"/dev/full", WRITE)
    assert do(file, "write", b"data") is True and file.error is False  # still in the buffer
    assert do(file, "flush") is False and file.error is True
    assert do(file, "write", b"x" * 100_000) is False
    assert do(file, "setbuf", 0) is True
    assert do(file, "write", b"x") is False
    assert do(file, "close") is True
    file = opened(b"/dev/full", WRITE)
    assert file.error is False
    do(file, "write", b"data")
    assert do(file, "seek", 0, 0) is False
    file = opened(b"/dev/full", WRITE)
    do(file, "write", b"data")
    assert do(file, "close") is True


@contextlib.contextmanager
def unprivileged() -> Iterator[pathlib.Path]:
    """A folder of a user for whom permissions count: root gives up its rights for the time."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        root = os.geteuid() == 0
        if root:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)


@POSIX
def test_permissions(world: state.World) -> None:
    with unprivileged() as folder:
        world.slots["filesystem"] = FileSystem(os.fsencode(folder))
        (folder / "secret").write_bytes(b"x")
        (folder / "secret").chmod(0)
        (folder / "fixed").write_bytes(b"x")
        (folder / "fixed").chmod(0o444)
        (folder / "closed").mkdir(0)
        (folder / "full").mkdir()
        (folder / "full" / "item").write_bytes(b"x")
        (folder / "full").chmod(0o555)

        def refused(name: str, *args: Any) -> bool:
            world.errno = 0
            return call(name, *args) in (None, False) and world.errno == errno.EACCES

        assert refused("io_file_read", b"secret")
        assert collected == [b"io_file_read(): failed to open file"]
        for name in (b"secret", b"fixed", b"full/new"):
            assert refused("io_file_write", name, b"")
            assert collected == [b"io_file_write(): failed to create file"]
        assert call("io_file_read", b"fixed") == b"x"
        assert call("io_file_exists", b"secret") is False and call("io_file_exists", b"fixed") is True
        assert call("io_dir_exists", b"closed") is False and call("io_dir_exists", b"full") is True
        assert refused("io_dir", b"closed")
        assert collected == [b"io_dir(): failed to open directory"]
        assert refused("io_setcwd", b"closed") and refused("io_stat", b"closed/item")
        assert refused("io_dir_create", b"full/new") and refused("io_file_delete", b"full/item")
        assert refused("io_rename", b"full/item", b"item") and refused("io_rename", b"fixed", b"full/fixed")
        assert collected == []
        for path, mode in ((b"secret", READ), (b"fixed", WRITE), (b"fixed", READ | WRITE), (b"full/new", WRITE)):
            world.errno = 0
            assert not call("io_file", path, mode) and world.errno == errno.EACCES and collected == []
        file = opened(b"fixed", READ)
        assert do(file, "open", b"secret", READ) is False and file.is_open is False
        for name in ("closed", "full"):
            (folder / name).chmod(0o777)


@POSIX
def test_devices_and_pipes_end(tmp_path: pathlib.Path) -> None:
    assert call("io_file_read", b"/dev/null") == b""
    assert call("io_file_read", b"/dev/zero") == b""
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    assert call("io_file_read", b"pipe") is None
    assert collected == [b"io_file_read(): failed to retrieve length of file"]
    os.close(writer)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_files_whose_length_shows_as_zero() -> None:
    assert b"Pid:" in call("io_file_read", b"/proc/self/status")


@POSIX
def test_too_big(tmp_path: pathlib.Path, world: state.World) -> None:
    with open(tmp_path / "big", "wb") as file:
        file.truncate(2**31)
    assert call("io_file_read", b"big") is None and world.errno == errno.EFBIG
    assert collected == [b"io_file_read(): file bigger than allowed to store"]


def test_paths_end_at_a_zero_byte(tmp_path: pathlib.Path) -> None:
    assert call("io_file_write", b"name\0rest", b"a\0b") is True
    assert (tmp_path / "name").read_bytes() == b"a\0b"


# --- the working directory --------------------------------------------------------------------------------------------


@POSIX
def test_the_working_directory_is_the_engines_own(world: state.World, tmp_path: pathlib.Path) -> None:
    before = os.getcwd()
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to("inner")
    real = os.path.realpath(os.fsencode(tmp_path))
    assert call("io_setcwd", b"link") is True
    assert call("io_getcwd") == real + b"/inner"
    assert call("io_file_write", b"f", b"1") is True and (tmp_path / "inner" / "f").exists()
    assert call("io_setcwd", b"f") is False and world.errno == errno.ENOTDIR
    assert call("io_setcwd", b"..") is True and call("io_getcwd") == real
    assert call("io_file_exists", b"f") is False and call("io_file_exists", b"link/../inner/f") is True
    assert os.getcwd() == before
    assert os.path.isabs(call("io_getexecpath"))


def test_without_a_host_s_word_the_process_s_directory_is_the_start(world: state.World) -> None:
    del world.slots["filesystem"]
    assert call("io_getcwd") == os.getcwdb()


def test_a_host_can_leave_files_out(world: state.World) -> None:
    world.slots["filesystem"] = None
    for name, args in (
        ("io_getcwd", ()),
        ("io_stat", (b"/",)),
        ("io_dir", (b"/",)),
        ("io_file_read", (b"/etc/passwd",)),
    ):
        world.errno = 0
        assert call(name, *args) is None and world.errno == errno.EACCES
    assert call("io_file_exists", b"/") is False and call("io_dir_exists", b"/") is False
    assert not call("io_file", b"/etc/passwd", READ)


# --- directory iterators ----------------------------------------------------------------------------------------------


def test_directory_iterator(tmp_path: pathlib.Path) -> None:
    for name in ("a", ".hidden"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "sub").mkdir()
    found = call("io_dir", b".")
    assert found.text() == b"directory_iterator" and found.iterator() is found
    with pytest.raises(IteratorError, match="failed to retrieve data from iterator"):
        found.data()
    items = []
    while found.advance():
        items.append(found.data())
    assert sorted(items) == sorted([(False, b"."), (False, b".."), (True, b"a"), (True, b".hidden"), (True, b"sub")])
    assert found.advance() is False
    with pytest.raises(IteratorError):
        found.data()


# --- file objects -----------------------------------------------------------------------------------------------------


def test_modes(tmp_path: pathlib.Path) -> None:
    file = call("io_file")
    assert not file and do(file, "open", b"f", READ) is False and not file.is_open
    assert do(file, "open", b"f", WRITE) is True and file.is_open and file
    assert do(file, "write", b"first") is True
    assert do(file, "close") is True and do(file, "close") is False
    assert do(file, "open", b"f", READ | 64) is True and do(file, "read", 100) == b"first"
    assert do(file, "open", b"f", READ | WRITE) is True and file.size == 0
    for mode in (0, 4, -4):
        assert do(file, "open", b"f", mode) is None and file.is_open
        assert collected == [b"file.name(): argument 2 (flags) must be either FILE_READ or FILE_WRITE or both"]
        assert call("io_file", b"f", mode) is None
        assert collected == [b"io_file(): argument 2 (flags) must be either FILE_READ or FILE_WRITE or both"]


def test_arguments_of_io_file() -> None:
    for args, text in (
        ((b"f",), b"argument 2 - expected int, got nothing"),
        ((None, READ), b"argument 1 - expected string, got null"),
        ((b"f", b"mode"), b"argument 2 - expected int, got string"),
    ):
        assert call("io_file", *args) is None and collected == [b"io_file(): " + text]


def test_end_of_file_state() -> None:
    call("io_file_write", b"f", b"abcdef")
    file = opened(b"f", READ)
    assert (file.eof, do(file, "read", 6), file.eof) == (False, b"abcdef", False)
    assert (do(file, "read", 0), file.eof) == (b"", False)
    assert (do(file, "read", 1), file.eof) == (b"", True)
    assert (file.size, file.eof, file.offset) == (6, False, 6)
    assert (do(file, "read", 1), file.eof) == (b"", True)
    assert (do(file, "seek", -1, 0), file.eof, file.offset) == (False, True, 6)
    assert (do(file, "seek", 3, 0), file.eof, do(file, "read", 50), file.eof) == (True, False, b"def", True)
    assert (do(file, "flush"), file.eof) == (True, True)
    assert do(file, "open", b"f", READ) is True and file.eof is False and file.offset == 0


def test_seeking() -> None:
    call("io_file_write", b"f", b"hello world")
    file = opened(b"f", READ)
    assert do(file, "read", 5) == b"hello" and file.offset == 5
    assert do(file, "seek", -2, 1) is True and do(file, "read", 2) == b"lo"
    assert do(file, "seek", -3, 2) is True and do(file, "read", 10) == b"rld"
    assert do(file, "seek", 100, 0) is True and file.offset == 100 and do(file, "read", 2) == b""
    for offset, whence in ((-1, 0), (-101, 1), (-12, 2), (-(2**63), 1), (2**63 - 1, 1)):
        assert do(file, "seek", offset, whence) is False and file.offset == 100
    for mode in (3, -1):
        assert do(file, "seek", 0, mode) is None
        assert collected == [b"file.name(): 'mode' not one of SEEK_(SET|CUR|END)"]


def test_wrong_direction(world: state.World) -> None:
    file = opened(b"f", WRITE)
    assert do(file, "write", b"data") is True
    assert do(file, "read", 0) == b"" and file.error is False
    assert do(file, "read", 4) == b"" and world.errno == errno.EBADF
    assert file.error is True and file.eof is False
    do(file, "open", b"f", READ)
    assert file.error is False
    assert do(file, "write", b"") is True and file.error is False
    assert do(file, "write", b"zz") is False and file.error is True
    assert do(file, "seek", 0, 0) is True and file.error is True
    assert do(file, "read", 9) == b"data"


@POSIX
def test_a_directory_opens_but_does_not_read(world: state.World) -> None:
    file = opened(b".", READ)
    assert file.is_open
    assert do(file, "read", 5) == b"" and file.error is True and world.errno == errno.EISDIR


def test_read_ranges() -> None:
    call("io_file_write", b"f", b"12345")
    file = opened(b"f", READ)
    for n in (-1, 0x80000000):
        assert do(file, "read", n) is None
        assert collected == [b"file.name(): attempted to read a negative or huge amount of bytes"]
    assert do(file, "read", 0x7FFFFFFF) == b"12345"


def test_closed_objects() -> None:
    file = call("io_file")
    for name in ("offset", "size", "error", "eof"):
        collected.clear()
        assert getattr(file, name) is None
        assert collected == [f"file.{name} - file is not opened".encode()]
    for name, args, shown in (
        ("read", (5,), "write"),
        ("write", (b"x",), "write"),
        ("seek", (0, 0), "eof"),
        ("flush", (), "flush"),
        ("setbuf", (5,), "setbuf"),
    ):
        assert do(file, name, *args) is None
        assert collected == [f"file.name(): file.{shown}() - file is not opened".encode()]
    assert do(file, "close") is False and not collected
    # arguments and ranges are looked at before that
    assert do(file, "read", -1) is None and b"attempted" in collected[0]
    assert do(file, "flush", 1) is None
    assert collected == [b"file.name(): function expects exactly 0 arguments, 1 given"]


def test_methods_need_a_file() -> None:
    read = getattr(File, "$read")
    for args, got in (((5,), b"int"), ((), b"nothing")):
        collected.clear()
        assert read(None, *args) is None
        assert collected == [b"file.name(): argument 1 - expected file, got " + got]


def test_members_cannot_be_written() -> None:
    file = call("io_file")
    for name in (b"size", b"read"):
        collected.clear()
        assert file.own_set(name, 1, True) is True
        assert collected == [b"Property write operation not supported on the given variable type"]
    assert file.own_set(b"nothing", 1, True) is False and file.own_set(0, 1, False) is False
    for name in ("size", "read", "nothing"):
        with pytest.raises(AttributeError):  # what compiled code tries first
            setattr(file, "$" + name, 1)


def test_dropped_and_left_files_are_written(world: state.World, tmp_path: pathlib.Path) -> None:
    file = opened(b"dropped", WRITE)
    do(file, "write", b"text")
    assert len(world.resources) == 1
    del file
    gc.collect()
    assert (tmp_path / "dropped").read_bytes() == b"text" and len(world.resources) == 0
    file = opened(b"left", WRITE)
    do(file, "write", b"text")
    world.resources.close()
    assert (tmp_path / "left").read_bytes() == b"text"
    assert do(file, "write", b"more") is True and do(file, "flush") is False  # no longer a file
    assert do(file, "close") is True


def test_setbuf(tmp_path: pathlib.Path) -> None:
    file = opened(b"f", READ | WRITE)
    do(file, "write", b"ab")
    assert (tmp_path / "f").read_bytes() == b""
    assert do(file, "setbuf", 0) is True
    assert (tmp_path / "f").read_bytes() == b"ab"
    do(file, "write", b"c")
    assert (tmp_path / "f").read_bytes() == b"abc"
    assert do(file, "setbuf", -1) is False and do(file, "setbuf", 2**62) is True
    do(file, "write", b"d")
    assert (tmp_path / "f").read_bytes() == b"abc"
    assert do(file, "flush") is True and (tmp_path / "f").read_bytes() == b"abcd"


@POSIX
def test_pipes_have_no_position(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    other = os.open(tmp_path / "pipe", os.O_RDWR)
    file = opened(b"pipe", READ)
    os.write(other, b"abc")
    os.close(other)
    assert do(file, "read", 2) == b"ab"
    assert file.offset == -1 and file.size == -1 and do(file, "seek", 0, 0) is False
    assert do(file, "read", 2) == b"c" and file.eof is True and file.error is False


STEPS = st.lists(
    st.tuples(st.just("read"), st.integers(0, 40))
    | st.tuples(st.just("write"), st.binary(max_size=30))
    | st.tuples(st.just("seek"), st.integers(-50, 120), st.sampled_from([0, 1, 2]))
    | st.tuples(st.just("size"))
    | st.tuples(st.just("flush"))
    | st.tuples(st.just("setbuf"), st.sampled_from([0, 1, 7, 8192])),
    max_size=25,
)


@given(STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_streams_behave_like_a_file_in_memory(steps: list[Any]) -> None:
    file = opened(b"f", READ | WRITE)
    model = io.BytesIO()
    for name, *args in steps:
        if name == "read":
            assert do(file, "read", *args) == model.read(*args)
        elif name == "write":
            assert do(file, "write", *args) is True
            model.write(*args)
        elif name == "seek":
            base = (0, model.tell(), len(model.getbuffer()))[args[1]]
            assert do(file, "seek", *args) is (base + args[0] >= 0)
            if base + args[0] >= 0:
                model.seek(base + args[0])
        elif name == "size":
            assert file.size == len(model.getbuffer())
        else:
            assert do(file, name, *args) is True
        assert file.offset == model.tell()
    do(file, "close")
    assert call("io_file_read", b"f") == model.getvalue()


def test_stream_reports_a_failing_device() -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise OSError(errno.EIO, "broken")

        def write(self, data: Any) -> int:
            return 0

        def seek(self, offset: int, whence: int) -> int:
            raise OSError(errno.ESPIPE, "no")

        def close(self) -> None:
            raise OSError(errno.EIO, "broken")

    stream = Stream(Broken(), True, True)  # type: ignore[arg-type]
    assert stream.read(5) == (b"", errno.EIO) and stream.error
    assert stream.write(b"x") and not stream.flush()
    stream.close()
