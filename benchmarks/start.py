"""Start-up: CPU time of a process that runs a one-line script from the code cache, beside empty Python programs.

start.py [--pairs N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def cpu(command: list[str], environment: dict[str, str]) -> float:
    """Milliseconds of processor time of a process, until it has ended."""
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], command, environment, file_actions=nowhere)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def main() -> None:
    """Print a table: the least time of each kind of process, and the median of the paired ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hello.sgs").write_text('println( "hello" );')
        (folder / "empty_module.py").touch()
        (folder / "empty_package").mkdir()
        (folder / "empty_package" / "__init__.py").touch()
        (folder / "empty_package" / "__main__.py").touch()
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": f"{HERE}:{folder}", "XDG_CACHE_HOME": name}
        python, hello = sys.executable, str(folder / "hello.sgs")
        commands = {
            "python -c pass": [python, "-c", "pass"],
            "sgs": [python, str(HERE / "bin" / "sgs"), hello],
            "python -m, empty module": [python, "-m", "empty_module"],
            "python -m, empty package": [python, "-m", "empty_package"],
            "python -m interp": [python, "-m", "interp", hello],
        }
        for command in commands.values():
            for _ in range(3):  # compiled files, the code cache, the snapshot
                cpu(command, environment)
        times: dict[str, list[float]] = {kind: [] for kind in commands}
        for _ in range(args.pairs):
            for kind, command in commands.items():
                times[kind].append(cpu(command, environment))
    empty = times["python -c pass"]
    for kind, found in times.items():
        ratio = statistics.median(one / other for one, other in zip(found, empty, strict=True))
        print(f"{kind:26}{min(found):7.2f} ms {ratio:6.2f}")


if __name__ == "__main__":
    main()
