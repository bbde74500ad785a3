"""What crossing between host and script costs, beside `lupa` (Lua) and `quickjs` where they are installed.

    boundary.py [--runs N] [--programs]

Nanoseconds for one crossing, the best of 20 N short rounds; each engine's own overhead of a loop is in its number, as
it is in a user's program. `--programs` also runs the benchmark programs with and without the default limits.
"""

from __future__ import annotations

import argparse
import importlib
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from interp import Engine, Limits

COUNT = 5_000  # short rounds: some of many are not disturbed by the rest of the machine
TARGETS = {
    "host to script, two ints": 1.0, "host to script, one int": 1.0, "host to script, text": 1.0,
    "script to host, one int": 0.7, "script to host, text": 0.7,
}  # fmt: skip


def best(work: Callable[[], Any], runs: int, count: int) -> float:
    """Nanoseconds for one of `count` things that a call of `work` does."""
    times = []
    for _ in range(20 * runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times) / count * 1e9


def repeat(function: Callable[..., Any], *args: Any) -> Callable[[], None]:
    """COUNT calls from a plain loop, as a host writes it."""
    if len(args) == 2:
        a, b = args

        def two() -> None:
            for _ in range(COUNT):
                function(a, b)

        return two
    (only,) = args

    def one() -> None:
        for _ in range(COUNT):
            function(only)

    return one


def ours(runs: int) -> dict[str, float]:
    """The numbers of this engine, under the default limits."""
    engine = Engine()
    engine.globals["host"] = lambda a: a
    engine.run(
        "function add(a, b){ return a + b; } function same(a){ return a; }"
        f"function loop(){{ for(i = 0; i < {COUNT}; ++i) host(i); }}"
        f"function texts(){{ for(i = 0; i < {COUNT}; ++i) host('hello'); }}"
    )
    add, same, loop, texts = (engine.globals[name] for name in ("add", "same", "loop", "texts"))
    return {
        "host to script, two ints": best(repeat(add, 1, 2), runs, COUNT),
        "host to script, text": best(repeat(same, "hello"), runs, COUNT),
        "host to script, one int": best(repeat(same, 1), runs, COUNT),
        "script to host, one int": best(loop, runs, COUNT),
        "script to host, text": best(texts, runs, COUNT),
        "new engine": best(lambda: [Engine() for _ in range(20)], runs, 20),
    }


def lupa(runs: int) -> dict[str, float]:
    """The same for Lua through lupa."""
    module = importlib.import_module("lupa")
    lua = module.LuaRuntime()
    lua.globals().host = lambda a: a
    add, same = lua.eval("function(a, b) return a + b end"), lua.eval("function(a) return a end")
    loop = lua.eval(f"function() for i = 1, {COUNT} do host(i) end end")
    texts = lua.eval(f"function() for i = 1, {COUNT} do host('hello') end end")
    return {
        "host to script, two ints": best(repeat(add, 1, 2), runs, COUNT),
        "host to script, text": best(repeat(same, "hello"), runs, COUNT),
        "host to script, one int": best(repeat(same, 1), runs, COUNT),
        "script to host, one int": best(loop, runs, COUNT),
        "script to host, text": best(texts, runs, COUNT),
        "new engine": best(lambda: [module.LuaRuntime() for _ in range(20)], runs, 20),
    }


def quickjs(runs: int) -> dict[str, float]:
    """The same for JavaScript through quickjs."""
    module = importlib.import_module("quickjs")
    context = module.Context()
    context.add_callable("host", lambda a: a)
    add, same = context.eval("(function(a, b){ return a + b; })"), context.eval("(function(a){ return a; })")
    loop = context.eval(f"(function(){{ for(let i = 0; i < {COUNT}; ++i) host(i); }})")
    texts = context.eval(f"(function(){{ for(let i = 0; i < {COUNT}; ++i) host('hello'); }})")
    return {
        "host to script, two ints": best(repeat(add, 1, 2), runs, COUNT),
        "host to script, text": best(repeat(same, "hello"), runs, COUNT),
        "host to script, one int": best(repeat(same, 1), runs, COUNT),
        "script to host, one int": best(loop, runs, COUNT),
        "script to host, text": best(texts, runs, COUNT),
        "new engine": best(lambda: [module.Context() for _ in range(20)], runs, 20),
    }


def programs(runs: int) -> float:
    """Prints what the default limits cost each benchmark program; the geometric mean of the ratios."""
    ratios = []
    for path in sorted((Path(__file__).parent / "programs").glob("*.sgs")):
        if path.stem == "hello":
            continue  # it does nothing: its time is that of the engine's start
        pairs = []
        for _ in range(runs):
            pair = []
            for settings in ({"limits": Limits(seconds=600.0)}, {"limits": Limits.none(), "interruptible": False}):
                with Engine(stdout=io.BytesIO(), **settings) as engine:  # type: ignore[arg-type]
                    program = engine.compile(path.read_bytes(), name=path.name)
                    begin = time.process_time()
                    engine.run(program)
                    pair.append(time.process_time() - begin)
            pairs.append(pair[0] / max(pair[1], 1e-9))
        ratios.append(statistics.median(pairs))
        print(f"  {path.stem:12}{ratios[-1]:8.2f}")
    return statistics.geometric_mean(ratios)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--programs", action="store_true")
    options = parser.parse_args()
    Engine().run("function warm(){} warm();")
    columns: dict[str, dict[str, float]] = {"pysgs": ours(options.runs)}
    for name, measure in (("lupa", lupa), ("quickjs", quickjs)):
        try:
            columns[name] = measure(options.runs)
        except ImportError:
            print(f"{name} is not installed: skipped")
    print(f"{'ns':28}" + "".join(f"{name:>10}" for name in columns) + f"{'to lupa':>10}{'target':>10}")
    for row in columns["pysgs"]:
        line = f"{row:28}" + "".join(f"{column[row]:10.0f}" for column in columns.values())
        if "lupa" in columns:
            line += f"{columns['pysgs'][row] / columns['lupa'][row]:10.2f}"
        if row in TARGETS:
            line += f"{TARGETS[row]:10.2f}"
        print(line)
    print(f"a warm engine takes {columns['pysgs']['new engine'] / 1e6:.2f} ms (target: below 1)")
    if options.programs:
        print("default limits against none (target: at most 1.10)")
        print(f"  {'all':12}{programs(max(1, options.runs // 2)):8.2f}")


if __name__ == "__main__":
    main()
