"""Bounded model checking: whether a property can be false within so many steps, asked of z3.

For each step there are variables that say which value each slot has, and which messages are in
flight; a step takes exactly one way through one action. The depth grows step by step, so the first
that is found is a shortest. Values and messages that no behaviour of that length leads to are left
out of what comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import z3

from raft_ref.spec.proof.bounded.local_steps import LocalSteps, Slot, Values, Way

Formula = Any


@dataclass
class Level:
    """The states after so many steps.

    For each slot the values that it may have, and the messages that may be in flight, each with the
    formula that says so.
    """

    slots: dict[Slot, dict[Any, Formula]]
    messages: dict[Any, Formula] = field(default_factory=dict)


class Found(NamedTuple):
    """What was found: steps that lead to where a property is false, or none within `depth` steps.

    `ways` counts the ways through actions, all steps together.
    """

    depth: int
    ways: int
    violated: str | None = None
    steps: tuple[Way, ...] = ()


class Unrolled:
    """The behaviours of a cluster, step by step. Arguments: its steps; names of properties."""

    def __init__(self, steps: LocalSteps, properties: Sequence[str]) -> None:
        self._steps = steps
        self._of_states = [name for name in properties if not steps.properties[name].is_step]
        self._not_asked = steps.properties.keys() - {*properties}
        self._solver = z3.SolverFor("QF_FD")
        self._solver.set("ctrl_c", False)  # an interrupt is Python's to handle
        self._taken: list[list[tuple[Way, Formula]]] = []
        self._levels = [
            Level({slot: {value: z3.BoolVal(True)} for slot, value in steps.initial().items()})
        ]

    def run(self, depth: int, on_depth: Callable[[int, int], None] = lambda *_: None) -> Found:
        """Look up to a depth, in steps; `on_depth` is called with each, and the ways so far."""
        for reached in range(depth + 1):
            if reached:
                self._step()
            on_depth(reached, self._ways())
            found = self._violation()
            if found is not None:
                return Found(reached, self._ways(), *found)
        return Found(depth, self._ways())

    def _ways(self) -> int:
        return sum(map(len, self._taken))

    def _violation(self) -> tuple[str, tuple[Way, ...]] | None:
        level = self._levels[-1]
        domains = {slot: [*values] for slot, values in level.slots.items()}
        for name in self._of_states:
            wrong = z3.Or(*(_all(level, seen) for seen in self._steps.false(name, domains)))
            if self._is_possible(wrong):
                return name, self._behavior()
        last = self._taken[-1] if self._taken else []
        broken = {name for way, _ in last for name in way.broken}
        for name in sorted(broken - self._not_asked):
            wrong = z3.Or(*(taken for way, taken in last if name in way.broken))
            if self._is_possible(wrong):
                return name, self._behavior()
        return None

    def _is_possible(self, formula: Formula) -> bool:
        answer = self._solver.check(formula)
        assert answer in (z3.sat, z3.unsat)  # formulas of Booleans are decided
        return bool(answer == z3.sat)

    def _behavior(self) -> tuple[Way, ...]:
        model = self._solver.model()
        return tuple(
            next(way for way, taken in each if z3.is_true(model.eval(taken, True)))
            for each in self._taken
        )

    def _step(self) -> None:
        before, number = self._levels[-1], len(self._taken)
        domains = {slot: [*values] for slot, values in before.slots.items()}
        taken: list[tuple[Way, Formula]] = []
        for instance in self._steps.instances([*before.messages]):
            for way in self._steps.ways(instance, domains):
                this = z3.Bool(f"take {number} {len(taken)}")
                taken.append((way, this))
                self._solver.add(z3.Implies(this, _all(before, way.seen)))
                if instance.message is not None:
                    self._solver.add(z3.Implies(this, before.messages[instance.message]))
        choices = [this for _, this in taken]
        self._solver.add(z3.Or(*choices), z3.AtMost(*choices, 1))
        self._taken.append(taken)
        self._levels.append(self._after(before, taken, number + 1))

    def _after(self, before: Level, taken: list[tuple[Way, Formula]], number: int) -> Level:
        writers: dict[Slot, dict[Any, list[Formula]]] = {}
        senders: dict[Any, list[Formula]] = {}
        takers: dict[Any, list[Formula]] = {}
        for way, this in taken:
            for slot, value in way.changes.items():
                writers.setdefault(slot, {}).setdefault(value, []).append(this)
            for message in way.sends:
                senders.setdefault(message, []).append(this)
            if way.is_taken and way.instance.message not in way.sends:
                takers.setdefault(way.instance.message, []).append(this)
        slots = dict(before.slots)
        for slot, by_value in writers.items():
            changed = z3.Or(*(this for each in by_value.values() for this in each))
            slots[slot] = self._named(
                f"{number} {slot}",
                {
                    value: z3.Or(
                        *by_value.get(value, ()),
                        z3.And(before.slots[slot].get(value, False), z3.Not(changed)),
                    )
                    for value in {**before.slots[slot], **by_value}
                },
                before.slots[slot],
            )
        messages = self._named(
            f"{number} message",
            {
                message: z3.Or(
                    *senders.get(message, ()),
                    z3.And(
                        before.messages.get(message, False),
                        z3.Not(z3.Or(*takers.get(message, ()))),
                    ),
                )
                for message in {**before.messages, **senders}
            },
            before.messages,
        )
        if messages:
            self._solver.add(z3.AtMost(*messages.values(), self._steps.bounds.max_messages))
        return Level(slots, {m: f for m, f in messages.items() if self._is_possible(f)})

    def _named(
        self, prefix: str, meanings: dict[Any, Formula], old: Iterable[Any]
    ) -> dict[Any, Formula]:
        """Return variables that mean these formulas, but for new values that are impossible."""
        found: dict[Any, Formula] = {}
        known = set(old)
        for at, (value, meaning) in enumerate(meanings.items()):
            this = z3.Bool(f"{prefix} {at}")
            self._solver.add(this == meaning)
            if value in known or self._is_possible(this):
                found[value] = this
        return found


def _all(level: Level, seen: Values) -> Formula:
    return z3.And(*(level.slots[slot][value] for slot, value in seen.items()))
