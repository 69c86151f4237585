"""The signature of private requests, against the published vector, and a secret that stays one."""

import pytest

from zoe.adapters.kraken.sign import KeyPair
from zoe.domain.errors import ConfigError

#: Published with Kraken's guide to authentication.
SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
PATH, NONCE = "/0/private/AddOrder", "1616492376594"
FORM = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
JSON = (
    '{"nonce":"1616492376594","ordertype":"limit","pair":"XBTUSD","price":37500,'
    '"type":"buy","volume":1.25}'
)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (
            FORM,
            "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==",
        ),
        (
            JSON,
            "BVT3EumzzXSJHlvrinSwICz5uKKlSZPXL9cJIuKqn7ZMhHSbbtXhGdvwoDBmRz6ALXI+GVxFD0ZlGuOmfi2bxA==",
        ),
    ],
    ids=["form", "json"],
)
def test_the_signature_is_the_published_one(body: str, signature: str) -> None:
    assert KeyPair("KEY", SECRET).sign(PATH, NONCE, body) == signature


def test_any_changed_byte_changes_the_signature() -> None:
    keys = KeyPair("KEY", SECRET)
    signed = keys.sign(PATH, NONCE, FORM)
    assert keys.sign(PATH, NONCE, FORM + " ") != signed
    assert keys.sign(PATH, NONCE + "0", FORM) != signed
    assert keys.sign(PATH + "x", NONCE, FORM) != signed


def test_the_secret_is_in_no_repr() -> None:
    assert SECRET not in repr(KeyPair("KEY", SECRET))


@pytest.mark.parametrize(
    "wrong", ["not base64!", "kQH5HW/8p1u", "kQH5=HW/", "c2Vj cmV0", "c2Vj-cmV0"]
)
def test_a_secret_that_is_none_is_refused_without_being_repeated(wrong: str) -> None:
    with pytest.raises(ConfigError) as caught:
        KeyPair("KEY", wrong)
    assert wrong not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("key", ["a b", "tab\t", "line\n", "äöü", "€", "x" * 1_001])
def test_a_key_that_no_header_can_hold_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ConfigError, match="the API key is none") as refused:
        KeyPair(key, "c2VjcmV0")
    assert key not in str(refused.value)
