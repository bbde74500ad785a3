"""Library `os` (chapter 07 section 4): local time against the C library's, environment, commands, locale."""

from __future__ import annotations

import locale
import os
import pathlib
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.library import dict_items
from interp.runtime import state
from interp.runtime.values import Array
from stdlib.filesystem import FileSystem
from stdlib.os import library
from stdlib.process import Process

POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX commands and time zones")
ZONE_FILES = os.path.exists("/usr/share/zoneinfo/Europe/Berlin")

collected: list[bytes] = []


@pytest.fixture(autouse=True)
def world() -> Iterator[state.World]:
    """A world without scripts whose zone is UTC and whose messages are collected."""
    made = state.World()
    made.array_type = Array
    made.namespace["$stop"] = False
    made.slots["process"] = Process({**os.environb, b"TZ": b"UTC0"} if os.name == "posix" else None)
    made.message_hook = lambda kind, level, text, frames: collected.append(text) or True
    before = state.switch(made.root)
    collected.clear()
    yield made
    state.switch(before)


def call(name: str, *args: Any) -> Any:
    collected.clear()
    return library.functions[name](None, *args)


def fields(*args: Any) -> dict[bytes, int]:
    return dict(dict_items(call("os_parse_time", *args)))


# --- time -------------------------------------------------------------------------------------------------------------


def test_every_code() -> None:
    expected = {
        "a": b"Fri", "A": b"Friday", "b": b"Feb", "B": b"February", "c": b"Fri Feb 13 23:31:30 2009",
        "x": b"02/13/09", "X": b"23:31:30", "Z": b"UTC", "U": b"06", "W": b"06", "C": b"20", "d": b"13", "e": b"13",
        "F": b"2009-02-13", "H": b"23", "I": b"11", "j": b"044", "m": b"02", "M": b"31", "p": b"PM", "R": b"23:31",
        "S": b"30", "T": b"23:31:30", "u": b"5", "w": b"5", "y": b"09", "Y": b"2009", "f": b"2009-02-13_23-31-30",
        "t": b"1234567890", "%": b"%",
    }  # fmt: skip
    for code in map(chr, range(33, 127)):
        text = call("os_date_string", b"<%" + code.encode() + b">", 1234567890)
        assert text == b"<" + expected.get(code, b"%" + code.encode()) + b">", code


def test_formats() -> None:
    for pattern, text in (
        (b"%q %E %n %D %h %s %k %1 %", b"%q %E %n %D %h %s %k %1 %"),
        (b"100%% sure", b"100% sure"),
        (b"%%%d%%%%%", b"%01%%%"),
        (b"%%d%%", b"%d%"),
        (b"", b""),
        (b"%", b"%"),
        (b"no\0codes %\0\xff", b"no\0codes %\0\xff"),
        (b"%F %T|%e|%I %p|%j|%u %w|%y|%C|%U %W", b"1970-01-01 00:00:00| 1|12 AM|001|4 4|70|19|00 00"),
    ):
        assert call("os_date_string", pattern, 0) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_int_is_a_time(timestamp: int) -> None:
    parts = fields(timestamp)
    values = [parts[key] for key in (b"seconds", b"minutes", b"hours", b"day", b"month", b"year")]
    assert call("os_make_time", *values) == timestamp
    assert call("os_date_string", b"%t", timestamp) == b"%d" % timestamp
    assert len(call("os_date_string", b"%C%y%Y%j", timestamp)) == 11


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=6))
def test_make_time_never_fails(parts: list[int]) -> None:
    assert -(2**63) <= call("os_make_time", *parts) < 2**63


def test_make_time() -> None:
    for parts, timestamp in (
        ((30, 31, 23, 13, 2, 2009), 1234567890),
        ((0, 0, 0, 32, 12, 1999), 946684800),
        ((-5, 0, 0, 1, 1, 1970), -5),
        ((0, 0, 24, 29, 2, 2023), 1677715200),
        ((0, 0, 0, 1, 13, 2000), 978307200),
        ((0, 0, 0, 1, 0, 2000), 944006400),
        ((b"10", 1.9, True, 1, 1, 1970), 3670),
        ((0,), -2209075200),
        ((5, 6), -2209074835),
        ((0, 0, 0, 1), -2208988800),
        ((0, None, 5), -2209075200),
    ):
        assert call("os_make_time", *parts) == timestamp


ZONES = ["UTC0", "AAA-3", "BBB4:30", "<+0545>-5:45", "EST5EDT", "EST5EDT,M3.2.0,M11.1.0"]
ZONES += ["CET-1CEST,M3.5.0,M10.5.0/3", "NZST-12NZDT,M9.5.0,M4.1.0/3"]
if ZONE_FILES:
    ZONES += ["Europe/Berlin", "America/New_York", ":Asia/Kathmandu", "/usr/share/zoneinfo/Australia/Lord_Howe"]


@POSIX
@pytest.mark.parametrize("zone", ZONES)
def test_local_time_is_that_of_the_c_library(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(max_examples=60, deadline=None)
    # glibc misplaces the changes of rule-based zones by an hour in some years before 1970
    @given(st.integers(0 if "," in zone or zone == "EST5EDT" else -(2**31), 2**33))
    def check(timestamp: int) -> None:
        there = time.localtime(timestamp)
        parts = fields(timestamp)
        assert list(parts.values()) == [
            there.tm_year, there.tm_mon, there.tm_mday, there.tm_wday + 1, there.tm_yday, there.tm_hour,
            there.tm_min, there.tm_sec,
        ]  # fmt: skip
        codes = "%a %A %b %B %c %x %X %U %W %C %d %e %F %H %I %j %m %M %p %R %S %T %y %Y %Z"
        assert call("os_date_string", codes.encode(), timestamp) == time.strftime(codes, there).encode()
        wanted = (there.tm_sec, there.tm_min, there.tm_hour, there.tm_mday, there.tm_mon, there.tm_year)
        again = call("os_make_time", *wanted)
        # an hour that the clocks show twice has two answers
        assert again == timestamp or time.localtime(again)[:6] == there[:6]

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        call("os_putenv", b"TZ=" + zone.encode())
        check()
        now = time.localtime()
        hours = now.tm_gmtoff / 3600
        assert call("os_get_timezone") == hours
        sign = "+" if hours >= 0 else "-"
        assert call("os_get_timezone", True) == f"{sign}{int(abs(hours)):02}:{int(abs(hours) * 60) % 60:02}".encode()
    finally:
        monkeypatch.undo()
        time.tzset()


@POSIX
@pytest.mark.parametrize(
    "zone",
    [b"", b":", b"nonsense", b"../../etc/passwd", b"/dev/zero", b"/etc", b"Europe", b"\xff", b"A\nB", b"AAA99",
     b"/nowhere", b"x" * 10_000],
)  # fmt: skip
def test_a_senseless_zone_is_utc(zone: bytes) -> None:
    call("os_putenv", b"TZ=" + zone)
    assert call("os_date_string", b"%F %T", 0) == b"1970-01-01 00:00:00"
    assert call("os_get_timezone") == 0


def test_zones_belong_to_the_engine() -> None:
    before = time.localtime(0)
    assert call("os_putenv", b"TZ=XYZ-9") is True
    assert call("os_date_string", b"%T %Z", 0) == b"09:00:00 XYZ"
    assert time.localtime(0) == before and os.environ.get("TZ") != "XYZ-9"
    assert call("os_putenv", b"TZ") is True
    assert call("os_date_string", b"%c", 0)


def test_os_time() -> None:
    assert abs(call("os_time") - time.time()) < 5
    call("os_putenv", b"TZ=AAA-3")
    for zone, seconds in ((0, 0), (2, 7200), (-3.5, -12600), (5.75, 19800), (-0.3, 0), (b"1.5", 5400), (None, 0)):
        shifted = call("os_time", zone) - call("os_time")
        assert abs(shifted + 3 * 3600 - seconds) <= 1 and not collected
    shifted = call("os_time", b"x")
    assert collected == [b"os_time(): argument 1 - expected real, got string"]
    assert abs(shifted - time.time() + 3 * 3600) < 5
    for zone in (float("inf"), float("nan"), 1e300, 2**62):
        assert type(call("os_time", zone)) is int


def test_daylight_saving_does_not_move_os_time() -> None:
    for zone in (b"AAA-3BBB-4,0/0,J365/25", b"AAA-3BBB-4,J100,J100"):  # all the year, and never
        call("os_putenv", b"TZ=" + zone)
        assert abs(call("os_time", 0) - call("os_time") + 3 * 3600) <= 1


def test_optional_times_default_to_now() -> None:
    for args in ((), (None,)):
        assert abs(int(call("os_date_string", b"%t", *args)) - time.time()) < 5
        assert abs(fields(*args)[b"year"] - time.gmtime().tm_year) <= 1
    assert abs(int(call("os_date_string", b"%t", b"x")) - time.time()) < 5
    assert collected == [b"os_date_string(): argument 2 - expected int, got string"]
    assert call("os_get_timezone", b"yes") == 0.0
    assert collected == [b"os_get_timezone(): argument 1 - expected bool, got string"]


# --- environment and commands -----------------------------------------------------------------------------------------


def test_environment() -> None:
    assert call("os_getenv", b"SGS_TEST") is None
    for assignment, value in (
        (b"SGS_TEST=some value", b"some value"),
        (b"SGS_TEST=a=b", b"a=b"),
        (b"SGS_TEST=", b""),
        (b"SGS_TEST=cut\0here", b"cut"),
        (b"SGS_TEST", None),
    ):
        assert call("os_putenv", assignment) is True
        assert call("os_getenv", b"SGS_TEST") == value
        assert call("os_getenv", b"SGS_TEST\0X") == value
        assert "SGS_TEST" not in os.environ
    assert call("os_putenv", b"=x") is False and call("os_putenv", b"") is False


@POSIX
def test_commands(world: state.World, tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    world.slots["filesystem"] = FileSystem(os.fsencode(tmp_path))
    assert call("os_command", b"exit 0") == 0 and call("os_command", b"exit 3") == 768
    assert call("os_command", b"") == 0 and call("os_command", b"kill -TERM $$") == signal.SIGTERM
    call("os_putenv", b"SGS_TEST=it's there")
    assert call("os_command", b'echo "$SGS_TEST"; pwd\0 nonsense') == 0
    assert capfd.readouterr().out.splitlines() == ["it's there", os.path.realpath(tmp_path)]
    assert call("os_command", b"no-such-program 2>/dev/null") == 127 << 8
    assert call("os_command", b"-x 2>/dev/null") == 127 << 8
    tmp_path.rmdir()
    assert call("os_command", b"exit 0") == -1


@POSIX
def test_a_limit_ends_a_waiting_command(world: state.World) -> None:
    def stop() -> None:
        raise state.ScriptStop("too late")

    world.namespace["$stop"] = True
    world.stop_reason = stop
    begin = time.monotonic()
    with pytest.raises(state.ScriptStop):
        call("os_command", b"sleep 20")
    assert time.monotonic() - begin < 10


def test_a_host_can_leave_the_process_out(world: state.World) -> None:
    world.slots["process"] = None
    assert call("os_getenv", b"PATH") is None and call("os_command", b"true") == -1
    assert call("os_putenv", b"X=1") is True and call("os_getenv", b"X") == b"1"


def test_the_environment_starts_as_the_process_s(world: state.World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGS_TEST", "inherited")
    del world.slots["process"]
    assert call("os_getenv", b"SGS_TEST") == b"inherited"


# --- locale -----------------------------------------------------------------------------------------------------------


def test_the_c_locale() -> None:
    constants = library.constants
    assert all(constants[name] == getattr(locale, name) for name in constants)
    everything = constants["LC_ALL"]
    assert call("os_set_locale", everything, b"C") is True and call("os_set_locale", everything, b"POSIX") is True
    assert call("os_get_locale", everything) == b"C" and call("os_get_locale", constants["LC_TIME"]) == b"C"
    for name in (b"no_SUCH_locale", b"C.UTF-8", b"LC_NUMERIC=C;LC_WHAT=C", b"\xff"):
        assert call("os_set_locale", everything, name) is False  # a host's locale is not for scripts
    assert call("os_get_locale", 77) is None and call("os_set_locale", 77, b"C") is False
    entries = dict_items(call("os_get_locale_format", b"ignored"))
    assert [key for key, _ in entries] == [
        b"decimal_point", b"thousands_sep", b"grouping", b"int_curr_symbol", b"currency_symbol", b"mon_decimal_point",
        b"mon_thousands_sep", b"mon_grouping", b"positive_sign", b"negative_sign", b"frac_digits", b"p_cs_precedes",
        b"n_cs_precedes", b"p_sep_by_space", b"n_sep_by_space", b"p_sign_posn", b"n_sign_posn", b"int_frac_digits",
    ]  # fmt: skip
    assert [value for _, value in entries] == [b".", *[b""] * 9, *[127] * 8]
    assert call("os_locale_strcmp", b"abc", b"abd") < 0 < call("os_locale_strcmp", b"b", b"a")
    assert call("os_locale_strcmp", b"x", b"x") == 0 and call("os_locale_strcmp", b"\xff", b"z") > 0


def test_an_empty_name_is_the_environment_s(world: state.World) -> None:
    process = world.slots["process"] = Process({b"LC_ALL": b"", b"LC_TIME": b"C", b"LANG": b"POSIX"})
    assert call("os_set_locale", locale.LC_ALL, b"") is True
    process.environment[b"LC_ALL"] = b"xx_XX"
    assert call("os_set_locale", locale.LC_ALL, b"") is False


def test_a_program_may_change_its_locale(world: state.World) -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
        locale.setlocale(locale.LC_ALL, before)
    except locale.Error:
        pytest.skip("needs the locale C.UTF-8")
    del world.slots["process"]
    world.slots["shared_locale"] = True
    call("os_putenv", b"LC_ALL")
    call("os_putenv", b"LC_TIME=")
    call("os_putenv", b"TZ=UTC0")
    for name in (b"LC_CTYPE", b"LC_NUMERIC", b"LC_COLLATE", b"LC_MONETARY", b"LC_MESSAGES"):
        call("os_putenv", name)
    call("os_putenv", b"LANG=C.UTF-8")
    everything = locale.LC_ALL
    try:
        assert call("os_get_locale", everything) == b"C"
        assert call("os_set_locale", locale.LC_TIME, b"C.UTF-8") is True
        assert call("os_get_locale", locale.LC_TIME) == b"C.UTF-8"
        mixed = call("os_get_locale", everything)
        assert b"LC_TIME=C.UTF-8" in mixed and b"LC_NUMERIC=C;" in mixed
        assert call("os_date_string", b"%A %b", 0) == b"Thursday Jan"
        assert call("os_date_string", b"%a", 2**62) != b""
        assert call("os_set_locale", everything, b"no_SUCH_locale") is False
        assert call("os_get_locale", everything) == mixed
        assert call("os_set_locale", everything, b"") is True
        assert call("os_get_locale", everything) == b"C.UTF-8"
        assert call("os_locale_strcmp", b"a", b"b") < 0 and call("os_locale_strcmp", b"\xff", b"\xfe") != 0
        assert dict(dict_items(call("os_get_locale_format")))[b"decimal_point"] == b"."
        assert call("os_set_locale", everything, mixed) is True and call("os_get_locale", everything) == mixed
        assert call("os_set_locale", everything, b"C") is True and call("os_get_locale", everything) == b"C"
    finally:
        locale.setlocale(locale.LC_ALL, before)


def test_arguments() -> None:
    for name, args, text in (
        ("os_getenv", (), b"argument 1 - expected string, got nothing"),
        ("os_putenv", (None,), b"argument 1 - expected string, got null"),
        ("os_command", (None,), b"argument 1 - expected string, got null"),
        ("os_date_string", (None, 5), b"argument 1 - expected string, got null"),
        ("os_make_time", (), b"argument 1 - expected int, got nothing"),
        ("os_make_time", (b"soon",), b"argument 1 - expected int, got string"),
        ("os_get_locale", (b"time",), b"argument 1 - expected int, got string"),
        ("os_set_locale", (0,), b"argument 2 - expected string, got nothing"),
        ("os_locale_strcmp", (b"a",), b"argument 2 - expected string, got nothing"),
    ):
        assert call(name, *args) is None and collected == [name.encode() + b"(): " + text]
    assert call("os_gettype", b"extra", 1) == call("os_gettype")
    assert call("os_make_time", 0, b"x") == -2209075200
    assert collected == [b"os_make_time(): argument 2 - expected int, got string"]
