"""Hosts of the internet, as opposed to this machine and its own network."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address


def private_fault(host: str, port: int | None) -> str | None:
    """Why a host is none of the internet; None when all its addresses are.

    Loopback, link-local (where clouds keep their credentials), private and reserved addresses are
    not. A host without an address is left to whoever connects to it.

    Args:
        host: name or address, without brackets.
        port: of the service.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    for *_, place in found:
        address = ip_address(str(place[0]).partition("%")[0])
        if not _is_public(address):
            return f"{host} is {address}, an address of this machine or of its own network"
    return None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if embedded is not None:
            return _is_public(embedded)
    return address.is_global and not address.is_multicast
