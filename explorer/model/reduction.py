"""Partial-order reduction: messages that nobody will ever look at are received at once.

An actor may tell that a message is obsolete for a server: that the server, whatever happens to it,
will never again change its state or send anything because of this message. In a state with such
messages in flight, a reduced search takes no steps but their receipts.

Why nothing is lost. Let s be a state with an obsolete message m in flight, and s' the state that
the receipt of m leads to: the same, but without m. Each step out of s is one of these.

- The receipt of m leads to s'. Its loss and its duplicate receipt lead to s' or s with more faults
  used; whatever can follow there can follow in s', where fewer are.
- Any other step is possible in s' too, for it does not need m, and a network with one message less
  is within each bound that the other is within. It leads to states that differ in the same way: m
  is obsolete still.

So every behaviour of the full search has one in the reduced search with the same states of the
servers, the same history and the same restarts, and a property that reads nothing else is violated
in both or in neither. Every step of a reduced search is one of the full search, so that nothing is
found that is not there. What is lost is the shortest counterexample: in a reduced search the
receipts of obsolete messages count as steps. Properties that read what is in flight, or how many
messages were lost or duplicated, and a bound on depth, are refused.

That a message stays obsolete is not believed but checked, on every step of a server that the search
computes. (The idea is that of a persistent set: Godefroid, "Partial-Order Methods for the
Verification of Concurrent Systems", 1996.)
"""

from collections import defaultdict
from typing import Any

from raft_ref.explorer.model.actor import ActorError, Guard
from raft_ref.explorer.model.interning import Interner


class Obsolescence:
    """Which messages are obsolete for which states of servers, as far as it was asked.

    Arguments: the guarded actor, and the interned states and messages.
    """

    def __init__(self, guard: Guard, states: Interner[Any], messages: Interner[Any]) -> None:
        self._guard = guard
        self._states = states
        self._messages = messages
        self._answers: dict[tuple[int, int], bool] = {}
        self._obsolete_for: defaultdict[int, list[int]] = defaultdict(list)
        self._followers: defaultdict[int, set[int]] = defaultdict(set)
        self._steps = 0

    def __len__(self) -> int:
        """Return how many answers and steps are known."""
        return len(self._answers) + self._steps

    def is_known(self, state: int, message: int) -> bool:
        """Return whether it was asked before."""
        return (state, message) in self._answers

    def is_obsolete(self, state: int, message: int) -> bool:
        """Return what was answered."""
        return self._answers[state, message]

    def ask(self, state: int, message: int, is_ignored: bool) -> bool:
        """Ask the actor, and hold it to its answer in all states that are known to follow.

        `is_ignored` says whether the server ignores the message now. Raises `ActorError` where the
        answer was wrong.
        """
        if not self._answer(state, message):
            return False
        if not is_ignored:
            raise self._error(state, message, "yet the server does something with it")
        self._hold(state, message)
        return True

    def follow(self, before: int, after: int) -> None:
        """Take note that a step leads from one state to another; raises as `ask` does."""
        if before == after or after in self._followers[before]:
            return
        self._followers[before].add(after)
        self._steps += 1
        for message in self._obsolete_for[before]:
            self._hold_after(before, after, message)

    def _hold(self, state: int, message: int) -> None:
        waiting = [state]
        while waiting:
            at = waiting.pop()
            for after in self._followers[at]:
                if (after, message) not in self._answers:
                    waiting.append(after)
                self._hold_after(at, after, message)

    def _hold_after(self, before: int, after: int, message: int) -> None:
        if not self._answer(after, message):
            raise self._error(
                before, message, f"and no longer in {self._states[after]!r}, which follows"
            )

    def _answer(self, state: int, message: int) -> bool:
        found = self._answers.get((state, message))
        if found is None:
            found = self._guard.is_obsolete(self._states[state], self._messages[message])
            self._answers[state, message] = found
            if found:
                self._obsolete_for[state].append(message)
        return found

    def _error(self, state: int, message: int, what: str) -> ActorError:
        return ActorError(
            f"{type(self._guard.actor).__name__}.is_obsolete is wrong: {self._messages[message]!r} "
            f"is obsolete in {self._states[state]!r}, {what} (search without reduction, or mend it)"
        )
