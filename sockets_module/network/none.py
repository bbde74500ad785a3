"""No network: every door is shut (the library's default, chapter 12 section 7).

Rule: each request fails with EACCES before anything happens.
"""

from __future__ import annotations

import errno
import os

from .base import LevelPoller, Network
from .system import SystemSelector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .base import AddressInfo, Endpoint, SockAddr


def _denied() -> NoReturn:
    raise OSError(errno.EACCES, os.strerror(errno.EACCES))


class NoNetwork(Network):
    """Denies everything; time and waiting still work, for `socket_run` and `socket_select` as a sleep."""

    __slots__ = ()

    def socket(self, family: int, kind: int, protocol: int) -> Endpoint:
        _denied()

    def pair(self, kind: int) -> tuple[Endpoint, Endpoint]:
        _denied()

    def adopt(self, fd: int) -> tuple[Endpoint, bool]:
        _denied()

    def duplicate(self, endpoint: Endpoint) -> Endpoint:
        _denied()

    def selector(self) -> SystemSelector:
        return SystemSelector()

    def level_poller(self) -> LevelPoller:
        _denied()

    def getaddrinfo(
        self, host: bytes | None, service: bytes | None, family: int, kind: int, protocol: int, flags: int
    ) -> list[AddressInfo]:
        _denied()

    def lookup(self, work: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        _denied()

    def getnameinfo(self, address: SockAddr, flags: int) -> tuple[str, str]:
        _denied()

    def services(self, name: str) -> list[tuple[int, int, int, str]]:
        _denied()

    def getservbyname(self, name: str, protocol: str | None) -> int:
        _denied()

    def gethostname(self) -> str:
        _denied()

    def interface_index(self, name: bytes) -> int:
        _denied()

    def interface_name(self, index: int) -> str:
        _denied()
