"""The network as a value: what is in flight, and what of it may arrive next.

A content is a tuple of message ids in a normal form, so that equal networks are equal tuples;
contents are interned in turn, and every operation on them is computed once.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from raft_ref.explorer.model.interning import Interner

Content = tuple[int, ...]
Channel = Callable[[int], tuple[int, int]]
"""From message id to the positions of its source and its destination."""


class Discipline(Protocol):
    """How a network orders what is in flight."""

    def normal_form(self, messages: Iterable[int]) -> Content:
        """Return the content that holds these messages, the oldest first."""

    def deliverable(self, content: Content) -> Content:
        """Return the messages that may arrive next."""


class Unordered:
    """A set of messages: any may arrive next, and sending one that is in flight adds nothing."""

    def normal_form(self, messages: Iterable[int]) -> Content:
        """Return the messages sorted, each once."""
        return tuple(sorted(set(messages)))

    def deliverable(self, content: Content) -> Content:
        """Return all messages."""
        return content


class Fifo:
    """A queue for each pair of source and destination: only the oldest of each may arrive."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def normal_form(self, messages: Iterable[int]) -> Content:
        """Return the messages sorted by channel, and by age within a channel."""
        return tuple(sorted(messages, key=self._channel))

    def deliverable(self, content: Content) -> Content:
        """Return the oldest message of each channel."""
        oldest: dict[tuple[int, int], int] = {}
        for message in content:
            oldest.setdefault(self._channel(message), message)
        return tuple(oldest.values())


class Network:
    """The contents of a network, each an integer, and the operations on them, each memoised."""

    def __init__(self, discipline: Discipline) -> None:
        self._discipline = discipline
        self._contents: Interner[Content] = Interner()
        self._deliverable: dict[int, Content] = {}
        self._removed: dict[tuple[int, int], int] = {}
        self._added: dict[tuple[int, Content], int] = {}
        self.empty = self._contents.intern(())

    def content(self, network: int) -> Content:
        """Return the messages in flight."""
        return self._contents[network]

    def size(self, network: int) -> int:
        """Return the number of messages in flight."""
        return len(self._contents[network])

    def deliverable(self, network: int) -> Content:
        """Return the messages that may arrive next."""
        found = self._deliverable.get(network)
        if found is None:
            found = self._discipline.deliverable(self._contents[network])
            self._deliverable[network] = found
        return found

    def remove(self, network: int, message: int) -> int:
        """Return the network without one message that was deliverable."""
        found = self._removed.get((network, message))
        if found is None:
            content = list(self._contents[network])
            content.remove(message)
            found = self._removed[network, message] = self._contents.intern(tuple(content))
        return found

    def add(self, network: int, messages: Content) -> int:
        """Return the network with these messages sent as well."""
        if not messages:
            return network
        found = self._added.get((network, messages))
        if found is None:
            content = self._discipline.normal_form(self._contents[network] + messages)
            found = self._added[network, messages] = self._contents.intern(content)
        return found

    def rename(self, network: int, message_renaming: Callable[[int], int]) -> int:
        """Return the network with each message replaced."""
        renamed = (message_renaming(message) for message in self._contents[network])
        return self._contents.intern(self._discipline.normal_form(renamed))
