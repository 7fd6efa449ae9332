"""The network as a value, against the obvious model of each: a set, and a list for each channel."""

from hypothesis import given
from hypothesis import strategies as st

from raft_ref.explorer.model.network import Fifo, Network, Unordered

# Message ids 0 to 5; the channel of message m runs from server m % 2 to server m % 3.
operations = st.lists(
    st.tuples(st.sampled_from(["add", "remove"]), st.lists(st.integers(0, 5), max_size=3)),
    max_size=12,
)


def channel(message: int) -> tuple[int, int]:
    return message % 2, message % 3


@given(operations)
def test_a_set_holds_each_message_once_and_delivers_any(steps: list[tuple[str, list[int]]]) -> None:
    network, content = Network(Unordered()), 0
    model: set[int] = set()
    for operation, messages in steps:
        if operation == "add":
            content = network.add(content, tuple(messages))
            model |= set(messages)
        elif model:
            content = network.remove(content, min(model))
            model.remove(min(model))
        assert set(network.deliverable(content)) == model
        assert network.size(content) == len(model)


@given(operations)
def test_queues_keep_their_order_whatever_the_other_queues_do(
    steps: list[tuple[str, list[int]]],
) -> None:
    network, content = Network(Fifo(channel)), 0
    model: dict[tuple[int, int], list[int]] = {}
    for operation, messages in steps:
        heads = {queue[0] for queue in model.values() if queue}
        assert set(network.deliverable(content)) == heads
        if operation == "add":
            content = network.add(content, tuple(messages))
            for message in messages:
                model.setdefault(channel(message), []).append(message)
        elif heads:
            content = network.remove(content, min(heads))
            model[channel(min(heads))].pop(0)
        assert network.size(content) == sum(map(len, model.values()))


@given(st.lists(st.integers(0, 5)))
def test_equal_networks_are_one_number(messages: list[int]) -> None:
    one_way, other_way = list(messages), sorted(messages, key=channel)
    for network in (Network(Unordered()), Network(Fifo(channel))):
        first = network.add(network.empty, tuple(one_way))
        # Sorting by channel, which is stable, keeps the order within each queue.
        second = network.empty
        for message in other_way:
            second = network.add(second, (message,))
        assert first == second


def test_renaming_replaces_each_message() -> None:
    network = Network(Unordered())
    content = network.add(network.empty, (1, 2))
    assert network.content(network.rename(content, lambda message: 5 - message)) == (3, 4)
