"""The name of a step: stable, readable, and its own among the steps that are enabled with it.

The rules: `s1.Timeout`, `s1.ClientRequest(v1)`, `s2.Receive(RequestVoteRequest,s1,term=1)`. What a
message says besides stands in the name only where another step would have the same one. A name is
found again by all that it says, so it stays right where there is less to be told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from raft_ref.traces.sources.explored import arguments_to_json, message_to_json

BETWEEN = "/"
"""What stands between the names of an address; a name has none."""

_PLAIN = "+-_.:*"
_ALWAYS_TOLD = ("type", "source", "dest", "term")


@dataclass(frozen=True, slots=True)
class Described:
    """All that a name can say of a step: who does what, and with what.

    `told` always stands in the name, `more` where another step has the same.
    """

    what: str
    told: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    def name(self, more: Sequence[str] = ()) -> str:
        """Return the name that says so much."""
        parts = (*self.told, *more)
        return f"{self.what}({','.join(parts)})" if parts else self.what

    def fits(self, name: str) -> bool:
        """Return whether a name says nothing but what is so."""
        what, _, rest = name.partition("(")
        said = rest.removesuffix(")").split(",") if rest else []
        known = (*self.told, *self.more)
        first = len([each for each in self.told if "=" not in each])
        return what == self.what and said[:first] == [*known[:first]] and {*said} <= {*known}


def described(step: str, server: str | None, action: Any, message: Any) -> Described:
    """Return what a name can say of a step, by what it is as values."""
    who = "" if server is None else f"{_text(server)}."
    if message is None:
        return Described(f"{who}{step}", tuple(map(_text, arguments_to_json(action).values())))
    content = message_to_json(message)
    ends = (content["source"],) if server is not None else (content["source"], content["dest"])
    told = [content["type"], *map(_text, ends)]
    told += [f"term={_text(content['term'])}"] if "term" in content else []
    rest = {name: value for name, value in content.items() if name not in _ALWAYS_TOLD}
    more = tuple(f"{name}={_text(value)}" for name, value in rest.items())
    return Described(f"{who}{step}", tuple(told), more)


def names_of(steps: Sequence[Described]) -> list[str]:
    """Return a name for each step, no two of them the same."""
    alike: dict[str, list[Described]] = {}
    for step in steps:
        alike.setdefault(step.name(), []).append(step)
    names = []
    used: Counter[str] = Counter()
    for step in steps:
        name = step.name(_apart(step, alike[step.name()]))
        used[name] += 1
        names.append(name if used[name] == 1 else f"{name}~{used[name]}")
    return names


def found(name: str, steps: Sequence[Described]) -> list[int]:
    """Return which of the steps a name may be of: one, if all is well."""
    name = plain(name)
    names = [plain(each) for each in names_of(steps)]
    if name in names:
        return [names.index(name)]
    return [place for place, step in enumerate(steps) if _plainly(step).fits(name)]


def plain(name: str) -> str:
    """Return a name as it is read, whatever of it was escaped on its way."""
    return unquote(name)


def _plainly(step: Described) -> Described:
    return Described(plain(step.what), *(tuple(map(plain, p)) for p in (step.told, step.more)))


def _apart(step: Described, alike: Sequence[Described]) -> list[str]:
    """Return of what a step could say besides that which not all that are alike would say."""
    return [each for each in step.more if any(each not in other.more for other in alike)]


def _text(value: Any) -> str:
    """Return a value as a name has it: without what an address is made of."""
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return ":".join(map(_text, value.values()))
        case list() | tuple():
            return "+".join(map(_text, value))
        case _:
            return quote(str(value), safe=_PLAIN)
