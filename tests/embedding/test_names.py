"""Names that mean something to Python, compilers with too much to do, and the cache: more ways out of the sandbox, shut.

Scripts become Python code. No name of a script may become one of Python's, whatever it is the name of; no source may
keep the compiler busy beyond the limits; nobody else may put code where an engine finds it.
"""

# ruff: noqa: E501 - scripts and tables read better on one line

from __future__ import annotations

import io
import keyword
import os
import time
from pathlib import Path

import pytest

from interp import Engine, LimitExceeded, Limits, ScriptError, ScriptFunction, ScriptSyntaxError
from interp.compiler.cache import Cache

RESERVED = sorted({
    *keyword.kwlist, *keyword.softkwlist, "__builtins__", "__debug__", "__name__", "__annotations__", "__doc__", "__class__",
    "__file__", "__dict__", "__import__", "__build_class__", "__slots__", "__init__", "print", "self", "len", "type", "super",
    "_", "__",
})  # fmt: skip

# Each gives 5; a name that is a word of the script language itself may be a syntax error instead.
FORMS = (
    "global {0} = 5; return {0};", "var {0} = 5; return {0};", "var {0} = 3; {0} += 2; return {0};",
    "function f({0}){{ return {0}; }} return f(5);", "function {0}(){{ return 5; }} return {0}();",
    "o = {{ {0} = 5 }}; return o.{0};", "o = {{}}; o.{0} = 5; return o['{0}'];",
    "class {0} {{ function m(){{ return 5; }} }} o = new {0}(); return o.m();",
    "class C {{ function {0}(){{ return 5; }} }} o = new C(); return o.{0}();",
    "var {0} = 5; f = function() use({0}){{ return {0}; }}; return f();", "foreach({0} : [5]){{ x = {0}; }} return x;",
    "for(var {0} = 0; {0} < 5; ++{0}){{}} return {0};", "_G['{0}'] = 5; return _G['{0}'];",
    "m = map(); m['{0}'] = 5; return m['{0}'];", "_R.{0} = 5; return _R['{0}'];",
)  # fmt: skip


def make(**settings: object) -> Engine:
    libraries = ("string", "math", "fmt", "re", "json", "os")
    options: dict[str, object] = {"limits": Limits(seconds=20.0), "on_message": lambda message: True, **settings}
    engine = Engine(libraries, stdout=io.BytesIO(), stderr=io.BytesIO(), **options)  # type: ignore[arg-type]
    engine.run("include 'string', 'math', 'fmt', 're', 'json', 'os';")
    return engine


@pytest.mark.parametrize("form", FORMS)
def test_pythons_names_are_ordinary_names(form: str) -> None:
    compiled = 0
    for name in RESERVED:
        with make() as engine:
            try:
                assert engine.run(form.format(name)) == 5, name
            except ScriptSyntaxError:
                continue
            compiled += 1
            assert engine.run("function f(n){ if(n < 2) return n; return f(n - 1) + f(n - 2); } return f(10);") == 55
    assert compiled > 20


def test_names_are_bytes_and_are_not_normalised() -> None:
    """Python takes `ﬁ` for `fi` and fullwidth letters for plain ones; a script's names are what they are."""
    twins = {
        "ｐrint": "print",
        "ﬁ": "fi",
        "ª": "a",
        "µ": "μ",
        "ℌ": "H",
        "__ｃlass__": "__class__",
        "ſ": "s",
        "é": "e\u0301",
    }
    with make() as engine:
        for fancy, plain in twins.items():
            engine.globals.update(fancy=fancy, plain=plain)
            assert engine.run(
                "var o = {}; o[ fancy ] = 1; o[ plain ] = 2; _G[ fancy ] = 3; _G[ plain ] = 4; var r = [ o[ fancy ], o[ plain ], "
                "_G[ fancy ], _G[ plain ] ]; return string_implode( r, ' ' );"
            ) == "1 2 3 4"  # fmt: skip
            with pytest.raises(ScriptSyntaxError):
                engine.run(f"global {fancy} = 1;")


@pytest.mark.parametrize(
    "name",
    [
        "$type",
        "$stop",
        "$poll",
        "$1",
        "$",
        "a$b",
        "__builtins__$",
        "None$",
        "\0",
        "",
        "a\nb",
        "a b",
        "\xff",
        ".",
        "x.__class__",
    ],
)
def test_impossible_names_stay_outside_of_the_namespace(name: str) -> None:
    with make() as engine:
        engine.globals["name"] = name
        engine._world.need(None)
        before = {key: value for key, value in engine._world.namespace.items() if "$" in key}
        engine.run(
            "@(_G[ name ] = 5); @sym_register(name, 6); @setprop({}, name, 1); o = {}; o[ name ] = 1; "
            "_R[ name ] = 2; @unset(_G, name); @include(name); @eval('return ' $ name $ ';'); @getprop(print, name);"
        )
        after = {key: value for key, value in engine._world.namespace.items() if "$" in key}
        # `$whole` says whether a global has ever gone, which `unset` decides
        assert {**after, "$whole": True} == {**after, **before}
        assert engine.run("return [ 1 ].size + 1;") == 2


@pytest.mark.parametrize(
    "value", ["exposed", "opaque", "print", "array", "_R", "new K()", "host()", "'x'", "[]", "null"]
)
def test_the_globals_cannot_become_something_else(value: str) -> None:
    with make() as engine:
        engine.globals.update(opaque=object(), host=lambda: object())
        engine.run("class K {}")
        try:
            engine.run(f"@(_G = {value});")
        except ScriptError:
            pass
        assert type(engine._world.namespace["__builtins__"]).__name__ == "MissingGlobals"
        assert engine.eval("1 + 1") == 2


@pytest.mark.parametrize(
    "source",
    [
        "return " + " * ".join(["9223372036854775807"] * 900) + ";",
        "return " + " << ".join(["1"] + ["62"] * 500) + ";",
        "return " + " + ".join(["'aaaaaaaaaa'"] * 500) + ";",
        "return " + " $ ".join(["'" + "a" * 1000 + "'"] * 1500) + ";",
        "return 1" + "0" * 1_000_000 + ";",
        "return 0x" + "f" * 1_000_000 + ";",
        "return 1e" + "9" * 100_000 + ";",
        "return '" + "\\x41" * 500_000 + "';",
        "return " + "-" * 190 + "1;",
        "x = [" + "1," * 100_000 + "1]; return x.size;",
        "x = { " + ", ".join(f"k{i} = {i}" for i in range(20_000)) + " };",
        "/*" + "*" * 1_000_000 + "*/",
        "x" * 1_000_000 + " = 1;",
        "".join(f"function f{i}(){{}}" for i in range(3000)),
        "switch" * 20_000,
        "if(1){" * 150 + "}" * 150,
        "x = function(){ return " * 90 + "1" + "; }" * 90 + ";",
    ],
)
def test_compiling_stays_bounded(source: str) -> None:
    """Constants of Python are not folded to something huge, long texts take linear time, nesting ends in a syntax error."""
    with make(limits=Limits(seconds=None, memory=256 << 20), cache=False) as engine:
        begin = time.process_time()
        try:
            engine.run(source)
        except (ScriptSyntaxError, ScriptError, LimitExceeded):
            pass
        assert time.process_time() - begin < 8.0
        assert engine.eval("6 * 7") == 42


@pytest.mark.parametrize(
    "keys",
    [
        "i * 2305843009213693951",  # multiples of Python's modulus for the hashes of numbers
        "i * 2305843009213693951.0",
        "pow(2.0, i % 1000) * (i / 1000)",
        "(i & 4095) << 51",
        "'k' $ i",
        "toptr(i * 4096)",
    ],
)
def test_hashes_do_not_collide_by_plan(keys: str) -> None:
    with make() as engine:
        engine.run(f"m = map(); for(i = 0; i < 15000; ++i) m[ {keys} ] = i;")
        begin = time.process_time()
        engine.run(f"for(i = 0; i < 15000; ++i) m[ {keys} ] = i;")
        assert time.process_time() - begin < 2.0  # colliding keys take minutes


def test_a_function_of_the_host_shows_its_exceptions_text_only() -> None:
    class Telling(Exception):
        def __init__(self) -> None:
            super().__init__("text")
            self.secret = "secret"

    def fails() -> None:
        raise Telling

    seen: list[bytes] = []
    with Engine(on_message=lambda message: seen.append(message.text)) as engine:
        engine.globals["fails"] = fails
        assert engine.run("return @fails();") is None
        engine.run(
            "pcall(fails, function(level, text){ global got = text; global kind = typeof(text); return true; });"
        )
        assert engine.globals["got"] == "fails(): Telling: text"
        assert "secret" not in str(engine.globals["got"])


def test_views_of_functions_come_back_as_what_they_are() -> None:
    """A view is a Python function for the host; in a script's hands it is the script function again, never a host one."""
    with make() as engine, make() as other:
        engine.run("function f(){ return this; }")
        view = engine.globals["f"]
        assert isinstance(view, ScriptFunction)
        for target in ("g", "h"):
            engine.globals[target] = view if target == "g" else [view, {"x": view}]
        assert engine.run("return g == f && h[ 0 ] == f && h[ 1 ].x == f;") is True
        assert engine._world.namespace["g"] is engine._world.namespace["f"]
        for given in (view, [view], {"x": view}):
            with pytest.raises(TypeError):
                other.globals["g"] = given


# --- code on disk -----------------------------------------------------------------------------------------------------


def test_the_cache_trusts_only_what_is_the_users_own(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    Cache(str(folder)).store("key", b"data")
    assert Cache(str(folder)).load("key") == b"data"
    assert folder.stat().st_mode & 0o777 == 0o700
    for mode in (0o777, 0o770, 0o702, 0o710, 0o704):
        folder.chmod(mode)
        cache = Cache(str(folder))
        assert cache.load("key") is None
        cache.store("other", b"data")
        assert not (folder / "other").exists()
    folder.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert Cache(str(link)).load("key") is None
    if os.getuid() == 0:
        os.chown(folder, 12345, 12345)
        assert Cache(str(folder)).load("key") is None


def test_the_cache_takes_no_damaged_code(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "cache"))
    cache.store_code("key", b"identity", compile("1", "x", "eval"))
    file = tmp_path / "cache" / "key"
    good = file.read_bytes()
    assert cache.load_code("key", b"identity") is not None
    for position in range(0, len(good), 3):
        file.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        assert cache.load_code("key", b"identity") is None
    file.write_bytes(good[:-1])
    assert cache.load_code("key", b"identity") is None
