"""What came of a private REST call, as the message that its caller gets."""

from zoe.domain.catalog import Catalog
from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    WireError,
)
from zoe.messages.gateway import Failure, PrivateAnswered, PrivateCall
from zoe.messages.wire import WireLost, WireReply
from zoe.ports.venue import Venue


def outcome(
    venue: Venue,
    call: PrivateCall,
    sent_ns: int,
    reply: WireReply | WireLost,
    catalog: Catalog | None,
) -> PrivateAnswered:
    """The result, or the failure with the exchange's words.

    Args:
        sent_ns: When the call left (wall time).
    """
    if isinstance(reply, WireLost):
        return PrivateAnswered(call.ref, None, Failure.UNKNOWN, reply.reason, sent_ns)
    try:
        result = venue.result(call.operation, reply.status, reply.body, catalog)
    except ExchangeRejected as refused:
        return PrivateAnswered(call.ref, None, Failure.REFUSED, refused.code, sent_ns)
    except ExchangeThrottled as throttled:
        return PrivateAnswered(call.ref, None, Failure.THROTTLED, throttled.code, sent_ns)
    except ExchangeUnavailable as unavailable:
        return PrivateAnswered(call.ref, None, Failure.UNKNOWN, str(unavailable), sent_ns)
    except WireError as problem:
        return PrivateAnswered(call.ref, None, Failure.NOT_UNDERSTOOD, str(problem), sent_ns)
    return PrivateAnswered(call.ref, result, sent_ns=sent_ns)
