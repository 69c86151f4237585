"""Every error text of the exchange that is known, and what it means for a request."""

import pytest

from zoe.adapters.kraken.errors import classify, is_error
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled, ExchangeUnavailable

THROTTLED = """
EAPI:Invalid nonce
EAPI:Rate limit exceeded
EGeneral:Temporary lockout
EGeneral:Too many requests
EService: Throttled: 1741500000
EService:Throttled:1741500000
EAuth:Rate limit exceeded
EAuth:Too many requests
EOrder:Rate limit exceeded
EOrder:Domain rate limit exceeded
Exceeded msg rate
"""
UNKNOWN = """
EGeneral:Internal error
EGeneral:Internal error:5
EService:Unavailable
EService:Busy
EService:Timeout
EService:Deadline elapsed
EDatabase:Internal error
ESomething:New
Something went wrong
W
"""
REFUSED = """
EAPI:Invalid key
EAPI:Invalid signature
EAPI:Bad request
EAPI:Feature disabled
EAPI:Something new
EGeneral:Invalid arguments
EGeneral:Invalid arguments:ordertype
EGeneral:Invalid arguments:Index unavailable
EGeneral:Invalid arguments:no_mpp order option is only available when ordertype = market
EGeneral:Permission denied
EGeneral:Unknown method
EGeneral:Unknown Method
EGeneral:Unknown order
EService:Market in cancel_only mode
EService:Market in post_only mode
EService:Market in limit_only mode
EService:Market in reduce_only mode
EAuth:Account temporary disabled
EAuth:Account unconfirmed
EAuth:Failed
EAccount:Invalid permissions
EAccount:Invalid permissions:USDT trading restricted for AT.
EQuery:Unknown asset pair
EQuery:Invalid asset pair
EQuery:Unknown asset
EOrder:Unknown order
EOrder:Invalid order
EOrder:Insufficient funds
EOrder:Order minimum not met
EOrder:Cost minimum not met
EOrder:Tick size check failed
EOrder:Invalid price
EOrder:Invalid price:Invalid price argument
EOrder:Post only order
EOrder:Orders limit exceeded
EOrder:Scheduled orders limit exceeded
EOrder:Positions limit exceeded
EOrder:Cannot open position
EOrder:Cannot open opposing position
EOrder:Margin allowance exceeded
EOrder:Margin level too low
EOrder:Margin position size exceeded
EOrder:Insufficient margin
EOrder:Unknown position
EOrder:Reduce only:No position exists
EOrder:Reduce only:Position is closed
EOrder:Reduce only:Non-PC
EOrder:Something new
ETrade:Invalid request
ETrade:Locked
ETrade:User Locked
ESession:Invalid session
EFunding:Unknown withdraw key
EFunding:Invalid amount
EFunding:No funding method
EFunding:Unknown asset
EFunding:Too many addresses
EFunding:Invalid reference id
EFunding:Unknown reference id
EFunding:Max fee exceeded
EFunding:Invalid staking method
EBM:limit exceeded:CAL
EEarnings:Busy
EEarnings:Above max
Unsupported field: 'price' for the given msg type: add order
Unsupported event
Limit_price field must be a number_float
Cash_order_qty field must be a number_float
Token(s) not found
Currency pair not supported WWW/USD
Already subscribed
Subscription depth not supported
"""


def each(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("text", each(REFUSED))
def test_refused_for_sure(text: str) -> None:
    problem = classify(text)
    assert isinstance(problem, ExchangeRejected)
    assert problem.code == text


@pytest.mark.parametrize("text", each(THROTTLED))
def test_over_a_limit_and_not_done(text: str) -> None:
    problem = classify(text)
    assert isinstance(problem, ExchangeThrottled)
    assert problem.code == text


@pytest.mark.parametrize("text", [*each(UNKNOWN), "", "E", ":", "EOrder"])
def test_done_or_not_nobody_knows(text: str) -> None:
    assert isinstance(classify(text), ExchangeUnavailable)
    assert str(classify(text)) == text


@pytest.mark.parametrize("text", ["EOrder:   Insufficient funds", " eorder:insufficient funds "])
def test_blanks_and_case_do_not_matter(text: str) -> None:
    assert isinstance(classify(text), ExchangeRejected)


def test_a_lockout_lasts_a_quarter_of_an_hour() -> None:
    problem = classify("EGeneral:Temporary lockout")
    assert isinstance(problem, ExchangeThrottled)
    assert problem.retry_after_seconds == 900


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("EOrder:Unknown order", True),
        ("Something went wrong", True),
        ("What is this", True),
        ("WGeneral:Deprecated", False),
        ("W:", True),
    ],
)
def test_a_warning_is_told_from_an_error_by_its_form(text: str, error: bool) -> None:
    assert is_error(text) is error
