r"""Reads a configuration of TLC's, the `.cfg` beside a module.

A configuration is a list of sections, each a keyword with what belongs to it. A name that stands
for itself in it is a model value: `Server = {s1, s2}`, `Nil = Nil`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.tree_sitter import unescape
from raft_ref.spec.values.value import FALSE, TRUE, Value, model_value


class Named(NamedTuple):
    """An operator that a configuration names, and where."""

    name: str
    at: Position


class Assignment(NamedTuple):
    """`name = value`; `name = [module] value` says so of what stands in that module alone."""

    name: str
    at: Position
    value: Value
    module: str | None = None


class Replacement(NamedTuple):
    """`name <- by`: what the module calls `name` means what it defines as `by`.

    `name <- [module] by` says so of what stands in that module, not of all that it uses.
    """

    name: str
    at: Position
    by: str
    module: str | None = None


@dataclass(frozen=True)
class Config:
    """What to check of a module, and under which constants.

    There is a `specification`, or both of `init` and `next`, or none of them: then there are
    assumptions alone to check. `check_deadlock` is None where the file does not say. `alias` is
    what is shown of a state, `postconditions` are evaluated at the end. `left_aside` are the
    sections that mean nothing here.
    """

    path: str
    init: Named | None = None
    next: Named | None = None
    specification: Named | None = None
    constants: tuple[Assignment, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    invariants: tuple[Named, ...] = ()
    properties: tuple[Named, ...] = ()
    constraints: tuple[Named, ...] = ()
    action_constraints: tuple[Named, ...] = ()
    symmetry: Named | None = None
    view: Named | None = None
    alias: Named | None = None
    postconditions: tuple[Named, ...] = ()
    check_deadlock: bool | None = None
    left_aside: tuple[str, ...] = ()


def load_config(path: Path) -> Config:
    """Read a configuration.

    Raises `SpecError` for what it cannot be, or what is not supported here, and `OSError` if the
    file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SpecError(Position(str(path), 1, 1), "the file is not UTF-8 text") from None
    return parse_config(text, str(path))


def parse_config(text: str, file: str) -> Config:
    """Read the text of a configuration; errors call it `file`. Raises `SpecError`."""
    return _Parser(_tokens(text, file), file).config()


# Tokens


_Read = TypeVar("_Read")


class _Token(NamedTuple):
    kind: str
    text: str
    at: Position


_TOKEN: Final = re.compile(
    r"""(?P<space>\s+ | \\\*[^\n]*)
      | (?P<comment>\(\*)
      | (?P<number>-?\d+\b)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<name>[A-Za-z0-9_]*[A-Za-z_][A-Za-z0-9_]*(?:!\w+)*)
      | (?P<symbol><-|[={},\[\]])""",
    re.VERBOSE,
)


def _tokens(text: str, file: str) -> list[_Token]:
    text = text.expandtabs(8)
    found = []
    place = 0
    while place < len(text):
        at = Position(file, text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place))
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise SpecError(at, f"unexpected character {text[place]!r}")
        if match.lastgroup == "comment":
            place = _after_comment(text, place, at)
            continue
        place = match.end()
        if match.lastgroup != "space":
            found.append(_Token(match.lastgroup, match.group(), at))
    at = Position(file, text.count("\n") + 1, len(text) - text.rfind("\n"))
    return [*found, _Token("end", "the end of the file", at)]


def _after_comment(text: str, place: int, at: Position) -> int:
    """Return the place after a comment, which may contain others."""
    depth = 0
    for match in re.finditer(r"\(\*|\*\)", text[place:]):
        depth += 1 if match.group() == "(*" else -1
        if depth == 0:
            return place + match.end()
    raise SpecError(at, "the comment has no end")


# Sections

_LEFT_ASIDE: Final = frozenset(
    {"TYPE", "TYPE_CONSTRAINT", "PERIODIC", "_PERIODIC", "RL_REWARD", "_RL_REWARD"}
)
_LISTS: Final = {
    "INVARIANT": "invariants",
    "INVARIANTS": "invariants",
    "PROPERTY": "properties",
    "PROPERTIES": "properties",
    "CONSTRAINT": "constraints",
    "CONSTRAINTS": "constraints",
    "ACTION_CONSTRAINT": "action_constraints",
    "ACTION_CONSTRAINTS": "action_constraints",
    "POSTCONDITION": "postconditions",
    "POSTCONDITIONS": "postconditions",
}
_SINGLE: Final = {
    "INIT": "init",
    "NEXT": "next",
    "SPECIFICATION": "specification",
    "SYMMETRY": "symmetry",
    "VIEW": "view",
    "ALIAS": "alias",
}
_KEYWORDS: Final = frozenset(
    {*_LISTS, *_SINGLE, *_LEFT_ASIDE, "CONSTANT", "CONSTANTS", "CHECK_DEADLOCK"}
)


@dataclass
class _Parser:
    tokens: list[_Token]
    file: str
    place: int = 0
    single: dict[str, Named] = field(default_factory=dict)
    lists: dict[str, list[Named]] = field(default_factory=dict)
    constants: list[Assignment] = field(default_factory=list)
    replacements: list[Replacement] = field(default_factory=list)
    check_deadlock: bool | None = None
    left_aside: list[str] = field(default_factory=list)

    def config(self) -> Config:
        while self.next.kind != "end":
            self.section()
        self.demand_behaviour()
        given: dict[str, Any] = {**self.single}
        given |= {name: tuple(named) for name, named in self.lists.items()}
        return Config(
            self.file,
            **given,
            constants=tuple(self.constants),
            replacements=tuple(self.replacements),
            check_deadlock=self.check_deadlock,
            left_aside=tuple(self.left_aside),
        )

    def demand_behaviour(self) -> None:
        given = self.single.keys() & {"init", "next", "specification"}
        is_asked = self.single.keys() - {"alias"} or self.lists.keys() - {"postconditions"}
        if not given and not is_asked:
            return
        if given not in ({"init", "next"}, {"specification"}):
            at = max((self.single[name].at for name in given), default=Position(self.file, 1, 1))
            raise SpecError(at, "expected either SPECIFICATION or both of INIT and NEXT")

    def section(self) -> None:
        keyword = self.take()
        name = keyword.text
        if name in _LEFT_ASIDE:
            self.left_aside.append(f"{name} of the configuration")
            self.many(self.take)
            return
        if name in _SINGLE:
            self.set_single(keyword, _SINGLE[name])
        elif name in _LISTS:
            self.lists.setdefault(_LISTS[name], []).extend(self.many(self.named))
        elif name in ("CONSTANT", "CONSTANTS"):
            self.many(self.assignment)
        elif name == "CHECK_DEADLOCK":
            self.check_deadlock = self.truth()
        else:
            self.refuse(keyword, "a keyword such as INIT, CONSTANTS or INVARIANTS")

    def set_single(self, keyword: _Token, attribute: str) -> None:
        if attribute in self.single:
            raise SpecError(keyword.at, f"{keyword.text} is given twice")
        self.single[attribute] = self.named()

    def many(self, read: Callable[[], _Read]) -> list[_Read]:
        """Read what a section lists, up to the next keyword."""
        found = []
        while self.next.kind != "end" and self.next.text not in _KEYWORDS:
            found.append(read())
        return found

    def named(self) -> Named:
        token = self.take()
        if token.kind != "name" or token.text in _KEYWORDS:
            self.refuse(token, "the name of an operator")
        return Named(token.text, token.at)

    def assignment(self) -> None:
        name, at = self.named()
        sign = self.take()
        module = self.bracketed() if self.next.text == "[" else None
        known = {(each.name, each.module) for each in self.constants}
        known |= {(each.name, each.module) for each in self.replacements}
        if (name, module) in known:
            raise SpecError(at, f"{name} is given twice")
        if sign.text == "=":
            self.constants.append(Assignment(name, at, self.value(), module))
        elif sign.text == "<-":
            self.replacements.append(Replacement(name, at, self.named().name, module))
        else:
            self.refuse(sign, f"= or <- after {name}")

    def bracketed(self) -> str:
        self.take()
        name = self.named().name
        if self.next.text != "]":
            self.refuse(self.next, f"] after {name}")
        self.take()
        return name

    def value(self) -> Value:
        token = self.take()
        match token.kind, token.text:
            case "number", text:
                return int(text)
            case "string", text:
                return unescape(text[1:-1])
            case "name", "TRUE" | "FALSE":
                return TRUE if token.text == "TRUE" else FALSE
            case "name", text if text not in _KEYWORDS:
                return model_value(text)
            case _, "{":
                return self.elements()
        self.refuse(token, "a number, a string, a model value or a set of these")

    def elements(self) -> Value:
        found: list[Value] = []
        while self.next.text != "}":
            found.append(self.value())
            if self.next.text == ",":
                self.take()
            elif self.next.text != "}":
                self.refuse(self.next, ", or } in a set")
        self.take()
        return frozenset(found)

    def truth(self) -> bool:
        token = self.take()
        if token.text not in ("TRUE", "FALSE"):
            self.refuse(token, "TRUE or FALSE")
        return token.text == "TRUE"

    @property
    def next(self) -> _Token:
        return self.tokens[self.place]

    def take(self) -> _Token:
        token = self.tokens[self.place]
        self.place = min(self.place + 1, len(self.tokens) - 1)
        return token

    def refuse(self, token: _Token, expected: str) -> NoReturn:
        found = token.text if token.kind == "end" else repr(token.text)
        raise SpecError(token.at, f"expected {expected}, not {found}")
