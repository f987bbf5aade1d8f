"""`communityconnect doctor` finds what would go wrong without an error."""

import pytest

from cli.doctor.web import web_proxies
from cli.finding import Finding
from settings import Settings


def found(monkeypatch: pytest.MonkeyPatch, *, origin: str, proxies: str) -> Finding:
    monkeypatch.setenv("COMMUNITYCONNECT_PUBLIC_ORIGIN", origin)
    monkeypatch.setenv("COMMUNITYCONNECT_WEB_PROXIES", proxies)
    return web_proxies(Settings())


def test_a_proxy_that_has_to_be_there_and_is_not_named_is_found_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(monkeypatch, origin="https://texts.example.org", proxies="")
    assert not finding.is_well
    assert finding.detail.startswith("none is named, and https://texts.example.org is behind one")
    assert finding.mend.startswith("set COMMUNITYCONNECT_WEB_PROXIES to the proxy's address or network")


@pytest.mark.parametrize(
    ("origin", "proxies", "detail"),
    [
        ("https://texts.example.org", "10.0.0.5,10.1.0.0/24", "10.0.0.5/32, 10.1.0.0/24"),
        ("http://127.0.0.1:8000", "", "none, http://127.0.0.1:8000 is not behind one"),
    ],
)
def test_a_proxy_that_is_named_or_need_not_be_there_is_well(
    monkeypatch: pytest.MonkeyPatch, origin: str, proxies: str, detail: str
) -> None:
    finding = found(monkeypatch, origin=origin, proxies=proxies)
    assert (finding.is_well, finding.detail) == (True, detail)


@pytest.mark.parametrize(
    ("proxies", "detail"),
    [("proxy.example.org", "'proxy.example.org' is not an address"), ("10.0.0.5,0.0.0.0/0", "0.0.0.0/0 is everybody")],
)
def test_proxies_that_are_none_or_everybody_are_found(
    monkeypatch: pytest.MonkeyPatch, proxies: str, detail: str
) -> None:
    finding = found(monkeypatch, origin="https://texts.example.org", proxies=proxies)
    assert not finding.is_well
    assert detail in finding.detail
