"""The successors of a state, what an action does being computed once for all that it depends on.

States are rows of numbers here. The first stage of an action (`staging`) is evaluated once for each
combination of what it reads, and remembered as a list of outcomes; to apply an outcome to a
row is a matter of tuples of numbers. What is left to the second stage is in its turn computed once
for each combination of what it is given and reads.

Whatever fails or is noted on the way is not remembered: the state's successors are then computed
as if there were no memory, which tells what is wrong, and where. An action of which little is met
again is no longer remembered, and what is remembered is bounded in number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from raft_ref.spec.code.effects import Notes
from raft_ref.spec.names.labels import ActionName
from raft_ref.spec.steps.interning import Interner, Row, Table
from raft_ref.spec.steps.specialization import FirstStage, Left
from raft_ref.spec.values.value import Boolean, ModelValue, Value

Step: TypeAlias = tuple[ActionName, tuple[Value, ...], Row]
"""An action, the values of the names that it binds, and the row to which it leads."""

End: TypeAlias = tuple[Any, tuple[Any, ...], tuple[Any, ...]]
"""An end of a first stage; see there."""

Outcome: TypeAlias = tuple[Any, ...]
"""A function that applies it to a row, an action, its arguments; then new values and what is left.

The function takes the row and the outcome. It returns a step, or None if there is none.
"""

MOST_ENTRIES: Final = 1 << 22
"""After so many entries, about a gigabyte, all is forgotten and computed anew."""

_VALUES: Final = (int, str, bool, Boolean, ModelValue, tuple, frozenset)
TRIAL: Final = 2000
"""How often an action is computed before it is judged whether to remember it is any use."""


class RememberedActions:
    """Every action of a specification, with a memory of its own.

    Arguments: for each action its name, its first stage (None: it has none), and a function from
    a state to its successors; and a function from a state to all of them, which is the judge.
    """

    def __init__(
        self,
        actions: Sequence[tuple[ActionName, FirstStage | None, Callable[..., list[Any]]]],
        judge: Callable[..., list[Any]],
        interner: Interner,
        notes: Notes,
    ) -> None:
        self._interner = interner
        self._judge = judge
        self._notes = notes
        second = _SecondStage(interner, notes, _Memory())
        self.actions = [_Action(*each, interner, notes, second) for each in actions]

    def successors(self, row: Row) -> list[Step]:
        """Return what follows a state; raises `SpecError` where TLC has an error."""
        found: list[Step] = []
        printed = len(self._notes.printed)
        try:
            for each in self.actions:
                each.add(row, found.append)
        except Exception:  # any, as in the quick text: the judge will tell
            del self._notes.printed[printed:]
            after = self._judge(self._interner.state(row))
            return [(a, arguments, self._interner.row(state)) for a, arguments, state in after]
        return found


class _Memory:
    """Counts the entries of all tables; `tables` are those that refer to the others."""

    def __init__(self) -> None:
        self.tables: list[dict[Any, Any]] = []
        self._entries = 0

    def grow(self) -> None:
        """Count one more entry; forget all if there are too many."""
        self._entries += 1
        if self._entries > MOST_ENTRIES:
            self._entries = 0
            for each in self.tables:
                each.clear()


class _Computed(dict[Any, Any]):
    """What a function gives for each key, computed at its first use."""

    __slots__ = ("_compute", "_memory")

    def __init__(self, compute: Callable[[Any], Any], memory: _Memory) -> None:
        super().__init__()
        self._compute = compute
        self._memory = memory

    def __missing__(self, key: Any) -> Any:
        found = self[key] = self._compute(key)
        self._memory.grow()
        return found


class _Failed:
    """What is remembered of a first stage that failed: to fail again."""

    def __iter__(self) -> Any:
        raise LookupError

    def __getitem__(self, key: Any) -> Any:
        raise LookupError


_FAILED: Final = _Failed()


class _Shape(NamedTuple):
    """What outcomes must have in common to be applied by the same function.

    `changed` are the places of new values. Of each thing that is left, there are the place of the
    variable whose value it gives, if any, and what it reads.
    """

    changed: tuple[int, ...]
    left: tuple[tuple[int | None, tuple[tuple[int, bool], ...]], ...]
    is_dead: bool


class _SecondStage:
    """Makes outcomes of the ends of first stages."""

    def __init__(self, interner: Interner, notes: Notes, memory: _Memory) -> None:
        self._tables = interner.tables
        self._notes = notes
        self.memory = memory
        self._left: dict[tuple[Any, ...], _Computed] = {}
        self._functions = _Computed(self._function, memory)
        memory.tables.append(self._left)

    def outcome(self, action: ActionName, end: End) -> Outcome:
        """Return what an end amounts to; raises `TypeError` if it is given what is no value."""
        arguments, changes, left = end
        shape = _Shape(
            tuple(place for place, _ in changes),
            tuple((each.to, each.inputs) for each, *_ in left),
            arguments is None,
        )
        numbers = [self._tables[place][value] for place, value in changes]
        computed = [self.computed(*each) for each in left]
        return (self._functions[shape], action, arguments, *numbers, *computed)

    def computed(self, left: Left, *given: Any) -> _Computed:
        """Return the results of what is left, by the numbers of what it reads.

        Raises `TypeError` if it is given what is no value, a LAMBDA for example.
        """
        if not all(type(each) in _VALUES for each in given):
            raise TypeError
        key = left, *given
        found = self._left.get(key)
        if found is None:
            found = self._left[key] = _Computed(self._function_of(left, given), self.memory)
        return found

    def _function_of(self, left: Left, given: tuple[Any, ...]) -> Callable[[Any], Any]:
        tables = [self._tables[place].values_by_number for place, _ in left.inputs]
        results = None if left.to is None else self._tables[left.to]
        silently, function = self._notes.silently, left.function

        def compute(key: Any) -> Any:
            numbers = (key,) if len(tables) == 1 else key
            values = [table[number] for table, number in zip(tables, numbers, strict=True)]
            result = silently(function, *given, *values)
            return result if results is None else results[result]

        return compute

    def _function(self, shape: _Shape) -> Callable[[Row, Outcome], Step | None]:
        """Generate the function that applies outcomes of a shape."""
        after = [f"r{place}" for place in range(len(self._tables))]
        news = [f"n{index}" for index in range(len(shape.changed))]
        lefts = [f"left{index}" for index in range(len(shape.left))]
        lines = [
            f"_, action, arguments, {''.join(f'{each}, ' for each in [*news, *lefts])} = outcome",
            f"{''.join(f'{each}, ' for each in after)} = row",
        ]
        for place, new in zip(shape.changed, news, strict=True):
            after[place] = new
        for name, (to, inputs) in zip(lefts, shape.left, strict=True):
            key = _key_text([after[place] if primed else f"r{place}" for place, primed in inputs])
            if to is None:
                lines.append(f"if not {name}[{key}]: return None")
            else:
                after[to] = f"p{to}"
                lines.append(f"p{to} = {name}[{key}]")
        result = f"action, arguments, ({''.join(f'{each}, ' for each in after)})"
        lines.append(f"return {None if shape.is_dead else result}")
        source = "def apply(row, outcome):\n" + "".join(f" {line}\n" for line in lines)
        namespace: dict[str, Any] = {}
        exec(source, namespace)
        function: Callable[[Row, Outcome], Step | None] = namespace["apply"]
        return function


def _key_text(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({''.join(f'{each}, ' for each in names)})"


class _Action:
    """One action: its outcomes by what its first stage reads and by the elements picked."""

    def __init__(
        self,
        name: ActionName,
        stage: FirstStage | None,
        successors: Callable[..., list[Any]],
        interner: Interner,
        notes: Notes,
        second: _SecondStage,
    ) -> None:
        self._name = name
        self._successors = successors
        self._interner = interner
        self._notes = notes
        self._second = second
        self.asked = self.computed = 0
        self.add: Callable[[Row, Callable[[Step], None]], None] = self._add_computed
        if stage is None:
            return
        self._stage = stage
        self._key = _selection(stage.reads)
        self._read = [interner.tables[place].values_by_number for place in stage.reads]
        self._outcomes = self._table(self._of_key)
        self._elements = Table()
        self._picks = [
            (_selection([place for place, _ in each.inputs]), self._pick(each))
            for each in stage.picks
        ]
        self.add = [self._add, self._add_for_each, self._add_for_all][min(len(self._picks), 2)]

    def _table(self, compute: Callable[[Any], Any]) -> _Computed:
        table = _Computed(compute, self._second.memory)
        self._second.memory.tables.append(table)
        return table

    # Ways to add the steps out of a row

    def _add_computed(self, row: Row, add: Callable[[Step], None]) -> None:
        for action, arguments, state in self._successors(self._interner.state(row)):
            add((action, arguments, self._interner.row(state)))

    def _add(self, row: Row, add: Callable[[Step], None]) -> None:
        self.asked += 1
        for outcome in self._outcomes[self._key(row)]:
            step = outcome[0](row, outcome)
            if step is not None:
                add(step)

    def _add_for_each(self, row: Row, add: Callable[[Step], None]) -> None:
        outcomes = self._outcomes[self._key(row)]
        if outcomes is None:
            return
        key, picked = self._picks[0]
        elements = picked[key(row)]
        self.asked += len(elements)
        for element in elements:
            for outcome in outcomes[element]:
                step = outcome[0](row, outcome)
                if step is not None:
                    add(step)

    def _add_for_all(self, row: Row, add: Callable[[Step], None]) -> None:
        outcomes = self._outcomes[self._key(row)]
        if outcomes is None:
            return
        for elements in product(*[computed[key(row)] for key, computed in self._picks]):
            self.asked += 1
            for outcome in outcomes[elements]:
                step = outcome[0](row, outcome)
                if step is not None:
                    add(step)

    # What is remembered

    def _pick(self, left: Left) -> _Computed:
        """Return the numbers of the elements that are picked, by what the set reads."""
        elements = self._second.computed(left)
        return self._table(lambda key: tuple(self._elements[each] for each in elements[key]))

    def _of_key(self, key: Any) -> Any:
        """Return the outcomes for what is read; if elements are picked, by their numbers."""
        numbers = (key,) if len(self._read) == 1 else key
        values = tuple([table[number] for table, number in zip(self._read, numbers, strict=True)])
        if not self._stage.picks:
            return self._run(self._stage.body, values)
        if self._stage.guard is not None:
            passed = self._ends(self._stage.guard, values)
            if passed is _FAILED:
                raise LookupError  # even where there is nothing to pick
            if not passed:
                return None
        return _Computed(lambda numbers: self._of_elements(values, numbers), self._second.memory)

    def _of_elements(self, values: tuple[Value, ...], numbers: Any) -> Any:
        listed = (numbers,) if len(self._picks) == 1 else numbers
        elements = [self._elements.values_by_number[each] for each in listed]
        return self._run(self._stage.body, values, *elements)

    def _run(self, body: Callable[..., None], *given: Any) -> Any:
        self.computed += 1
        if self.computed % TRIAL == 0 and self.computed * 2 > self.asked:
            self.add = self._add_computed
            self._outcomes.clear()
        ends = self._ends(body, *given)
        if ends is _FAILED:
            return ends
        try:
            return tuple([self._second.outcome(self._name, each) for each in _distinct(ends)])
        except TypeError:  # something given to the second stage is no value
            return _FAILED

    def _ends(self, stage: Callable[..., None], *given: Any) -> Any:
        found: list[Any] = []
        try:
            self._notes.silently(stage, found.append, *given)
        except Exception:  # any: the first stage may do what the action does not
            return _FAILED
        return found


def _distinct(ends: list[End]) -> list[End]:
    """Return the ends without those dead ones that only repeat what others evaluate."""
    found = [end for end in ends if end[0] is not None]
    evaluated = {left[:length] for _, _, left in found for length in range(len(left) + 1)}
    dead = dict.fromkeys(left for shown, _, left in ends if shown is None)
    return found + [(None, (), left) for left in dead if left not in evaluated]


def _selection(places: Sequence[int]) -> Callable[[Row], Any]:
    """Return a function from a row to its numbers at some places."""
    return itemgetter(*places) if places else lambda row: ()
