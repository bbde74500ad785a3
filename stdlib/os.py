"""Library `os` (chapter 07 section 4): environment, commands, time, locale.

Rules of this file: the outside is reached only through `process()`, `filesystem()` (for the folder commands run in)
and the engine's clock; all calendar work is done by `Zone` there, only formats are made here.
"""

from __future__ import annotations

import os
import sys
import time

from interp.library import (
    MISSING,
    Library,
    argument_error,
    convert,
    engine,
    new_dict,
    wrap,
)
from stdlib.filesystem import filesystem
from stdlib.process import CATEGORIES, LC_ALL, Moment, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

library = Library("os", doc="Environment, commands, time and locale (chapter 07 section 4).")

library.constant("LC_ALL", LC_ALL)
for _name in ("LC_COLLATE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME"):
    library.constant(_name, CATEGORIES[_name])

_PLATFORMS = {"win32": b"Windows", "cygwin": b"Windows", "darwin": b"Mac OS X", "emscripten": b"Browser",
              "wasi": b"Browser", "android": b"Android"}  # fmt: skip


def _system(platform: str) -> bytes:
    if platform in _PLATFORMS:
        return _PLATFORMS[platform]
    if platform.startswith("linux"):
        return b"Android" if hasattr(sys, "getandroidapilevel") else b"Linux"
    if "bsd" in platform or platform.startswith(("sunos", "aix")):
        return b"Unix"
    return b"POSIX" if os.name == "posix" else b"Unknown"


# --- system, environment, commands ------------------------------------------------------------------------------------


@library.function("os_gettype( ... )")
def os_gettype(*ignored: Any) -> bytes:
    """The kind of operating system: `Linux`, `Windows`, `Mac OS X`, ..."""
    return _system(sys.platform)


@library.function("os_command( cstring cmd )")
def os_command(cmd: bytes) -> int:
    """Runs a command in the system shell, in this engine's environment and folder, and waits for its end.

    The status as C's `system` gives it: 0 for success; on POSIX an exit code is in bits 8 to 15; -1: not started.
    """
    streams = engine().streams
    if streams is not None:
        streams.flush()  # what the script printed before comes before what the command prints
    try:
        cwd: bytes | None = filesystem().getcwd()
    except OSError:
        cwd = None  # the scripts see no files, or the folder is gone: where the process is
    return process().command(cmd, cwd)


@library.function("os_getenv( cstring name )")
def os_getenv(name: bytes) -> bytes | None:
    """The value of an environment variable, null when it is not set."""
    return process().environment.get(name)


@library.function("os_putenv( cstring assignment )")
def os_putenv(assignment: bytes) -> bool:
    """`NAME=value` sets a variable, `NAME` alone removes it. Only this engine and its commands see it."""
    return process().putenv(assignment)


# --- time -------------------------------------------------------------------------------------------------------------


def _now() -> int:
    """Seconds since the epoch."""
    return int(time.time())


@library.function("os_time( real tz )", raw=True)
def os_time(this: Any, args: tuple[Any, ...]) -> int:
    """Seconds since the epoch.

    With a zone in hours (cut to half hours; null or a refused value is 0): the UTC calendar fields of now read as
    local standard time, moved by the zone.
    """
    now = _now()
    if not args:
        return now
    hours = 0.0
    if args[0] is not None:
        hours = convert("real", args[0])
        if hours is MISSING:
            argument_error(1, "real", args[0])
            hours = 0.0
    moment = process().zone().local(now)
    half_hours = hours * 2
    # an infinite zone has no half hours
    steps = int(half_hours) if abs(half_hours) < 2.0**63 else 0
    return wrap(now - (moment.offset - moment.daylight) + 1800 * steps)


@library.function("os_get_timezone([ bool as_string = false ])")
def os_get_timezone(as_string: bool) -> float | bytes:
    """Hours of local time east of UTC as a real, or as text `+HH:MM`."""
    offset = process().zone().local(_now()).offset
    if not as_string:
        return offset / 3600.0
    minutes = abs(offset) // 60
    return b"%c%02d:%02d" % (b"-" if offset < 0 else b"+", minutes // 60, minutes % 60)


@library.function("os_date_string( string format[, int time ] )")
def os_date_string(pattern: bytes, timestamp: int | None) -> bytes:
    """The local time (default: now) written by a format; section 4.3 has the codes. Unknown codes are copied."""
    if timestamp is None:
        timestamp = _now()
    moment = process().zone().local(timestamp)
    text, *rest = pattern.split(b"%")
    parts = [text]
    codes = iter(rest)
    for piece in codes:
        code = piece[:1]
        if code:
            parts.append(_CODES[code](moment, timestamp) if code in _CODES else b"%" + code)
            parts.append(piece[1:])
            continue
        # nothing between two percent signs, or the last one stood at the end
        follower = next(codes, None)
        parts.append(b"%" if follower is None else b"%" + follower)
    return b"".join(parts)


_DAYS = (b"Sunday", b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday")
_MONTHS = (b"January", b"February", b"March", b"April", b"May", b"June", b"July", b"August", b"September", b"October",
           b"November", b"December")  # fmt: skip


def _pattern(text: bytes, *fields: str) -> Callable[[Moment, int], bytes]:
    """A code that is a pattern of int fields of the moment; `century` and the like are made by `_field`."""
    return lambda moment, timestamp: text % tuple(_field(moment, field) for field in fields)


def _field(moment: Moment, name: str) -> int:
    if name == "century":
        return abs(moment.year) // 100 % 100
    if name == "year2":
        return abs(moment.year) % 100
    if name == "year4":
        return abs(moment.year) % 10000
    if name == "hour12":
        return (moment.hour + 11) % 12 + 1
    if name == "weekday7":
        return moment.weekday or 7
    if name == "sunday_week":
        return (moment.yearday + 6 - moment.weekday) // 7
    if name == "monday_week":
        return (moment.yearday + 6 - (moment.weekday + 6) % 7) // 7
    return int(getattr(moment, name))


def _localized(code: str, plain: Callable[[Moment], bytes]) -> Callable[[Moment, int], bytes]:
    """A code whose text depends on the locale for times; `plain` makes it in the `C` locale."""

    def make(moment: Moment, timestamp: int) -> bytes:
        if not process().locale.is_plain(CATEGORIES["LC_TIME"]):
            fields = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second,
                      (moment.weekday + 6) % 7, moment.yearday, 1 if moment.daylight else 0)  # fmt: skip
            try:
                return os.fsencode(time.strftime(code, fields))
            except (ValueError, OverflowError):
                pass  # beyond the C library's years
        return plain(moment)

    return make


def _date_and_time(moment: Moment) -> bytes:
    day, month = _DAYS[moment.weekday][:3], _MONTHS[moment.month - 1][:3]
    clock = (moment.hour, moment.minute, moment.second)
    return b"%b %b %2d %02d:%02d:%02d %d" % (day, month, moment.day, *clock, moment.year)


_TIME = _pattern(b"%02d:%02d:%02d", "hour", "minute", "second")
_DATE = _pattern(b"%02d/%02d/%02d", "month", "day", "year2")

_CODES: dict[bytes, Callable[[Moment, int], bytes]] = {
    b"a": _localized("%a", lambda moment: _DAYS[moment.weekday][:3]),
    b"A": _localized("%A", lambda moment: _DAYS[moment.weekday]),
    b"b": _localized("%b", lambda moment: _MONTHS[moment.month - 1][:3]),
    b"B": _localized("%B", lambda moment: _MONTHS[moment.month - 1]),
    b"c": _localized("%c", _date_and_time),
    b"x": _localized("%x", lambda moment: _DATE(moment, 0)),
    b"X": _localized("%X", lambda moment: _TIME(moment, 0)),
    b"Z": lambda moment, timestamp: moment.abbreviation,
    b"U": _pattern(b"%02d", "sunday_week"),
    b"W": _pattern(b"%02d", "monday_week"),
    b"C": _pattern(b"%02d", "century"),
    b"d": _pattern(b"%02d", "day"),
    b"e": _pattern(b"%2d", "day"),
    b"F": _pattern(b"%04d-%02d-%02d", "year4", "month", "day"),
    b"H": _pattern(b"%02d", "hour"),
    b"I": _pattern(b"%02d", "hour12"),
    b"j": _pattern(b"%03d", "yearday"),
    b"m": _pattern(b"%02d", "month"),
    b"M": _pattern(b"%02d", "minute"),
    b"p": lambda moment, timestamp: b"AM" if moment.hour < 12 else b"PM",
    b"R": _pattern(b"%02d:%02d", "hour", "minute"),
    b"S": _pattern(b"%02d", "second"),
    b"T": _TIME,
    b"u": _pattern(b"%d", "weekday"),
    b"w": _pattern(b"%d", "weekday7"),
    b"y": _pattern(b"%02d", "year2"),
    b"Y": _pattern(b"%04d", "year4"),
    b"f": _pattern(b"%04d-%02d-%02d_%02d-%02d-%02d", "year4", "month", "day", "hour", "minute", "second"),
    b"t": lambda moment, timestamp: b"%d" % timestamp,
}


@library.function("os_parse_time([ int time ])")
def os_parse_time(timestamp: int | None) -> Any:
    """The calendar fields of a local time (default: now) as a dict of ints; weekday 1 is Monday, yearday from 1."""
    moment = process().zone().local(_now() if timestamp is None else timestamp)
    return new_dict(
        {
            b"year": moment.year,
            b"month": moment.month,
            b"day": moment.day,
            b"weekday": moment.weekday or 7,
            b"yearday": moment.yearday,
            b"hours": moment.hour,
            b"minutes": moment.minute,
            b"seconds": moment.second,
        }
    )


@library.function("os_make_time( int sec[, int min = 0, int hour = 0, int day = 0, int month = 1, int year = 1900 ] )")
def os_make_time(second: int, minute: int, hour: int, day: int, month: int, year: int) -> int:
    """Seconds since the epoch of a local time. Parts out of range carry over; -1 when the result is no int."""
    seconds = (hour * 60 + minute) * 60 + second
    timestamp = process().zone().timestamp(year, month, day, seconds)
    return timestamp if wrap(timestamp) == timestamp else -1


# --- locale -----------------------------------------------------------------------------------------------------------


@library.function("os_get_locale( int category )")
def os_get_locale(category: int) -> bytes | None:
    """The name of a category's current locale; null for an unknown category."""
    return process().locale.name(category)


@library.function("os_set_locale( int category, cstring name )")
def os_set_locale(category: int, name: bytes) -> bool:
    """Chooses a locale; false when it is unknown, or when the host keeps its own."""
    current = process()
    return current.locale.select(category, name, current.environment)


@library.function("os_get_locale_format( ... )")
def os_get_locale_format(*ignored: Any) -> Any:
    """How the current locale writes numbers and money, as a dict; 127 stands for unspecified."""
    return new_dict({key.encode(): value for key, value in process().locale.conventions().items()})


@library.function("os_locale_strcmp( cstring a, cstring b )")
def os_locale_strcmp(a: bytes, b: bytes) -> int:
    """Negative, 0 or positive: the order of two texts in the current locale."""
    return process().locale.collate(a, b)
