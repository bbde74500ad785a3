"""The gate against slow decay: how many Python instructions each program takes, compared with a recorded number.

Times differ from machine to machine and from run to run; executed instructions do not. Every program runs with a small
size, its instructions and those of the runtime's Python code are counted, and the count may be at most 5 % above the
one in `gate.json` for this minor version of Python. Far fewer is a reason to record again.

    gate.py [--record] [--only NAME[,NAME]]
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from interp import Engine, Limits  # noqa: E402 - this file also runs without installation

RECORD = HERE / "gate.json"
SLACK = 1.05
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
# what each program's text has for its size, and what takes its place
SIZES = {
    "fib": ("fib( 31 )", "fib( 13 )"),
    "intloop": ("4000000", "2500"),
    "mandelbrot": ("260, 80", "20, 20"),
    "nbody": ("20000", "40"),
    "sieve": ("1500000", "2500"),
    "objects": ("600000", "1200"),
    "words": ("250000", "800"),
    "closures": ("400000", "1200"),
    "trees": ("make( 14 )", "make( 5 )"),
    "bytes": ("150000", "250"),
    "evaluator": ("40000", "60"),
    "tokenizer": ("30000", "40"),
    "matrix": ("n = 150", "n = 14"),
    "life": ("w = 40; h = 30", "w = 5; h = 4"),
    "heap": ("60000", "150"),
    "text": ("120000", "150"),
    "distance": ("size = 48", "size = 3"),
    "memo": ("20000", "30"),
}
_COUNTED = tuple(str(HERE.parent / part) for part in ("interp/runtime", "interp/library.py", "stdlib"))


def is_counted(code: CodeType, name: str) -> bool:
    """Whether code is the script's own or works for it at run time; the engine's entry and exit are left out."""
    return code.co_filename == name or code.co_filename.startswith(_COUNTED)


def count(name: str) -> int:
    """Instructions of one program, of the second run in this process: nothing is compiled or imported in it."""
    big, small = SIZES[name]
    text = (HERE / "programs" / f"{name}.sgs").read_text()
    if text.count(big) != 1:
        raise SystemExit(f"{name}: its size {big!r} must stand in the text once, to become {small!r}")
    source = text.replace(big, small)
    run(source, name)
    return with_monitoring(source, name) if sys.version_info >= (3, 12) else with_trace(source, name)


def run(source: str, name: str) -> None:
    """The script in an engine of its own, without limits."""
    with Engine(limits=Limits.none(), stdout=io.BytesIO(), cache=False) as engine:
        engine.run(source, name=name)


def with_trace(source: str, name: str) -> int:
    """The count through a trace function, Python 3.11's only way."""
    total = 0

    def each(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal total
        if event == "opcode":
            total += 1
        return each

    def entered(frame: FrameType, event: str, arg: object) -> Any:
        if not is_counted(frame.f_code, name):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return each

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        run(source, name)
    finally:
        sys.settrace(before)
    return total


def with_monitoring(source: str, name: str) -> int:
    """The count through `sys.monitoring`."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    tool = next(number for number in range(6) if monitoring.get_tool(number) is None)
    total = 0

    def executed(code: CodeType, offset: int) -> Any:
        nonlocal total
        if not is_counted(code, name):
            return monitoring.DISABLE
        total += 1
        return None

    monitoring.use_tool_id(tool, "gate")
    try:
        monitoring.register_callback(tool, monitoring.events.INSTRUCTION, executed)
        monitoring.set_events(tool, monitoring.events.INSTRUCTION)
        run(source, name)
    finally:
        monitoring.set_events(tool, 0)
        monitoring.register_callback(tool, monitoring.events.INSTRUCTION, None)
        monitoring.free_tool_id(tool)
    return total


def recorded() -> dict[str, int]:
    """The numbers of this minor version of Python; empty when there are none."""
    return json.loads(RECORD.read_text()).get(VERSION, {}) if RECORD.exists() else {}  # type: ignore[no-any-return]


def main() -> int:
    """Compare, or record with `--record`; 1 when a program takes more than allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write the counts to gate.json")
    parser.add_argument("--only", default="", help="comma-separated program names")
    args = parser.parse_args()
    names = [name for name in args.only.split(",") if name] or list(SIZES)
    allowed = recorded()
    counts = {name: count(name) for name in names}
    for name, found in counts.items():
        before = allowed.get(name)
        print(f"{name:12}{found:9}" + (f"{before:9}{found / before:8.3f}" if before else ""))
    if args.record:
        everything = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        everything[VERSION] = {**allowed, **counts}
        RECORD.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n")
        return 0
    worse = [name for name, found in counts.items() if found > SLACK * allowed.get(name, found)]
    if worse:
        print(f"more instructions than recorded: {', '.join(worse)}", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
