"""The one door from library `os` to the process: environment, shell, time zone, locale (chapters 07 section 4 and 12).

Rules of this file: all of it is per engine and starts as a copy of the process's; nothing here changes the process,
except the locale, and that only where the host allows it. A host puts its own `Process` into
`engine().slots["process"]`; None there means an empty environment and no shell. A program that is nothing but one
engine, as the command line is, sets `engine().slots["shared_locale"]` instead: that costs no import.

Local time is computed here, from zone files and from POSIX `TZ` texts, not by `time.localtime`: the C library has one
zone for the whole process, and `time.tzset()` would change it under the host and under other engines, with or without
a lock of ours. Python's `zoneinfo` reads both kinds; years beyond its range are moved by whole 400-year cycles, after
which the calendar, weekdays and daylight rules repeat.
"""

from __future__ import annotations

import _locale  # `locale` loads `re` for what is not needed here
import os
from datetime import UTC, date, datetime, timedelta, timezone

from interp.library import engine, poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from datetime import tzinfo
    from typing import Any

SLOT = "process"
SHARED_LOCALE = "shared_locale"

# --- local time -------------------------------------------------------------------------------------------------------

_DAY = 86400
_CYCLE_DAYS = 146097
_CYCLE = _CYCLE_DAYS * _DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)

# Within these bounds times are computed as they are, with two years of distance to what `datetime` can hold.
_FIRST = int((datetime(3, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
_LAST = int((datetime(9998, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())

_DEFAULT_RULES = b",M3.2.0,M11.1.0"
_MAX_ZONE_FILE = 1 << 20


class Moment:
    """A point of local time: calendar fields (month, day, yearday from 1; weekday 0 is Sunday) and its zone."""

    __slots__ = ("abbreviation", "day", "daylight", "hour", "minute", "month", "offset", "second", "weekday", "year",
                 "yearday")  # fmt: skip

    def __init__(self, local: datetime, years: int) -> None:
        self.year = local.year + years
        self.month = local.month
        self.day = local.day
        self.hour = local.hour
        self.minute = local.minute
        self.second = local.second
        self.weekday = local.isoweekday() % 7
        self.yearday = local.timetuple().tm_yday
        self.offset = _seconds(local.utcoffset())  # east of UTC
        self.daylight = _seconds(local.dst())
        self.abbreviation = (local.tzname() or "").encode()


def _seconds(difference: timedelta | None) -> int:
    return 0 if difference is None else difference.days * _DAY + difference.seconds


def _cycles(seconds: int) -> int:
    """How many 400-year cycles to take away so that `datetime` can hold the time."""
    if seconds < _FIRST:
        return -((_FIRST - seconds + _CYCLE - 1) // _CYCLE)
    return (seconds - _LAST + _CYCLE - 1) // _CYCLE if seconds > _LAST else 0


class Zone:
    """Local time in one time zone, for any int number of seconds since the epoch."""

    def __init__(self, info: tzinfo) -> None:
        self._info = info

    def local(self, timestamp: int) -> Moment:
        """The calendar fields of a time in seconds since the epoch."""
        cycles = _cycles(timestamp)
        moment = _EPOCH + timedelta(seconds=timestamp - cycles * _CYCLE)
        return Moment(moment.astimezone(self._info), cycles * 400)

    def timestamp(self, year: int, month: int, day: int, seconds: int) -> int:
        """Seconds since the epoch of a local day (each part may be out of range) and seconds since its midnight."""
        year += (month - 1) // 12
        cycles = year // 400 - 5
        first = date(year - cycles * 400, (month - 1) % 12 + 1, 1)
        days = first.toordinal() - _LOCAL_EPOCH.toordinal() + cycles * _CYCLE_DAYS + day - 1
        total = days * _DAY + seconds
        cycles = _cycles(total)
        local = (_LOCAL_EPOCH + timedelta(seconds=total - cycles * _CYCLE)).replace(tzinfo=self._info)
        return total - _seconds(local.utcoffset())


def zone_for(setting: bytes | None) -> Zone:
    """The zone a value of `TZ` means; None: the system's. A zone file wins over a POSIX text; nonsense is UTC."""
    if setting is None:
        return Zone(_zone_file(b"/etc/localtime") or _system_zone())
    text = setting[1:] if setting.startswith(b":") else setting
    if not text:
        return Zone(UTC)
    return Zone(_named_zone(text) or _posix_zone(text) or _posix_zone(text + _DEFAULT_RULES) or UTC)


def _system_zone() -> tzinfo:
    # a system without a zone file: Windows, where the standard offset is all that C tells, or a bare container
    import time

    if os.name != "nt":
        return UTC
    return timezone(timedelta(seconds=-time.timezone), time.tzname[0])


def _named_zone(name: bytes) -> tzinfo | None:
    if name.startswith(b"/"):
        return _zone_file(name)
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(os.fsdecode(name))
    except (KeyError, ValueError, OSError):
        return None


def _zone_file(path: bytes) -> tzinfo | None:
    import stat
    from zoneinfo import ZoneInfo

    try:
        found = os.stat(path)
        # a device or pipe might never answer
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_ZONE_FILE:
            return None
        with open(path, "rb") as file:
            return ZoneInfo.from_file(file)
    except (ValueError, OSError):
        return None


def _posix_zone(text: bytes) -> tzinfo | None:
    """A zone from a POSIX text: a zone file without transitions, whose last line holds the rule for all later times."""
    import io
    import struct
    from zoneinfo import ZoneInfo

    if b"\n" in text or not text.isascii():
        return None
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = header + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    try:
        return ZoneInfo.from_file(io.BytesIO(block + block + b"\n" + text + b"\n"))
    except ValueError:
        return None


# --- locale -----------------------------------------------------------------------------------------------------------

LC_ALL = _locale.LC_ALL
CATEGORIES: dict[str, int] = {
    name: getattr(_locale, name)
    for name in ("LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES")
    if hasattr(_locale, name)
}

_TEXTS = ("decimal_point", "thousands_sep", "grouping", "int_curr_symbol", "currency_symbol", "mon_decimal_point",
          "mon_thousands_sep", "mon_grouping", "positive_sign", "negative_sign")  # fmt: skip
_NUMBERS = ("frac_digits", "p_cs_precedes", "n_cs_precedes", "p_sep_by_space", "n_sep_by_space", "p_sign_posn",
            "n_sign_posn", "int_frac_digits")  # fmt: skip
UNSPECIFIED = 127


class Locale:
    """The locale of each category, by name. Every program starts in `C` whatever the environment says.

    With `shared` the C library's locale of the process is set along; without, only `C` exists.
    """

    def __init__(self, shared: bool) -> None:
        self._shared = shared
        self._names = dict.fromkeys(CATEGORIES.values(), b"C")

    def name(self, category: int) -> bytes | None:
        """The current name; for all categories at once a list in the C library's form if they differ."""
        if category != LC_ALL:
            return self._names.get(category)
        if len(set(self._names.values())) == 1:
            return self._names[CATEGORIES["LC_TIME"]]
        return b";".join(key.encode() + b"=" + self._names[number] for key, number in CATEGORIES.items())

    def is_plain(self, *categories: int) -> bool:
        """Whether all these categories are in the `C` locale."""
        return all(self._names[category] == b"C" for category in categories)

    def select(self, category: int, name: bytes, environment: dict[bytes, bytes]) -> bool:
        """Sets one category or all; an empty name means what the environment says. False: unknown, no change."""
        wanted = self._wanted(category, name, environment)
        if not wanted:
            return False
        before = dict(self._names)
        for number, choice in wanted.items():
            if not self._select_one(number, choice):
                for changed, old in before.items():
                    self._select_one(changed, old)
                return False
        return True

    def _wanted(self, category: int, name: bytes, environment: dict[bytes, bytes]) -> dict[int, bytes]:
        """The name for each category concerned; empty when the request makes no sense."""
        chosen = {key: number for key, number in CATEGORIES.items() if category in (LC_ALL, number)}
        if not name:
            return {
                number: environment.get(b"LC_ALL") or environment.get(key.encode()) or environment.get(b"LANG") or b"C"
                for key, number in chosen.items()
            }
        if category == LC_ALL and b";" in name:
            pairs = dict(part.partition(b"=")[::2] for part in name.split(b";"))
            if any(key.decode("latin-1") not in CATEGORIES for key in pairs):
                return {}
            return {CATEGORIES[key.decode("latin-1")]: choice for key, choice in pairs.items()}
        return dict.fromkeys(chosen.values(), name)

    def _select_one(self, category: int, name: bytes) -> bool:
        if name in (b"C", b"POSIX"):
            name = b"C"
        elif not self._shared:
            return False
        if self._shared and self._names[category] != name:
            try:
                _locale.setlocale(category, os.fsdecode(name))
            except (_locale.Error, ValueError):  # type: ignore[attr-defined]
                return False
        self._names[category] = name
        return True

    def conventions(self) -> dict[str, bytes | int]:
        """How numbers and money are written, as chapter 07 section 4.5 lists it."""
        result: dict[str, bytes | int] = dict.fromkeys(_TEXTS, b"")
        result.update(dict.fromkeys(_NUMBERS, UNSPECIFIED))
        result["decimal_point"] = b"."
        if self.is_plain(CATEGORIES["LC_NUMERIC"], CATEGORIES["LC_MONETARY"]):
            return result
        for key, value in _locale.localeconv().items():
            if key in result:
                result[key] = _convention(value)
        return result

    def collate(self, a: bytes, b: bytes) -> int:
        """Negative, 0 or positive: the order of two texts without zero bytes."""
        if not self.is_plain(CATEGORIES["LC_COLLATE"]):
            try:
                return _locale.strcoll(os.fsdecode(a), os.fsdecode(b))
            except (OSError, ValueError):
                pass  # not a text in this locale
        return (a > b) - (a < b)


def _convention(value: Any) -> bytes | int:
    if isinstance(value, str):
        return os.fsencode(value)
    if isinstance(value, list):
        return bytes(size for size in value if size)
    return int(value)


# --- the process ------------------------------------------------------------------------------------------------------


class Process:
    """Environment, shell, zone and locale of one engine."""

    def __init__(
        self, environment: dict[bytes, bytes] | None = None, *, shell: bool = True, shared_locale: bool = False
    ) -> None:
        """`environment`: None copies the process's. `shell`: commands may run. `shared_locale`: see `Locale`."""
        if environment is None:
            environment = {os.fsencode(key): os.fsencode(value) for key, value in os.environ.items()}
        self.environment = environment
        self.locale = Locale(shared_locale)
        self._shell = shell
        self._zone: tuple[bytes | None, Zone] | None = None

    def putenv(self, assignment: bytes) -> bool:
        """`NAME=value` sets, `NAME` removes. False when there is no name."""
        name, equals, value = assignment.partition(b"=")
        if not name:
            return False
        if equals:
            self.environment[name] = value
        else:
            self.environment.pop(name, None)
        return True

    def zone(self) -> Zone:
        """The zone of the environment's `TZ` as it is now."""
        setting = self.environment.get(b"TZ")
        if self._zone is None or self._zone[0] != setting:
            self._zone = setting, zone_for(setting)
        return self._zone[1]

    def command(self, text: bytes, cwd: bytes | None) -> int:
        """Runs a shell command to its end, with this environment, in a folder (None: the process's).

        The status as C's `system` gives it (POSIX: the raw wait status), -1 when the shell could not be started.
        An interrupt or a limit ends the shell.
        """
        import subprocess

        if not self._shell:
            return -1
        try:
            if os.name == "nt":
                names = {os.fsdecode(key): os.fsdecode(value) for key, value in self.environment.items()}
                folder = None if cwd is None else os.fsdecode(cwd)
                child = subprocess.Popen(os.fsdecode(text), shell=True, env=names, cwd=folder)
            else:
                child = subprocess.Popen([b"/bin/sh", b"-c", b"--", text], env=self.environment, cwd=cwd)
        except (OSError, ValueError):
            return -1
        code = _wait(child)
        if os.name == "nt":
            return code
        return code << 8 if code >= 0 else -code


def _wait(child: subprocess.Popen[bytes]) -> int:
    """The exit code; while it waits, the engine's limits hold."""
    from subprocess import TimeoutExpired

    try:
        while True:
            try:
                return child.wait(timeout=0.2)
            except TimeoutExpired:
                poll()
    except BaseException:
        child.kill()
        child.wait()
        raise


def process() -> Process:
    """The running engine's process; made at the first use when the host did not decide."""
    slots = engine().slots
    found: Process | None = slots.get(SLOT)
    if found is None:
        absent = SLOT in slots
        found = Process({}, shell=False) if absent else Process(shared_locale=bool(slots.get(SHARED_LOCALE)))
        slots[SLOT] = found
    return found
