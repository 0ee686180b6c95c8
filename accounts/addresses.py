"""Where a request comes from. Forwarded headers count only when a trusted proxy sent them."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

type Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> str:
    """The caller's address: the peer, or, behind trusted proxies, the last address none of them vouches for."""
    address = _parse(request.META.get("REMOTE_ADDR", ""))
    if address is None or not _trusted(address):
        return str(address or "")
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        forwarded = _parse(hop)
        if forwarded is None:
            break
        address = forwarded
        if not _trusted(forwarded):
            break
    return str(address)


def network(address: str) -> str:
    """What is counted and compared as one place: the IPv4 address, or the /64 of an IPv6 one."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed or "")


def is_trusted_peer(request: HttpRequest) -> bool:
    """Whether the direct peer is a proxy whose X-Forwarded-* headers are believed."""
    peer = _parse(request.META.get("REMOTE_ADDR", ""))
    return peer is not None and _trusted(peer)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _trusted(address: Address) -> bool:
    return any(address in known for known in settings.TRUSTED_PROXIES)
