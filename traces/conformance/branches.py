"""Which branches of its code an actor takes: each condition that is met, and each that is not.

A branch is an outcome of one conditional jump in the bytecode of the actor's own class, so that
each part of `a and b` counts, and the end of each loop.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, NamedTuple

Answer = tuple[Any, "frozenset[Branch]"]


class Branch(NamedTuple):
    """One outcome of a conditional jump: where it stands, and whether it jumps."""

    function: str
    line: int
    offset: int
    jumps: bool

    def __str__(self) -> str:
        return f"{self.function}, line {self.line}, {'jump' if self.jumps else 'no jump'}"


class Branches:
    """Watches the code of one class, and of the classes that it extends.

    Argument: the class. `possible` are all branches of the functions that were entered so far.
    """

    def __init__(self, watched: type) -> None:
        files = {sys.modules[each.__module__].__file__ for each in watched.__mro__[:-1]}
        self._files = {file for file in files if file}
        self._jumps: dict[CodeType, dict[int, tuple[int, int]]] = {}
        self._taken: set[Branch] = set()

    @property
    def possible(self) -> frozenset[Branch]:
        """The branches of the functions that were entered so far."""
        return frozenset(
            Branch(code.co_qualname, line, offset, jumps)
            for code, places in self._jumps.items()
            for offset, (line, _) in places.items()
            for jumps in (True, False)
        )

    def watch(self, function: Callable[..., Any], *arguments: Any) -> Answer:
        """Call a function; return its answer, and the branches that were taken."""
        self._taken = set()
        before = sys.gettrace()
        sys.settrace(self._entered)
        try:
            answer = function(*arguments)
        finally:
            sys.settrace(before)
        return answer, frozenset(self._taken)

    def _entered(self, frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if event != "call" or code.co_filename not in self._files:
            return None
        places = self._jumps.get(code)
        if places is None:
            places = self._jumps[code] = _conditional_jumps(code)
        if not places:
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        waiting: list[int] = []

        def traced(frame: FrameType, event: str, _: Any) -> Any:
            if event == "opcode":
                if waiting:
                    offset = waiting.pop()
                    line, following = places[offset]
                    jumps = frame.f_lasti != following
                    self._taken.add(Branch(code.co_qualname, line, offset, jumps))
                if frame.f_lasti in places:
                    waiting.append(frame.f_lasti)
            return traced

        return traced


def _conditional_jumps(code: CodeType) -> dict[int, tuple[int, int]]:
    """Return the conditional jumps by their offsets: the line, and the offset behind."""
    found: dict[int, tuple[int, int]] = {}
    line, pending = code.co_firstlineno, -1
    for instruction in dis.get_instructions(code):
        if pending >= 0:
            found[pending] = (line, instruction.offset)
        positions = instruction.positions
        if positions is not None and positions.lineno is not None:
            line = positions.lineno
        is_conditional = "JUMP" in instruction.opname and "_IF_" in instruction.opname
        pending = instruction.offset if is_conditional or instruction.opname == "FOR_ITER" else -1
    return found


class Watched:
    """An actor whose steps are watched: what each answer took is remembered.

    Argument: the actor. All else than its steps is asked of it as ever.
    """

    def __init__(self, actor: Any) -> None:
        self._actor = actor
        self.branches = Branches(type(actor))
        self._taken: dict[tuple[Any, ...], frozenset[Branch]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._actor, name)

    def act(self, state: Any, action: Any) -> Any:
        """Take an action."""
        return self._watched(self._actor.act, state, action)

    def receive(self, state: Any, message: Any) -> Any:
        """Handle a message."""
        return self._watched(self._actor.receive, state, message)

    def restart(self, state: Any) -> Any:
        """Crash and start again."""
        return self._watched(self._actor.restart, state)

    def _watched(self, method: Callable[..., Any], *arguments: Any) -> Any:
        answer, taken = self.branches.watch(method, *arguments)
        self._taken[arguments] = taken
        return answer

    def taken(self, *arguments: Any) -> frozenset[Branch]:
        """Return the branches that were taken for a state, and the action or message if any."""
        return self._taken.get(arguments, frozenset())
