"""Services of a domain: SRV records (chapter 11 sections 5 and 6).

Rules: the question is asked with dnspython (extra `dns`) in the background, like every lookup; the order is that of
RFC 2782: by priority, and within one by weighted chance; a single record with the target `.` means that the domain
does not have the service.
"""

from __future__ import annotations

import errno

from interp.library import new_array, new_dict, warning

from .state import FAILURES, Explained, State, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from typing import Any

    Record = tuple[int, int, int, str]  # priority, weight, port, target

MISSING_PACKAGE = 'SRV records need the package dnspython: pip install "pysgs[dns]"'
LIFETIME = 20.0  # seconds for all name servers together


def ask(name: str, resolver: Any = None) -> list[Record]:
    """The SRV records of a name, none when it has none. Waits; raises `OSError`.

    resolver   a `dns.resolver.Resolver`, None for the system's configuration
    """
    import dns.exception
    import dns.resolver

    try:
        asked = resolver or dns.resolver.get_default_resolver()
        answer = asked.resolve(name, "SRV", lifetime=LIFETIME)
        return [(one.priority, one.weight, one.port, one.target.to_text(omit_final_dot=True)) for one in answer]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.Timeout:
        raise Explained(errno.ETIMEDOUT, "no name server answers") from None
    except dns.exception.DNSException as problem:
        raise Explained(errno.EPROTO, f"name server: {problem or type(problem).__name__}") from None
    except (UnicodeError, EOFError, ValueError):
        raise Explained(errno.EPROTO, "name server: malformed answer") from None


def ordered(records: list[Record], chance: random.Random | None = None) -> list[Record]:
    """Records in the order to try them (RFC 2782): lower priorities first, within one drawn by their weights."""
    import random

    draw = (chance or random).randint
    result: list[Record] = []
    for priority in sorted({record[0] for record in records}):
        # those without weight stand first, so that they have a small chance of being drawn early
        left = sorted((record for record in records if record[0] == priority), key=lambda record: record[1] > 0)
        while left:
            mark = draw(0, sum(record[1] for record in left))
            for position, record in enumerate(left):
                mark -= record[1]
                if mark <= 0:
                    result.append(left.pop(position))
                    break
    return result


def find_services(
    owner: State, service: bytes, protocol: bytes, domain: bytes, limit: float | None = None
) -> list[Record]:
    """The records of a service in the order to try them; raises `OSError`, also when there are none."""
    try:
        import dns.resolver  # noqa: F401
    except ImportError:
        warning(MISSING_PACKAGE)
        raise Explained(errno.ENOTSUP, MISSING_PACKAGE) from None
    try:
        name = f"_{service.decode()}._{protocol.decode()}.{domain.decode()}"
    except UnicodeDecodeError:
        raise OSError(errno.EINVAL, "") from None
    if not domain or not service or not protocol or "\0" in name:
        raise OSError(errno.EINVAL, "")
    network = owner.network
    network.admit_name(domain)

    def work() -> list[Record]:
        return network.services(name)

    found: list[Record] = owner.reactor.outcome(lambda done: network.lookup(work, done), limit)
    if len(found) == 1 and found[0][3] in ("", "."):
        raise Explained(errno.EADDRNOTAVAIL, "the domain does not have the service")
    if not found:
        raise Explained(errno.ENOENT, "the domain has no records of the service")
    return ordered(found)


def socket_resolve_service(service: bytes, protocol: bytes, domain: bytes) -> Any:
    """SRV records as an array of dicts `host port priority weight`, in the order to try; null on failure.

    Needs the extra `dns`: without it a Warning, ENOTSUP. Chapter 11 section 5.
    """
    owner = state()
    try:
        found = find_services(owner, service, protocol, domain)
    except FAILURES as problem:
        return owner.refuse(problem)
    owner.code = 0
    return new_array(
        new_dict([(b"host", target.encode()), (b"port", port), (b"priority", priority), (b"weight", weight)])
        for priority, weight, port, target in found
    )
