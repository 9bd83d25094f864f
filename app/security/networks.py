"""Addresses of peers and networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas.

    Raises:
        ValueError: an item is neither.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)


def in_networks(address: str, trusted: Sequence[Network]) -> bool:
    try:
        peer = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(peer, "ipv4_mapped", None)
    return any((mapped or peer) in network for network in trusted)
