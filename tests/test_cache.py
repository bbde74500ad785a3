"""The cache of compiled code: what makes an entry or a folder unusable, and that nothing of it ever shows."""

from __future__ import annotations

import gc
import io
import os
import stat
import weakref
from pathlib import Path

import pytest

from interp.compiler import pipeline
from interp.compiler.cache import Cache, content_key
from interp.engine import Engine

SOURCE = b"function f( n ){ if( n ) return 1, n; return 0; } ( a, b ) = f( 5 ); println( a, b );"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and a process that has compiled nothing yet."""
    place = tmp_path / "cache" / "pysgs"
    monkeypatch.setattr(pipeline, "_disk", Cache(str(place)))
    monkeypatch.setattr(pipeline, "_memory", {})
    return place


def run(source: bytes = SOURCE, name: str = "a.sgs", **options: bool) -> bytes:
    out = io.BytesIO()
    with Engine(stdout=out, stderr=out, **options) as engine:
        engine.run(source, name=name)
    return out.getvalue()


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("syntax-"))


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As another process would start: nothing in memory, no compiler within reach."""
    monkeypatch.setattr(pipeline, "_memory", {})


def test_the_folder_is_closed_to_others(folder: Path) -> None:
    run()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(entries(folder)) == 1


def test_a_second_run_parses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run()
    forget(monkeypatch)

    def refuse(*_: object) -> None:
        raise AssertionError("the source was parsed again")

    monkeypatch.setattr(pipeline, "parse_unit", refuse)
    assert run() == first == b"15\n"


@pytest.mark.parametrize("damage", [b"", b"x", b"sgs1", b"sgs1\0\0\0\0garbage", os.urandom(500)])
def test_a_damaged_entry_is_ignored_and_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    run()
    (entry,) = entries(folder)
    good = entry.read_bytes()
    entry.write_bytes(damage)
    forget(monkeypatch)
    assert run() == b"15\n"
    assert entry.read_bytes() == good


def test_every_single_flipped_byte_is_noticed(folder: Path) -> None:
    run()
    (entry,) = entries(folder)
    good = entry.read_bytes()
    cache = Cache(str(folder))
    for position in range(0, len(good), max(1, len(good) // 50)):
        entry.write_bytes(good[:position] + bytes((good[position] ^ 1,)) + good[position + 1 :])
        assert cache.load(entry.name) is None


def test_an_entry_of_another_kind_is_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import marshal

    run()
    (entry,) = entries(folder)
    Cache(str(folder)).store(entry.name, marshal.dumps(["no", "code"]))
    forget(monkeypatch)
    assert run() == b"15\n"


def test_a_linked_folder_is_not_used(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(real)
    cache = Cache(str(link))
    cache.store("key", b"data")
    assert cache.load("key") is None
    assert not list(real.iterdir())


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
def test_a_folder_open_to_others_is_not_used(tmp_path: Path, mode: int) -> None:
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(mode)
    cache = Cache(str(place))
    cache.store("key", b"data")
    assert cache.load("key") is None
    assert not list(place.iterdir())


def test_a_file_in_the_folders_place_is_no_folder(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"mine")
    assert Cache(str(place)).load("key") is None
    assert place.read_bytes() == b"mine"


def test_storing_leaves_no_temporary_file(folder: Path) -> None:
    run()
    assert not [path for path in folder.iterdir() if path.name.endswith(".tmp")]


def test_another_program_of_the_same_key_is_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    (entry,) = entries(folder)
    other = b"println( 'another' );"
    monkeypatch.setattr(pipeline, "content_key", lambda *of: (entry.name, content_key(*of)[1]))
    assert run(other) == b"another\n"
    forget(monkeypatch)
    assert run() == b"15\n"


def test_no_cache_neither_reads_nor_writes(folder: Path) -> None:
    assert run(cache=False) == b"15\n"
    assert not folder.exists() or not entries(folder)


def test_keys_differ_with_all_that_decides() -> None:
    keys = {
        content_key(b"a", "f", "00"),
        content_key(b"b", "f", "00"),
        content_key(b"a", "g", "00"),
        content_key(b"a", "f", "01"),
        content_key(b"af", "", "00"),
    }
    assert len(keys) == 5


def test_code_that_is_no_longer_needed_is_freed() -> None:
    """Also the second form of functions with several results."""
    engine = Engine()
    engine.run("function f( x ){ if( x ) return 1, 2; return 3; }")
    f = engine.globals["f"]
    assert engine.run("( a, b ) = f( true ); return [ a, b ];")[1] == 2
    code = f._value.__code__
    forms = [weakref.ref(code), *(weakref.ref(const) for const in code.co_consts if isinstance(const, type(code)))]
    assert len(forms) == 2
    del f, code
    engine.close()
    del engine
    other = Engine()
    for number in range(300):  # as many as are kept, and more
        other.run(f"return {number};")
    gc.collect()
    assert [form() for form in forms] == [None, None]


def test_the_folder_does_not_grow_for_ever(tmp_path: Path) -> None:
    """Entries that nobody used for long go first; what was just stored stays."""
    cache = Cache(str(tmp_path / "pysgs"))
    for number in range(100):
        old = tmp_path / "pysgs" / f"old{number:03}"
        old.touch()
        os.truncate(old, 1 << 20)
        os.utime(old, (number, number))
    for number in range(500):
        cache.store("new", b"%d" % number)
    left = sorted(path.name for path in (tmp_path / "pysgs").iterdir())
    assert left == ["new", *(f"old{number:03}" for number in range(69, 100))]
    assert cache.load("new") == b"499"
