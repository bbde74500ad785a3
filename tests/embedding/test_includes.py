"""Includes and libraries (chapter 12 section 5)."""

# ruff: noqa: E501 - scripts and tables read better on one line

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from interp import Engine, Program
from interp.library import Library


def engine_with(**settings: object) -> Engine:
    return Engine(stdout=io.BytesIO(), stderr=io.BytesIO(), **settings)  # type: ignore[arg-type]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "scripts" / "sub").mkdir(parents=True)
    (tmp_path / "scripts" / "util.sgs").write_text("global util = 'util'; return 1;")
    (tmp_path / "scripts" / "sub" / "deep.sgs").write_text("include 'near'; global deep = 'deep';")
    (tmp_path / "scripts" / "sub" / "near.sgs").write_text("global near = 'near';")
    (tmp_path / "outside.sgs").write_text("global outside = 1; return 'outside';")
    (tmp_path / "scripts" / "link.sgs").symlink_to(tmp_path / "outside.sgs")
    return tmp_path


def test_without_a_resolver_no_file_exists(tree: Path) -> None:
    engine = engine_with()
    engine.globals["path"] = str(tree / "outside.sgs")
    assert (
        engine.run(
            "return @include(path), @include_file(path), @eval_file(path), @find_include_file(path), @include_shared(path);"
        )
        == (None,) * 5
    )
    assert "outside" not in engine.globals


def test_include_paths(tree: Path) -> None:
    engine = engine_with(include_paths=(str(tree / "scripts"),))
    engine.run("include 'util', 'sub/deep';")
    assert (engine.globals["util"], engine.globals["deep"], engine.globals["near"]) == ("util", "deep", "near")
    assert engine.run("return find_include_file('util');") == str(tree / "scripts" / "util.sgs")
    assert engine.run(f"return eval_file('{tree}/scripts/util.sgs');") == 1


def test_relative_include_paths(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    engine = engine_with(include_paths=("scripts",))
    engine.run("include 'util';")
    assert engine.globals["util"] == "util"


def test_what_lies_outside_does_not_exist(tree: Path) -> None:
    engine = engine_with(include_paths=(str(tree / "scripts"),))
    names = [
        str(tree / "outside.sgs"),
        "../outside",
        "link",
        f"{tree}/scripts/../outside.sgs",
        f"{tree}/scripts/link.sgs",
    ]
    for name in names:
        engine.globals["name"] = name
        results = engine.run(
            f"SGS_PATH = '{tree}/?.sgs;?;/?;../?.sgs'; return @include(name), @include_file(name), @eval_file(name);"
        )
        assert results == (None, None, None)
    assert "outside" not in engine.globals


def test_relative_includes_start_from_the_files_name(tree: Path) -> None:
    engine = engine_with(include_paths=(str(tree / "scripts"),))
    engine.run("include 'near';", name=str(tree / "scripts" / "sub" / "main.sgs"))
    assert engine.globals["near"] == "near"


def test_a_callback(tree: Path) -> None:
    asked: list[tuple[str, str | None]] = []
    maker = engine_with()
    program = maker.compile("global prog = 1;", name="prog.sgs")

    def find(name: str, from_file: str | None) -> object:
        asked.append((name, from_file))
        return {
            "text": "global text = 1;",
            "data": b"global data = 1;",
            "prog": program,
            "path": tree / "outside.sgs",
        }.get(name)

    engine = engine_with(include=find)
    engine.run("include 'text', 'data', 'prog', 'path'; include 'text';", name="main.sgs")
    assert [engine.globals[name] for name in ("text", "data", "prog", "outside")] == [1] * 4
    assert asked[0] == ("text", "main.sgs")
    assert engine.run("return @include('missing'), eval_file('path');") == (None, "outside")


def test_a_callback_may_raise_and_must_give_source() -> None:
    def find(name: str, from_file: str | None) -> object:
        if name == "raise":
            raise PermissionError("no")
        return 5

    engine = engine_with(include=find)
    with pytest.raises(PermissionError):
        engine.run("include 'raise';")
    with pytest.raises(TypeError):
        engine.run("include 'wrong';")


def test_a_mapping_is_a_tree() -> None:
    tree = {"lib/a.sgs": "include 'b'; global a = 1;", "lib/b.sgs": b"global b = 2;", "c.sgs": "return 3;"}
    engine = engine_with(include=tree)
    engine.run("include 'lib/a';", name="main.sgs")
    assert (engine.globals["a"], engine.globals["b"]) == (1, 2)
    assert engine.run("return eval_file('c.sgs'), eval_file('./x/../c.sgs'), @eval_file('d.sgs');") == (3, 3, None)


def test_an_include_runs_once() -> None:
    engine = engine_with(include={"a.sgs": "global n; n = n + 1;"})
    engine.globals["n"] = 0
    engine.run("include 'a', 'a'; include 'a';")
    assert engine.globals["n"] == 1


def test_bytecode_is_never_accepted(tree: Path) -> None:
    import marshal

    code = marshal.dumps(compile("raise SystemExit", "x", "exec"))
    (tree / "scripts" / "code.sgc").write_bytes(b"SGS\0\1" + code)
    engine = engine_with(include_paths=(str(tree / "scripts"),))
    engine.run("pcall(function(){ include 'code.sgc'; });")
    with pytest.raises(Exception, match=r".*"):
        engine.run(code)


def test_the_command_line_finds_all_files(tree: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "interp", "-e", f"print(eval_file('{tree}/outside.sgs'));"],
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"outside"


# --- libraries --------------------------------------------------------------------------------------------------------


def test_the_default_libraries_touch_nothing_outside() -> None:
    engine = engine_with()
    for name in ("string", "fmt", "re", "math", "json"):
        assert engine.run(f"return include('{name}');") is True
    for name in ("io", "os", "sockets"):
        assert engine.run(f"return @include('{name}'), @include_library('{name}');") == (None, None)


def test_a_network_brings_the_sockets_library() -> None:
    with engine_with(network=True) as engine:
        assert engine.run("return include('sockets');") is True


def test_only_the_chosen_libraries() -> None:
    engine = engine_with(libraries=("math",))
    assert engine.run("return include('math'), @include('string');") == (True, None)
    assert engine_with(libraries=()).run("return @include('math');") is None


def test_unknown_libraries_list_what_is_installed() -> None:
    with pytest.raises(ValueError, match=r"nosuch.*fmt.*math.*sockets.*string"):
        Engine(libraries=("nosuch",))
    with pytest.raises(TypeError):
        Engine(libraries="math")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Engine(libraries=[object()])


def test_libraries_as_objects() -> None:
    library = Library("greet", aliases=("hello",))

    @library.function("greet( string name )")
    def greet(name: bytes) -> bytes:
        """Says hello."""
        return b"hello " + name

    library.constant("GREETINGS", 5)
    for name in ("greet", "hello"):
        engine = engine_with(libraries=[library])
        assert engine.run(f"include '{name}'; return greet('x'), GREETINGS, @greet();") == ("hello x", 5, None)


def test_every_library_is_an_entry_point() -> None:
    from importlib.metadata import entry_points

    from interp.libraries import BUILT_IN

    found = {entry.name: entry.value.partition(":")[0] for entry in entry_points(group="sgscript.libraries")}
    assert all(BUILT_IN[name] == module for name, module in found.items() if name in BUILT_IN)
    assert set(BUILT_IN.values()) <= set(found.values())


def test_a_third_party_library_is_included_by_name(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "third_party_library"
    # what an installer leaves behind: the module, and its metadata with the entry point
    (tmp_path / "sgs_counter.py").write_bytes((example / "sgs_counter.py").read_bytes())
    info = tmp_path / "sgs_counter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sgs-counter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sgscript.libraries]\ncounter = sgs_counter:library\n")
    code = (
        "from interp import Engine\n"
        "engine = Engine(libraries=['counter'])\n"
        "print(engine.run(\"include 'counter'; c = counter(5); c.add(2); return c.value, COUNTER_VERSION;\"))\n"
        "try: Engine(libraries=['x'])\n"
        "except ValueError as problem: assert 'counter' in str(problem)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    assert (done.stdout, done.stderr) == ("(7, 1)\n", "")
    for options, expected in (((), b"3"), (("--no-io",), b"")):
        script = "include 'counter'; print(counter(3).value);"
        done = subprocess.run(
            [sys.executable, "-m", "interp", *options, "-e", script],
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        assert done.stdout == expected


def test_programs_may_be_mapped(tmp_path: Path) -> None:
    program = engine_with().compile("global here = 1;", name="p.sgs")
    assert isinstance(program, Program)
    engine = engine_with(include={"p.sgs": program})
    engine.run("include 'p';")
    assert engine.globals["here"] == 1
