"""The words of a command line that begins with a switch: what they mean, and what is said when they mean nothing.

Rule of this file: `sgs FILE ARGS...` is understood without it (`interp.cli.parse_options`).
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .cli import Options

HELP = """\
usage: sgs [OPTIONS]                      on a terminal: the prompt
       sgs [OPTIONS] FILE [ARGS...]       run a script; it finds FILE and ARGS in argv
       sgs [OPTIONS] -f FILE [-f FILE...] [ARGS...]
                                          run several files in one engine, globals stay
       sgs [OPTIONS] -e CODE [ARGS...]    run CODE
       sgs [OPTIONS] - [ARGS...]          run standard input
       sgs check [--json] [--departures] FILE...
                                          report what is suspicious, without running
       sgs test [--coverage] [PATH...]    run the tests in test_*.sgs

options:
  --allow-net RULE[,RULE...]  only these connections: HOST, HOST:PORT, *.NAME, CIDR, any
  --deny-net                  no network at all
  --no-io                     without the libraries io and os
  --limit NAME=NUMBER         a limit: seconds, operations, memory, depth, output, sockets
                              (k, m and g stand for powers of 1024); may be given several times
  --no-cache                  neither read nor write compiled code on disk
  --no-optimize               plain generated code: slower, prints the same
  --pretty, --no-pretty       messages with the source line and a hint, or as C SGScript prints them
                              (without either: the first when standard error is a terminal)
  --profile                   at the end, where the time went: a table on stderr
  --profile=FILE              the same as a file for https://www.speedscope.app
  --debug                     stop at the first line and take commands: breakpoints, steps, values
  --version                   print the version
  -h, --help                  print this text

exit status: 0; 1 a file did not compile or an Error ended it; 2 wrong usage; 130 interrupted;
otherwise what the script gave app_exit
"""
LIMITS = ("seconds", "operations", "memory", "depth", "output", "sockets")
UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class UsageError(Exception):
    """Wrong usage: the text says what."""


def parse(options: Options, argv: list[str], terminal: bool) -> None:
    """Fills in the options of the words after the program's name, as `interp.cli.parse_options` says."""
    words = iter(argv)
    for word in words:
        if word == "-f":
            options.files.append(_argument(word, words))
        elif word == "-e":
            options.code = _argument(word, words)
            break  # the rest belongs to the code
        elif word == "--":
            break
        elif word == "-" or not word.startswith("-"):
            (options.args if options.files else options.files).append(word)
            break  # the rest belongs to the script
        elif not _parse_switch(options, word, words):
            raise UsageError(f"unknown option '{word}'{_meant(word.partition('=')[0], HELP.split())}")
    options.args += words
    if not options.files and options.code is None and options.args:
        options.files.append(options.args.pop(0))  # after `--`
    if options.files and options.code is not None:
        raise UsageError("-e and files exclude each other")
    if options.debug and options.profile is not None:
        raise UsageError("--debug and --profile exclude each other")
    if options.debug and "-" in options.files:
        raise UsageError("--debug takes its commands from standard input, so the script must be in a file")
    if not (options.files or options.code is not None or options.show):
        if not terminal or options.debug or options.profile is not None:
            raise UsageError("no file given (- stands for standard input)")
        options.prompt = True


def _parse_switch(options: Options, word: str, words: Iterator[str]) -> bool:
    """Take one long option, written `--name VALUE` or `--name=VALUE`; false when there is none of that name."""
    name, equals, value = word.partition("=")
    if name in ("--allow-net", "--limit"):
        if not equals:
            value = _argument(name, words)
        if name == "--limit":
            _parse_limit(options.limits, value)
        else:
            options.allow_net += [rule for rule in value.split(",") if rule]
        return True
    if name == "--profile":
        if equals and not value:
            raise UsageError("option '--profile=' needs a file")
        options.profile = value
        return True
    if equals:
        return False
    if word in ("-h", "--help"):
        options.show = HELP
    elif word == "--version":
        from .cli import VERSION

        options.show = f"sgs {VERSION} (SGScript 1.4.1), Python {sys.version.split()[0]}\n"
    elif word == "--no-cache":
        options.cache = False
    elif word == "--no-optimize":
        options.optimize = False
    elif word == "--debug":
        options.debug = True
        options.optimize = False
    elif word in ("--pretty", "--no-pretty"):
        options.pretty = word == "--pretty"
    elif word == "--no-io":
        options.io = False
    elif word == "--deny-net":
        options.network = False
    else:
        return False
    return True


def _argument(option: str, words: Iterator[str]) -> str:
    for word in words:
        return word
    raise UsageError(f"option '{option}' needs an argument")


def _meant(word: str, words: list[str]) -> str:
    """The end of a complaint about a word: the one that was likely meant, if there is one."""
    from .hints import nearest

    near = nearest(word, [item.rstrip(",") for item in words if item[:2] == word[:2]])
    return f"; did you mean '{near}'?" if near else ""


def meant_file(path: str, tools: Iterable[str]) -> str:
    """The end of a complaint about a file that does not exist: a tool, or a file in the same folder."""
    folder, name = os.path.split(path)
    try:
        files = [os.path.join(folder, item) for item in os.listdir(folder or ".") if item.endswith(".sgs")]
    except OSError:
        return ""
    if path + ".sgs" in files:
        return f"; did you mean '{path}.sgs'?"
    return _meant(path, [*files, *(tools if "." not in name else ())])


def _parse_limit(limits: dict[str, Any], text: str) -> None:
    name, _, number = text.partition("=")
    if name not in LIMITS:
        raise UsageError(f"no limit '{name}' (there are {', '.join(LIMITS)})")
    unit = UNITS.get(number[-1:].lower(), 1)
    try:
        value = float(number[:-1] if unit > 1 else number) * unit
        limits[name] = value if name == "seconds" else int(value)
    except (ValueError, OverflowError):
        raise UsageError(f"'{number}' is no value for the limit '{name}'") from None
    if not value >= 0:
        raise UsageError(f"'{number}' is no value for the limit '{name}'")
