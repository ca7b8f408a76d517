"""No address that is not public is told, however it is written."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from chassis.errors import BadInput
from services.webhooks.subscriptions.addresses import check_url, is_allowed

INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:db8::1",
    "fd00:ec2::254",
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_ones_are_not(address: str) -> None:
    assert is_allowed(address)


def test_networks_of_the_settings_are_allowed_and_no_others() -> None:
    allowed = [ip_network("10.1.0.0/16"), ip_network("fd00::/64")]
    assert is_allowed("10.1.2.3", allowed)
    assert is_allowed("::ffff:10.1.2.3", allowed)
    assert is_allowed("fd00::7", allowed)
    assert not is_allowed("10.2.2.3", allowed)
    assert not is_allowed("127.0.0.1", allowed)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://",
        "https:///path",
        "https://ann:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://example.com/a b",
        "https://exämple.com/",
        "https://example.com/\n",
        "https://example.com/" + "a" * 2000,
        "file:///etc/passwd",
        "example.com",
    ],
)
def test_urls_that_are_none_to_send_to_are_refused(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_url(url, allow_http=False)
    assert refused.value.code == "bad_webhook_url"


def test_other_urls_are_taken() -> None:
    check_url("https://example.com:8443/hooks/1?token=x", allow_http=False)
    check_url("http://example.com/", allow_http=True)
    check_url("http://127.0.0.1:9000/", allow_http=True, allowed=[ip_network("127.0.0.0/8")])
