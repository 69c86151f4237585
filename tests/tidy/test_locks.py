"""The lock files: pinned, hashed, and agreeing with each other."""

import re

import sources

PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((sources.ROOT / lock).read_text()))


def test_the_tools_lock_holds_the_desks_lock_unchanged() -> None:
    # The set-up relies on it: who installs dev.lock has installed requirements.lock.
    desk, tools = pins("requirements.lock"), pins("dev.lock")
    assert len(desk) > 20
    assert desk.items() <= tools.items()


def test_every_package_has_a_hash_and_none_an_address() -> None:
    for lock in sources.MADE:
        text = (sources.ROOT / lock).read_text()
        entries = re.split(r"\n(?=[a-z0-9])", text)
        assert [entry[:40] for entry in entries if "--hash=sha256:" not in entry] == []
        assert "://" not in text
