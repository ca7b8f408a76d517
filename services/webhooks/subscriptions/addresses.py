"""Which addresses may be told: public ones, and those of networks that the settings name. Pure.

The invariant: **no connection is opened to an address that was not checked here**. A name is not an address: what it
stands for is checked when it is connected to (`services.webhooks.sending`), and what is answered leads nowhere else.
"""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from chassis.errors import BadInput

LONGEST_URL = 2000

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):
    """A connection to an address that is not public and in no network that is allowed."""


def is_allowed(text: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether an address may be connected to; of one that carries another one inside, both have to be."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if any(address in network for network in allowed if network.version == address.version):
        return True
    return all(
        _is_public(one) or any(one in network for network in allowed if network.version == one.version)
        for one in _addresses_in(address)
    )


def check_connection(text: str, allowed: Sequence[Network] = ()) -> None:
    """Raises:
    AddressRefused: where the address may not be connected to.
    """
    if not is_allowed(text, allowed):
        raise AddressRefused(errno.EACCES, f"{text} is no public address, and no network of the settings has it")


def check_url(url: str, *, allow_http: bool, allowed: Sequence[Network] = ()) -> None:
    """Refuse an address that can be told from its text to be none that is sent to.

    Raises:
        BadInput: `bad_webhook_url`.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _refused(f"it cannot be read ({error})") from error
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
        raise _refused(f"it has to be of at most {LONGEST_URL} ASCII characters without spaces")
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_http):
        raise _refused("it has to begin with https://")
    if not host:
        raise _refused("it names no host")
    if parts.username is not None or parts.password is not None:
        raise _refused("names and passwords do not belong into it: the signature says who sends")
    if parts.fragment:
        raise _refused("a fragment (#…) is not sent")
    try:
        public = is_allowed(host, allowed)
    except ValueError:
        return  # a name: what it stands for is checked whenever it is connected to
    if not public:
        raise _refused("its address is not public; the setting webhooks.allowed_networks allows others")


def _addresses_in(address: Address) -> Iterator[Address]:
    """An address and the IPv4 addresses that it stands for."""
    yield address
    if isinstance(address, IPv4Address):
        return
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    yield from (one for one in inner if one is not None)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64):
        return True  # says nothing of its own: the address inside is looked at
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def _refused(why: str) -> BadInput:
    return BadInput("bad_webhook_url", f"The webhook's address is refused: {why}.")
