"""The order book: published checksums, cutting to the depth, and the best of each side."""

import zlib
from decimal import Decimal

import pytest

from zoe.domain.book import Book, Level

#: BTC/USD, one decimal in prices and eight in quantities; published with its checksum.
ASKS_1 = """45285.2 0.00100000 45286.4 1.54571953 45286.6 1.54571109 45289.6 1.54560911
45290.2 0.15890660 45291.8 1.54553491 45294.7 0.04454749 45296.1 0.35380000
45297.5 0.09945542 45299.5 0.18772827"""
BIDS_1 = """45283.5 0.10000000 45283.4 1.54582015 45282.1 0.10000000 45281.0 0.10000000
45280.3 1.54592586 45279.0 0.07990000 45277.6 0.03310103 45277.5 0.30000000
45277.3 1.54602737 45276.6 0.15445238"""
#: MATIC/USD, four and eight decimals, as it came: without its trailing zeros.
BIDS_2 = """.5666 4831.75496356 .5665 6658.22734739 .5664 18724.91513344 .5663 11563.92544914
.5662 14006.65365711 .5661 17454.85679807 .566 18097.1547 .5659 33644.89175666
.5658 148.3464 .5657 606.70854372"""
ASKS_2 = """.5668 4410.79769741 .5669 4655.40412487 .567 49844.89424998 .5671 24306.41678
.5672 29783.25223475 .5673 57234.71239278 .5674 45065.04744 .5675 5912.76380354
.5676 42514.92434778 .5677 36304.0847022"""
#: The levels inside the text of the FIX guide, in units.
ASKS_3 = [(280130, 96506), (280398, 100000)]
ASKS_3 += [(price, 100000) for price in (280665, 280933, 281200, 281467, 281735)]
ASKS_3 += [(price, 100000) for price in (282002, 282270, 282537)]
BIDS_3 = [(280030, 100000), (279999, 96375), (279699, 73860423), (277001, 350000)]
BIDS_3 += [(275732, 320000), (271374, 1000000), (270913, 400000), (267294, 100000)]
BIDS_3 += [(267026, 100000), (266759, 100000)]


def levels(text: str, price_precision: int) -> list[Level]:
    words = [Decimal(word) for word in text.split()]
    return [
        (int(price.scaleb(price_precision)), int(qty.scaleb(8)))
        for price, qty in zip(words[::2], words[1::2], strict=True)
    ]


def test_the_published_checksum_of_bitcoin_is_ours() -> None:
    book = Book(10)
    book.load(levels(BIDS_1, 1), levels(ASKS_1, 1))
    assert book.checksum() == 3310070434


def test_the_published_checksums_of_matic_before_and_after_a_change_are_ours() -> None:
    book = Book(10)
    book.load(levels(BIDS_2, 4), levels(ASKS_2, 4))
    assert book.checksum() == 2439117997
    book.update(levels("0.5657 1098.3947558", 4), [])
    assert book.checksum() == 2114181697


def test_the_published_checksum_of_the_fix_guide_is_ours() -> None:
    book = Book(10)
    book.load(BIDS_3[::-1], ASKS_3[::-1])
    assert book.checksum() == 3341325816


def test_a_book_of_fewer_levels_uses_those_that_exist() -> None:
    book = Book(10)
    assert book.checksum() == 0
    book.load([(7, 5)], [])
    assert book.checksum() == zlib.crc32(b"75")
    assert book.touch == (7, 5, None, 0)


def test_levels_that_are_pushed_out_are_forgotten() -> None:
    book = Book(2)
    book.load([(10, 1), (9, 1)], [(11, 1), (12, 1)])
    book.update([(10, 0), (8, 4), (7, 5)], [(13, 1)])
    assert book.bids() == [(9, 1), (8, 4)]
    assert book.asks() == [(11, 1), (12, 1)]
    book.update([(9, 0)], [])
    assert book.bids() == [(8, 4)]


def test_levels_apply_in_order_and_a_price_may_come_twice() -> None:
    book = Book(10)
    book.load([(10, 1)], [])
    book.update([(10, 0), (10, 3), (9, 2), (9, 0)], [])
    assert book.bids() == [(10, 3)]


def test_removing_what_is_not_there_changes_nothing() -> None:
    book = Book(10)
    book.load([(10, 1)], [(11, 1)])
    book.update([(9, 0)], [(12, 0)])
    assert (book.bids(), book.asks()) == ([(10, 1)], [(11, 1)])


def test_a_snapshot_replaces_everything() -> None:
    book = Book(10)
    book.load([(10, 1)], [(11, 1)])
    book.load([], [(20, 2)])
    assert (book.bids(), book.asks()) == ([], [(20, 2)])


@pytest.mark.parametrize("depth", [10, 25])
def test_only_the_ten_best_levels_count_in_the_checksum(depth: int) -> None:
    deep = Book(depth)
    deep.load([(price, 1) for price in range(30)], [(price, 1) for price in range(40, 70)])
    text = "".join(f"{price}1" for price in range(40, 50))
    text += "".join(f"{price}1" for price in range(29, 19, -1))
    assert deep.checksum() == zlib.crc32(text.encode())


def test_the_best_levels_are_those_of_their_moment_and_equal_what_they_hold() -> None:
    book = Book(20)
    book.update([(price, 5) for price in range(1, 13)], [(20, 2)])
    bids, asks = book.top
    book.update([(12, 0), (11, 7)], [(20, 0)])
    assert bids == tuple((price, 5) for price in range(12, 2, -1))
    assert asks == ((20, 2),)
    assert (len(asks), asks[0], bids[-2:]) == (1, (20, 2), ((4, 5), (3, 5)))
    assert (hash(asks), repr(asks)) == (hash(((20, 2),)), "((20, 2),)")
    assert book.top[0] != bids and not book.top[1]
