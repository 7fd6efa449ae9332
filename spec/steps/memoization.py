"""The successors of a state, what an action does being computed once for all that it depends on.

States are rows of numbers here. The generating extension of an action (`specialization`) is
evaluated once for each combination of what it reads, and its result memoized: the action
specialized, path by path. To apply a specialized path to a row is a matter of tuples of numbers.
Residuals are in their turn computed once for each combination of their static parts and of what
they read.

Whatever fails or has effects on the way is not memoized: the state's successors are then computed
by the oracle, which knows no memory and tells what is wrong, and where. An action of which little
is met again is no longer memoized, and what is memoized is bounded in number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from raft_ref.spec.code.effects import Effects
from raft_ref.spec.names.labels import ActionName
from raft_ref.spec.steps.answers import Answers
from raft_ref.spec.steps.interning import Interner, Row, Table
from raft_ref.spec.steps.residuals import Residual, demand_values
from raft_ref.spec.steps.specialization import End, GeneratingExtension, distinct
from raft_ref.spec.values.value import Value

Step: TypeAlias = tuple[ActionName, tuple[Value, ...], Row]
"""An action, the values of the names that it binds, and the row to which it leads."""

Specialized: TypeAlias = tuple[Any, ...]
"""A path of an action, specialized: a function that applies it to a row, the action, its arguments;
then new values and the results of residuals.

The function takes the row and the path. It returns a step, or None if there is none.
"""

MOST_ENTRIES: Final = 1 << 22
"""After so many entries, about a gigabyte, all is forgotten and computed anew."""

TRIAL: Final = 2000
"""How often an action is computed before it is decided whether a memo is any use."""


class MemoizedActions:
    """Every action of a specification, memoized.

    Arguments: for each action its name, its generating extension (None: it has none), and a
    function from a state to its successors; and a function from a state to all of them, which is
    the oracle.
    """

    def __init__(
        self,
        actions: Sequence[tuple[ActionName, GeneratingExtension | None, Callable[..., list[Any]]]],
        oracle: Callable[..., list[Any]],
        interner: Interner,
        effects: Effects,
    ) -> None:
        self._given = actions
        self._interner = interner
        self._oracle = oracle
        self._effects = effects
        specializer = _Specializer(interner, effects, _Memory())
        self.actions = [_Action(*each, interner, effects, specializer) for each in actions]

    def successors(self, row: Row) -> list[Step]:
        """Return what follows a state; raises `SpecError` where TLC has an error."""
        found: list[Step] = []
        printed = len(self._effects.printed)
        try:
            for each in self.actions:
                each.add(row, found.append)
        except Exception:  # any, as in the quick text: the oracle tells what is wrong
            del self._effects.printed[printed:]
            after = self._oracle(self._interner.state(row))
            return [(a, arguments, self._interner.row(state)) for a, arguments, state in after]
        return found

    @property
    def names(self) -> list[ActionName]:
        """The names of the actions."""
        return [name for name, _, _ in self._given]

    def answers(self) -> Answers:
        """Return what a native search asks of the actions."""
        given = [(extension, successors) for _, extension, successors in self._given]
        return Answers(given, self._interner, self._effects)


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


class _Memo(dict[Any, Any]):
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
    """What is memoized of a generating extension that failed: to fail again."""

    def __iter__(self) -> Any:
        raise LookupError

    def __getitem__(self, key: Any) -> Any:
        raise LookupError


_FAILED: Final = _Failed()


class _Shape(NamedTuple):
    """What specialized paths must have in common to be applied by the same function.

    `changed` are the places of new values. Of each residual, there are the place of the variable
    whose value it gives, if any, and what it reads.
    """

    changed: tuple[int, ...]
    residuals: tuple[tuple[int | None, tuple[tuple[int, bool], ...]], ...]
    is_dead: bool


class _Specializer:
    """Makes specialized paths of the ends of generating extensions."""

    def __init__(self, interner: Interner, effects: Effects, memory: _Memory) -> None:
        self._tables = interner.tables
        self._effects = effects
        self.memory = memory
        self._results: dict[tuple[Any, ...], _Memo] = {}
        self._functions = _Memo(self._function, memory)
        memory.tables.append(self._results)

    def specialized(self, action: ActionName, end: End) -> Specialized:
        """Return the path to an end, specialized; raises `TypeError` as `results` does."""
        arguments, changes, residuals = end
        shape = _Shape(
            tuple(place for place, _ in changes),
            tuple((each.to, each.inputs) for each, *_ in residuals),
            arguments is None,
        )
        numbers = [self._tables[place][value] for place, value in changes]
        computed = [self.results(*each) for each in residuals]
        return (self._functions[shape], action, arguments, *numbers, *computed)

    def results(self, residual: Residual, *given: Any) -> _Memo:
        """Return the results of a residual, by the numbers of what it reads.

        Raises `TypeError` if a static part of it is no value, but a LAMBDA for example.
        """
        demand_values(given)
        key = residual, *given
        found = self._results.get(key)
        if found is None:
            found = self._results[key] = _Memo(self._function_of(residual, given), self.memory)
        return found

    def _function_of(self, residual: Residual, given: tuple[Any, ...]) -> Callable[[Any], Any]:
        tables = [self._tables[place].values_by_number for place, _ in residual.inputs]
        results = None if residual.to is None else self._tables[residual.to]
        purely, function = self._effects.purely, residual.function

        def compute(key: Any) -> Any:
            numbers = (key,) if len(tables) == 1 else key
            values = [table[number] for table, number in zip(tables, numbers, strict=True)]
            result = purely(function, *given, *values)
            return result if results is None else results[result]

        return compute

    def _function(self, shape: _Shape) -> Callable[[Row, Specialized], Step | None]:
        """Generate the function that applies paths of a shape."""
        after = [f"r{place}" for place in range(len(self._tables))]
        news = [f"n{index}" for index in range(len(shape.changed))]
        results = [f"d{index}" for index in range(len(shape.residuals))]
        lines = [
            f"_, action, arguments, {''.join(f'{each}, ' for each in [*news, *results])} = path",
            f"{''.join(f'{each}, ' for each in after)} = row",
        ]
        for place, new in zip(shape.changed, news, strict=True):
            after[place] = new
        for name, (to, inputs) in zip(results, shape.residuals, strict=True):
            key = _key_text([after[place] if primed else f"r{place}" for place, primed in inputs])
            if to is None:
                lines.append(f"if not {name}[{key}]: return None")
            else:
                after[to] = f"p{to}"
                lines.append(f"p{to} = {name}[{key}]")
        result = f"action, arguments, ({''.join(f'{each}, ' for each in after)})"
        lines.append(f"return {None if shape.is_dead else result}")
        source = "def apply(row, path):\n" + "".join(f" {line}\n" for line in lines)
        namespace: dict[str, Any] = {}
        exec(source, namespace)
        function: Callable[[Row, Specialized], Step | None] = namespace["apply"]
        return function


def _key_text(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({''.join(f'{each}, ' for each in names)})"


class _Action:
    """One action: its paths by what its generating extension reads and the elements picked."""

    def __init__(
        self,
        name: ActionName,
        extension: GeneratingExtension | None,
        successors: Callable[..., list[Any]],
        interner: Interner,
        effects: Effects,
        specializer: _Specializer,
    ) -> None:
        self._name = name
        self._successors = successors
        self._interner = interner
        self._effects = effects
        self._specializer = specializer
        self.asked = self.computed = 0
        self.add: Callable[[Row, Callable[[Step], None]], None] = self._add_computed
        if extension is None:
            return
        self._extension = extension
        self._key = _selection(extension.reads)
        self._read = [interner.tables[place].values_by_number for place in extension.reads]
        self._paths = self._table(self._of_key)
        self._elements = Table()
        self._domains = [
            (_selection([place for place, _ in each.inputs]), self._elements_of(each))
            for each in extension.domains
        ]
        self.add = [self._add, self._add_for_each, self._add_for_all][min(len(self._domains), 2)]

    def _table(self, compute: Callable[[Any], Any]) -> _Memo:
        table = _Memo(compute, self._specializer.memory)
        self._specializer.memory.tables.append(table)
        return table

    # Ways to add the steps out of a row

    def _add_computed(self, row: Row, add: Callable[[Step], None]) -> None:
        for action, arguments, state in self._successors(self._interner.state(row)):
            add((action, arguments, self._interner.row(state)))

    def _add(self, row: Row, add: Callable[[Step], None]) -> None:
        self.asked += 1
        for path in self._paths[self._key(row)]:
            step = path[0](row, path)
            if step is not None:
                add(step)

    def _add_for_each(self, row: Row, add: Callable[[Step], None]) -> None:
        paths = self._paths[self._key(row)]
        if paths is None:
            return
        key, picked = self._domains[0]
        elements = picked[key(row)]
        self.asked += len(elements)
        for element in elements:
            for path in paths[element]:
                step = path[0](row, path)
                if step is not None:
                    add(step)

    def _add_for_all(self, row: Row, add: Callable[[Step], None]) -> None:
        paths = self._paths[self._key(row)]
        if paths is None:
            return
        for elements in product(*[computed[key(row)] for key, computed in self._domains]):
            self.asked += 1
            for path in paths[elements]:
                step = path[0](row, path)
                if step is not None:
                    add(step)

    # What is memoized

    def _elements_of(self, residual: Residual) -> _Memo:
        """Return the numbers of the elements that are picked, by what the set reads."""
        elements = self._specializer.results(residual)
        return self._table(lambda key: tuple(self._elements[each] for each in elements[key]))

    def _of_key(self, key: Any) -> Any:
        """Return the paths for what is read; if elements are picked, by their numbers."""
        numbers = (key,) if len(self._read) == 1 else key
        values = tuple([table[number] for table, number in zip(self._read, numbers, strict=True)])
        if not self._extension.domains:
            return self._run(self._extension.body, values)
        if self._extension.guard is not None:
            passed = self._ends(self._extension.guard, values)
            if passed is _FAILED:
                raise LookupError  # even where there is nothing to pick
            if not passed:
                return None
        return _Memo(lambda numbers: self._of_elements(values, numbers), self._specializer.memory)

    def _of_elements(self, values: tuple[Value, ...], numbers: Any) -> Any:
        listed = (numbers,) if len(self._domains) == 1 else numbers
        elements = [self._elements.values_by_number[each] for each in listed]
        return self._run(self._extension.body, values, *elements)

    def _run(self, body: Callable[..., None], *given: Any) -> Any:
        self.computed += 1
        if self.computed % TRIAL == 0 and self.computed * 2 > self.asked:
            self.add = self._add_computed
            self._paths.clear()
        ends = self._ends(body, *given)
        if ends is _FAILED:
            return ends
        try:
            return tuple(
                [self._specializer.specialized(self._name, each) for each in distinct(ends)]
            )
        except TypeError:  # a static part is no value
            return _FAILED

    def _ends(self, run: Callable[..., None], *given: Any) -> Any:
        found: list[Any] = []
        try:
            self._effects.purely(run, found.append, *given)
        except Exception:  # any: the extension may do what the action does not
            return _FAILED
        return found


def _selection(places: Sequence[int]) -> Callable[[Row], Any]:
    """Return a function from a row to its numbers at some places."""
    return itemgetter(*places) if places else lambda row: ()
