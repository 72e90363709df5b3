"""From which address a request comes: that of the connection, or what a proxy of ours says of it."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = IPv4Address | IPv6Address
LOCAL = "127.0.0.1"  # a connection over a Unix socket has no address; who opens one is on this machine


class ClientAddressMiddleware:
    """REMOTE_ADDR becomes the client's address, so that whatever reads it (limits, sessions, logs) reads the same."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = request.META.get("REMOTE_ADDR") or LOCAL
        said = request.META.get("HTTP_X_FORWARDED_FOR", "")
        request.META["REMOTE_ADDR"] = client_address(peer, said, trusted=settings.GRIDMGR_TRUSTED_PROXIES)
        return self.get_response(request)


def client_address(peer: str, forwarded: str, *, trusted: Iterable[str]) -> str:
    """The right-most address of X-Forwarded-For that is no proxy of ours; only our proxies are believed at all.

    What stands left of it was written by whoever sent the request. Something unreadable ends the belief.
    """
    networks = [ip_network(each, strict=False) for each in trusted]
    client = read_address(peer)
    if client is None:
        return peer
    for said in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        further = read_address(said)
        if further is None or not any(client in network for network in networks):
            break
        client = further
    return str(client)


def read_address(text: str) -> Address | None:
    """The address that `text` says, with or without a port; an IPv4 address in IPv6's clothes is IPv4."""
    text = text.strip().partition("%")[0]  # without the name of a network card
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def home_of(text: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 network that a household or office has of IPv6."""
    address = read_address(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False).network_address)
    return str(address) if address is not None else text[:45]


def masked(text: str) -> str:
    """The address as a page shows it: `203.0.113.*`, `2001:db8:1:*`."""
    address = read_address(text)
    if isinstance(address, IPv4Address):
        return str(address).rpartition(".")[0] + ".*"
    if isinstance(address, IPv6Address):
        return ":".join(part.lstrip("0") or "0" for part in address.exploded.split(":")[:3]) + ":*"
    return "—"
