"""Which orders hear their reports from the Gateway itself, and when that ends."""

from zoe.actors.order_homes import MOST_ANSWERED, OrderHomes
from zoe.domain.order import Fact, Input
from zoe.domain.sighting import Sighting
from zoe.runtime.address import Address
from zoe.runtime.virtual import VirtualRuntime


def known() -> tuple[OrderHomes, Address]:
    """An order that was answered, and whose first report went to it."""
    homes, home = OrderHomes(), VirtualRuntime(1).find("orders/i")
    homes.answered("O1", home)
    assert homes.of(seen(Input.ACKNOWLEDGED)) is home
    return homes, home


def seen(*happened: Input) -> Sighting:
    return Sighting("O1", None, tuple(Fact(input, "O1") for input in happened))


def test_an_order_whose_first_report_went_elsewhere_has_no_home() -> None:
    homes, home = OrderHomes(), VirtualRuntime(1).find("orders/i")
    assert homes.of(seen(Input.ACKNOWLEDGED)) is None
    homes.answered("O1", home)
    assert homes.of(seen(Input.LIVE)) is None


def test_answers_that_are_later_than_all_reports_do_not_add_up() -> None:
    homes, home = OrderHomes(), VirtualRuntime(1).find("orders/i")
    for number in range(MOST_ANSWERED + 1):
        homes.answered(f"O{number}", home)
    assert homes.of(Sighting("O0", None, (Fact(Input.ACKNOWLEDGED, "O0"),))) is None
    assert homes.of(seen(Input.ACKNOWLEDGED)) is home


def test_its_end_is_the_last_that_an_order_hears_there() -> None:
    homes, home = known()
    assert homes.of(seen(Input.LIVE, Input.CANCELED)) is home
    assert homes.of(seen(Input.LIVE)) is None


def test_an_order_whose_actor_has_ended_has_no_home_any_more() -> None:
    homes, home = known()
    assert homes.of(seen(Input.LIVE)) is home
    home.mailbox.open = False
    assert homes.of(seen(Input.LIVE)) is None
    home.mailbox.open = True
    assert homes.of(seen(Input.LIVE)) is None
