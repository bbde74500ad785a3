"""Compare each script with its Python twin: CPU time of whole processes, start-up taken off.

Both sides run in turn, N pairs, so that a change in the machine's speed meets both; a pair gives one ratio, and the
median of the ratios counts. `C / twin` is what the C program SGScript 1.4.1 needs of the twin's time (README.md): a
ratio below it is faster than C. More programs, which the optimiser was not made with, have a mean of their own.

    run.py [--runs N] [--only NAME[,NAME]] [--json] [--python PATH]...

With `--python`, once or more, each of these interpreters (it needs lark and greenlet) measures, one after the other,
and the ratios stand in one table for the README.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
C_OF_TWIN = {
    "fib": 1.29,
    "intloop": 0.44,
    "mandelbrot": 0.56,
    "nbody": 1.46,
    "sieve": 0.65,
    "objects": 3.9,
    "words": 1.27,
    "closures": 0.67,
    "trees": 1.64,
    "bytes": 2.5,
}
# programs that the ten do not decide about; what C needs of them was not measured
OTHERS = ("evaluator", "tokenizer", "matrix", "life", "heap", "text", "distance", "memo")

# settings of the shell that change what start-up or output costs
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONOPTIMIZE")
}


def sgs_command() -> list[str]:
    """The command as it is installed, run by this Python."""
    return [sys.executable, str(Path(__file__).resolve().parent.parent / "bin" / "sgs")]


def measure(command: list[str], output: Path) -> float:
    """CPU seconds (user and system) of one process with its output in `output`; SystemExit when it fails."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    pid = os.posix_spawn(command[0], command, ENVIRONMENT, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


class Bench:
    """Runs pairs of processes in a scratch folder; `start_up` holds the seconds of an empty program on each side."""

    def __init__(self, runs: int, scratch: Path) -> None:
        self.runs = runs
        self.ours = sgs_command()
        self.twin = [sys.executable]
        self.outputs = (scratch / "ours.out", scratch / "twin.out")
        empty_script, empty_twin = scratch / "empty.sgs", scratch / "empty.py"
        empty_script.write_text("")
        empty_twin.write_text("pass\n")
        pairs = self.pairs(empty_script, empty_twin, max(runs, 9))
        self.start_up = tuple(statistics.median(side) for side in zip(*pairs, strict=True))

    def pairs(self, script: Path, twin: Path, runs: int) -> list[tuple[float, float]]:
        """CPU seconds (ours, twin) of interleaved runs; one unmeasured run of ours fills the code cache first."""
        commands = ([*self.ours, str(script)], [*self.twin, str(twin)])
        measure(commands[0], self.outputs[0])
        return [(measure(commands[0], self.outputs[0]), measure(commands[1], self.outputs[1])) for _ in range(runs)]

    def compare(self, name: str) -> dict[str, float]:
        """Medians in seconds without start-up, and the median ratio; SystemExit when the outputs differ."""
        pairs = self.pairs(PROGRAMS / f"{name}.sgs", PROGRAMS / f"{name}.py", self.runs)
        if self.outputs[0].read_bytes() != self.outputs[1].read_bytes():
            raise SystemExit(f"{name}: the script and its twin print different results")
        net = [(max(a - self.start_up[0], 1e-4), max(b - self.start_up[1], 1e-4)) for a, b in pairs]
        return {
            "ours": statistics.median(a for a, _ in net),
            "twin": statistics.median(b for _, b in net),
            "ratio": statistics.median(a / b for a, b in net),
            **({"c_of_twin": C_OF_TWIN[name]} if name in C_OF_TWIN else {}),
        }


def mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """Geometric means of what all rows have a ratio of."""
    keys = [key for key in ("ratio", "c_of_twin") if all(key in row for row in rows)]
    return {key: math.exp(statistics.fmean(math.log(row[key]) for row in rows)) for key in keys}


def line(name: str, row: dict[str, float]) -> str:
    """A row of the table; what is not known stays empty."""
    ours, twin = (f"{row[key]:9.3f}" if key in row else " " * 9 for key in ("ours", "twin"))
    c = f"{row['c_of_twin']:10.2f}{row['ratio'] / row['c_of_twin']:10.2f}" if "c_of_twin" in row else ""
    return f"{name:12}{ours}{twin}{row['ratio']:13.2f}{c}"


def table_of(pythons: list[str], words: list[str]) -> None:
    """Let each interpreter measure and print the ratios as one Markdown table; SystemExit when one fails."""
    results = {}
    here = ENVIRONMENT | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    for python in pythons:
        asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        done = subprocess.run([python, __file__, "--json", *words], env=here, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"{python}: exit status {done.returncode}")
        results[version] = json.loads(done.stdout)
        print(f"measured {version}", file=sys.stderr, flush=True)
    first = next(iter(results.values()))
    print(f"| program | {' | '.join(results)} |\n| --- |{' ---: |' * len(results)}")
    for name in first["programs"]:
        print(f"| {name} | {' | '.join(format(one['programs'][name]['ratio'], '.2f') for one in results.values())} |")
    for name in first["geometric_means"]:
        means = [one["geometric_means"][name]["ratio"] for one in results.values()]
        print(f"| **{name}** | {' | '.join(f'**{mean:.2f}**' for mean in means)} |")
    starts = [one["start_up_ms"]["ours"] / one["start_up_ms"]["twin"] for one in results.values()]
    print(f"| start-up | {' | '.join(format(ratio, '.2f') for ratio in starts)} |")


def main() -> int:
    """Run the chosen programs and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="pairs per program (default 5)")
    parser.add_argument("--only", default="", help="comma-separated program names")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--python", action="append", help="an interpreter to measure with; may be given several times")
    args = parser.parse_args()
    names = [name for name in args.only.split(",") if name] or [*C_OF_TWIN, *OTHERS]
    unknown = [name for name in names if name not in C_OF_TWIN and name not in OTHERS]
    if unknown or args.runs < 1:
        parser.error(f"no such program: {', '.join(unknown)}" if unknown else "--runs must be positive")

    if args.python:
        table_of(args.python, ["--runs", str(args.runs), "--only", ",".join(names)])
        return 0

    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(args.runs, Path(scratch))
        if not args.json:
            print(f"{'program':12}{'ours s':>9}{'twin s':>9}{'ours / twin':>13}{'C / twin':>10}{'ours / C':>10}")
        for name in names:
            row = results[name] = bench.compare(name)
            if not args.json:
                print(line(name, row), flush=True)
    means = {
        label: mean([row for name, row in results.items() if name in group])
        for label, group in (("geo. mean", C_OF_TWIN), ("others' mean", OTHERS))
        if any(name in group for name in results)
    }
    ours_ms, twin_ms = (1000 * seconds for seconds in bench.start_up)
    if args.json:
        summary = {"geometric_means": means, "start_up_ms": {"ours": ours_ms, "twin": twin_ms}}
        print(json.dumps({"programs": results, **summary}, indent=1))
    else:
        for label, row in means.items():
            print(line(label, row))
        print(f"start-up, CPU of an empty program: ours {ours_ms:.1f} ms, python {twin_ms:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
