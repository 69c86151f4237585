"""Identifiers of the desk's own making."""

import uuid

import pytest

from zoe.domain import ids


def test_a_client_order_id_is_a_uuid_of_version_eight() -> None:
    text = ids.client_order_id(1_700_000_000_123_456_789, 0xBEEF, 0x123456789ABCDEF)
    assert text == "018bcfe5-687b-8bee-bd23-456789abcdef"
    assert (uuid.UUID(text).version, uuid.UUID(text).variant) == (8, uuid.RFC_4122)
    assert ids.tag_of(text) == 0xBEEF


def test_ids_made_later_sort_later() -> None:
    first = ids.client_order_id(1_000_000, 7, 5)
    second = ids.client_order_id(2_000_000, 7, 4)
    assert first < second


@pytest.mark.parametrize(
    "text",
    [
        "meme-20240509-00010",
        "0835958d-c526-4ad8-aea8-af54836de47e",  # version 4
        "0835958d-c526-8ad8-cea8-af54836de47e",  # another variant
        "0835958dc5268ad8aea8af54836de47",  # a digit short
        "",
    ],
)
def test_ids_of_others_have_no_tag(text: str) -> None:
    assert ids.tag_of(text) is None


def test_a_tag_that_is_too_large_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        ids.client_order_id(0, 1 << 16, 0)


def test_an_account_is_named_by_exchange_and_fingerprint_and_never_by_its_key() -> None:
    name = ids.account_id("kraken", "API-KEY")
    assert name.startswith("kraken:")
    assert "API-KEY" not in name
    assert name == ids.account_id("kraken", "API-KEY")
    assert name != ids.account_id("kraken", "API-KEZ")


def test_two_desks_on_one_account_have_different_tags() -> None:
    tags = {ids.desk_tag("kraken:abc", f"desk-{n}") for n in range(20)}
    assert len(tags) == 20
    assert all(0 <= tag < 1 << 16 for tag in tags)
    assert ids.desk_tag("kraken:abc", "desk-1") == ids.desk_tag("kraken:abc", "desk-1")
