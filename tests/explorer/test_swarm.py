"""Chance and swarms: what is drawn, and that it is what it should be on the average."""

from collections import Counter

import pytest

from raft_ref.explorer.walks.chance import Chance, hashed, mixed
from raft_ref.explorer.walks.offers import How, Offer
from raft_ref.explorer.walks.swarm import NEWEST, OF_ACTION, OF_FAULT, Swarm


def test_the_generator_is_splitmix64() -> None:
    """The first numbers from the seed 1234567, as Vigna's splitmix64.c gives them."""
    golden, numbers = 0x9E3779B97F4A7C15, []
    for n in (1, 2, 3):
        numbers.append(mixed((1234567 + n * golden) % 2**64))
    assert numbers == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_names_are_hashed_by_fnv() -> None:
    assert hashed("") == 0xCBF29CE484222325
    assert hashed("foobar") == 0x85944171F73967E8


def test_what_is_drawn_is_as_likely_as_its_weight() -> None:
    chance = Chance(1)
    drawn = Counter(chance.pick([1, 0, 3]) for _ in range(4000))
    assert drawn[1] == 0
    assert 900 < drawn[0] < 1100
    none = Counter(chance.pick([0, 0]) for _ in range(1000))
    assert 400 < none[0] < 600  # without any weight they are equal


TIMEOUTS = [Offer(How.ACTION, "Timeout", position, number=0) for position in range(3)]
RECEIPTS = [Offer(How.RECEIVE, "Receive", 0, message=message) for message in range(4)]
DROPS = [Offer(How.DROP, "DropMessage", -1, message=message) for message in range(50)]


@pytest.mark.parametrize("seed", range(5))
def test_each_offer_is_drawn_once_and_those_of_a_kind_together(seed: int) -> None:
    drawn = [*Swarm(seed).draw([*TIMEOUTS, *RECEIPTS, *DROPS])]
    assert sorted(drawn) == sorted([*TIMEOUTS, *RECEIPTS, *DROPS])
    names = [offer.name for offer in drawn]
    assert len([n for n, name in enumerate(names) if names[n - 1 : n] != [name]]) == 3


def test_each_walk_has_its_own_mix() -> None:
    """Some lose many messages, and some none as long as there is anything else to do."""
    shares = set()
    for seed in range(40):
        swarm = Swarm(seed)
        firsts = [next(swarm.draw([*TIMEOUTS, *DROPS])).name for _ in range(100)]
        shares.add(firsts.count("DropMessage"))
    assert 0 in shares
    assert max(shares) > 60
    assert OF_FAULT[0] == 0 < OF_ACTION[0]


def test_in_some_walks_the_newest_message_comes_first() -> None:
    newest = set()
    for seed in range(40):
        swarm = Swarm(seed)
        newest.add([next(swarm.draw(DROPS)).message for _ in range(100)].count(49))
    assert min(newest) < 6  # each of 50 is as likely
    assert max(newest) > 35  # each is half as likely as the next
    assert NEWEST // 2**40 == 1
