"""N1: keys and prompts go to public addresses over TLS, to this machine by its own name, and to what is listed."""

from __future__ import annotations

import pytest

from hive_console.adapters.endpoints import MAX_ALLOWED, EndpointRules, Flaw, address_of, flaw_of, is_loopback
from hive_console.core.errors import SettingsError

STRICT = EndpointRules()


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://API.Example.com:8443/v1",
        "https://8.8.8.8/v1",
        "https://[2606:4700::1111]/v1",
        "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::808:808]/",
        "https://1e100.net/",
        "http://127.0.0.1:22",
        "http://127.8.9.10/v1",
        "http://[::1]:8000/v1",
        "http://localhost:11434/v1",
        "https://localhost/v1",
    ],
)
def test_public_endpoints_and_this_machine_by_its_own_name_may_be_called(url: str) -> None:
    assert STRICT.refusal_of_url(url) == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://api.openai.com/v1", "plain http"),
        ("http://8.8.8.8/", "plain http"),
        ("http://169.254.169.254/latest/meta-data", "link-local"),
        ("https://169.254.169.254/", "link-local"),
        ("https://168.63.129.16/", "metadata"),
        ("https://[fd00:ec2::254]/", "metadata"),
        ("https://100.100.100.200/", "metadata"),
        ("https://10.0.0.1/", "private"),
        ("https://172.16.0.1/", "private"),
        ("https://192.168.0.1/", "private"),
        ("https://100.64.0.1/", "private"),
        ("https://[fd00::1]/", "private"),
        ("https://[fec0::1]/", "private"),
        ("https://[fe80::1]/", "link-local"),
        ("https://0.0.0.0/", "unspecified"),
        ("https://[::]/", "unspecified"),
        ("https://224.0.0.1/", "multicast"),
        ("https://[ff02::1]/", "multicast"),
        ("https://255.255.255.255/", "reserved"),
        ("http://[::ffff:127.0.0.1]/", "loopback"),
        ("http://[::ffff:7f00:1]/", "loopback"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://[64:ff9b::7f00:1]/", "loopback"),
        ("https://[64:ff9b::a9fe:a9fe]/", "link-local"),
        ("https://[64:ff9b:1::808:808]/", "reserved"),
        ("https://[2002:7f00:1::]/", "loopback"),
        ("https://[::7f00:1]/", "loopback"),
        ("https://[2001:0:a00:1::]/", "private"),
        ("http://0x7f.1/", "odd spelling"),
        ("http://2130706433/", "odd spelling"),
        ("http://127.1/", "odd spelling"),
        ("http://0177.0.0.1/", "odd spelling"),
        ("https://127.0.0.1./", "odd spelling"),
        ("https://0/", "odd spelling"),
        ("http://localhost./", "another name of this machine"),
        ("https://api.localhost/", "another name of this machine"),
        ("file:///etc/passwd", "no http or https"),
        ("gopher://127.0.0.1:6379/_x", "no http or https"),
        ("https://a.example:0/", "no http or https"),
        ("https://[::1", "no URL"),
        ("https://a.example:99999/", "no URL"),
        ("nonsense", "no http or https"),
    ],
)
def test_n1_everything_else_is_refused_and_says_why(url: str, why: str) -> None:
    assert why in STRICT.refusal_of_url(url)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("llm.internal", "http://llm.internal/v1"),
        ("LLM.Internal.", "http://llm.internal./v1"),
        ("*.example.com", "http://a.example.com/"),
        ("*.example.com", "http://a.b.example.com/"),
        ("10.0.0.0/8", "http://10.1.2.3/"),
        ("10.1.2.3", "https://10.1.2.3/"),
        ("10.1.2.3", "https://[::ffff:10.1.2.3]/"),
        ("[fd00::1]", "http://[fd00::1]/"),
        ("127.0.0.0/8", "http://[::ffff:127.0.0.1]/"),
        ("8.8.8.8", "http://8.8.8.8/"),
    ],
)
def test_a_listed_host_address_or_network_may_be_called(allowed: str, url: str) -> None:
    assert STRICT.refusal_of_url(url)
    assert EndpointRules((allowed,)).refusal_of_url(url) == ""


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("*.example.com", "http://example.com/"),
        ("*.example.com", "http://evilexample.com/"),
        ("*.example.com", "http://a.example.com.evil.test/"),
        ("llm.internal", "http://a.llm.internal/"),
        ("10.0.0.0/8", "http://11.0.0.1/"),
        ("10.0.0.1", "http://llm.internal/"),
        ("127.0.0.1", "http://0x7f.1/"),
    ],
)
def test_its_neighbours_may_not(allowed: str, url: str) -> None:
    assert EndpointRules((allowed,)).refusal_of_url(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_name_may_lead_to_public_addresses(address: str) -> None:
    assert STRICT.refusal_of_address("api.example.com", address) == ""


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "fd00::1", "100.64.0.1"])
def test_only_a_listed_name_may_lead_to_a_private_address(address: str) -> None:
    refusal = STRICT.refusal_of_address("llm.internal", address)

    assert "private address" in refusal
    assert "network.allowedEndpoints" in refusal
    assert address not in refusal
    assert EndpointRules(("llm.internal",)).refusal_of_address("llm.internal", address) == ""


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1%2", "0.0.0.0", "::ffff:127.0.0.1", "fd00:ec2::254"]
)
def test_no_name_leads_to_this_machine_or_to_metadata_unless_the_address_itself_is_listed(address: str) -> None:
    listed_name = EndpointRules(("llm.internal",))
    listed_address = EndpointRules(("llm.internal", address.partition("%")[0]))

    assert listed_name.refusal_of_address("llm.internal", address)
    assert listed_address.refusal_of_address("llm.internal", address) == ""


def test_localhost_leads_to_this_machine_and_nowhere_else() -> None:
    assert STRICT.refusal_of_address("localhost", "127.0.0.1") == ""
    assert STRICT.refusal_of_address("localhost", "::1") == ""
    assert STRICT.refusal_of_address("localhost", "169.254.169.254")
    assert STRICT.refusal_of_address("localhost", "10.0.0.1")


def test_what_is_no_address_is_not_called() -> None:
    assert STRICT.refusal_of_address("api.example.com", "elsewhere") == "its name leads to no address"


@pytest.mark.parametrize(
    "entry", ["", "*", "*.", "http://a", "a/b", "a:80", "0.0.0.0/0", "::/0", "10.1.2.3/8", "0x7f.1", "a b"]
)
def test_an_entry_that_means_nothing_or_everything_is_refused(entry: str) -> None:
    with pytest.raises(SettingsError):
        EndpointRules((entry,))


def test_the_list_is_bounded() -> None:
    with pytest.raises(SettingsError, match="at most 1000"):
        EndpointRules(tuple(f"h{number}" for number in range(MAX_ALLOWED + 1)))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_is_known_by_its_spelling(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.", "127.1", "::ffff:127.0.0.1", "127.0.0.1.nip.io", "10.0.0.1", ""])
def test_what_only_resolves_to_loopback_is_no_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_every_flaw_is_found_in_some_address() -> None:
    addresses = ["127.0.0.1", "::", "fe80::1", "ff02::1", "168.63.129.16", "10.0.0.1", "240.0.0.1"]
    found = {flaw_of(address) for text in addresses if (address := address_of(text)) is not None}

    assert found == set(Flaw)
