"""Two scripts talk over real TCP on the loopback interface: `echo_server.sgs` and `echo_client.sgs`.

Each is a process of its own, run by the same command a user would type. Both sides' lines are printed; the exit status
is not 0 when a side fails, says something on standard error, or does not finish within `SECONDS`.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).parent
SECONDS = 30
CONNECTIONS = 1
GREETING = "listening on port "
TEXTS = ("hello", "from the client")


def start(script: str, *args: object) -> subprocess.Popen[str]:
    """A script of this folder as a process with its output on pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "interp", str(HERE / script), *map(str, args)],
        cwd=HERE.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(name: str, process: subprocess.Popen[str]) -> list[str]:
    """Wait for the end and print what the process said; what went wrong, in words."""
    out, err = process.communicate(timeout=SECONDS)
    for line in out.splitlines() + err.splitlines():
        print(f"{name} | {line}")
    problems = [f"{name} ended with status {process.returncode}"] if process.returncode else []
    return problems + ([f"{name} wrote to standard error"] if err else [])


def talk(server: subprocess.Popen[str]) -> list[str]:
    """The conversation from the server's greeting on; what went wrong, in words."""
    assert server.stdout is not None
    greeting = server.stdout.readline().rstrip()
    print(f"server | {greeting}")
    if not greeting.startswith(GREETING):
        return [f"the server did not begin with '{GREETING}N'", *finish("server", server)]
    client = start("echo_client.sgs", greeting.removeprefix(GREETING), *TEXTS)
    try:
        return finish("client", client) + finish("server", server)
    finally:
        client.kill()


def main() -> int:
    """Run the demonstration; 0 when everything went well."""
    server = start("echo_server.sgs", 0, CONNECTIONS)
    watchdog = threading.Timer(SECONDS, server.kill)  # also ends a wait for the greeting
    watchdog.start()
    try:
        problems = talk(server)
    except subprocess.TimeoutExpired:
        problems = [f"not finished within {SECONDS} seconds"]
    finally:
        watchdog.cancel()
        server.kill()
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    if not problems:
        print("demo: both sides finished")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
