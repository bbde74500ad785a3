"""Hashes, error numbers, chance, and how a script ends the program."""

from __future__ import annotations

import errno
import zlib

import pytest
from core.core_world import Core
from hypothesis import given
from hypothesis import strategies as st

from interp.runtime.state import ScriptAbort, ScriptQuit


@pytest.fixture
def core() -> Core:
    return Core()


@given(st.binary(max_size=40))
def test_hashes(text: bytes) -> None:
    core = Core()
    assert core.hash_crc32(text) == zlib.crc32(text)
    assert int(core.hash_crc32(text, True), 16) == zlib.crc32(text)
    number = 2166136261
    for byte in text:
        number = (number ^ byte) * 16777619 % (1 << 32)
    assert core.hash_fnv(text) == number
    assert core.hash_fnv(text, True) == b"%08x" % number


def test_chance(core: Core) -> None:
    core.srand(7)
    first = [core.rand(), core.randf(), core.rand()]
    core.srand(7 + (1 << 32))
    assert [core.rand(), core.randf(), core.rand()] == first
    assert all(0 <= core.rand() <= core.world.namespace["RAND_MAX"] for _ in range(100))
    other = Core()
    other.srand(7)
    assert other.rand() == first[0]


def test_errno(core: Core) -> None:
    assert (core.errno(), core.errno(True), core.errno_string(errno.ENOENT)) == (
        0,
        b"Success",
        b"No such file or directory",
    )
    core.world.errno = errno.EACCES
    assert (core.errno(), core.errno(True)) == (errno.EACCES, b"Permission denied")
    assert core.errno_string(99999) == b"Unknown error 99999"
    # narrow integer arguments take the low bits (chapter 04 section 2.2)
    assert core.errno_string((1 << 40) + 2) == b"No such file or directory"
    assert core.errno_string(0xFFFFFFFF) == b"Unknown error -1"
    assert core.errno_value(b"EPIPE") == errno.EPIPE
    with pytest.raises(ScriptAbort):
        core.errno_value(b"ENOTHING")
    assert core.messages() == [b"Error: errno_value(): this errno value is unsupported"]


def test_the_end_of_the_program(core: Core) -> None:
    for call, code in ((lambda: core.app_exit(3), 3), (lambda: core.app_exit(b"x"), 0), (core.app_abort, 134)):
        with pytest.raises(ScriptQuit) as quit_:
            call()
        assert quit_.value.code == code


def test_statistics(core: Core) -> None:
    assert core.sys_stat(0) == 0x010401
    assert core.sys_stat(2) > 0 and core.sys_stat(99) == -6
    assert core.gc_collect() >= 0
