"""All one-token mutants of a module of Python: what raft_ref/node.py is.

Operators by their neighbours, numbers by the next one, and attributes, local names, classes and
strings by others of the same kind: local names by those of the same function, the rest by its
neighbours in the tables here. Docstrings, annotations and messages of errors are left alone.
"""

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping, Sequence

from tests.support.mutants.mutant import Mutant

COMPARED: Mapping[str, Sequence[str]] = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "is": ("is not",),
    "is not": ("is",),
    "in": ("not in",),
    "not in": ("in",),
}
COMPUTED: Mapping[str, Sequence[str]] = {"+": ("-",), "-": ("+",), "*": ("+",), "|": ("&", "-")}
WORDS: Mapping[str, Sequence[str]] = {
    "and": ("or",),
    "or": ("and",),
    "not": ("",),
    "True": ("False",),
    "False": ("True",),
    "min": ("max",),
    "max": ("min",),
    "continue": ("break",),
}

ATTRIBUTES = (
    ("current_term", "commit_index", "last_index", "last_term", "compacted"),
    ("last_log_index", "prev_log_index", "leader_commit", "match_index"),
    ("term", "last_log_term", "prev_log_term"),
    ("last_included_index", "last_included_term"),
    ("source", "dest"),
    ("vote_granted", "success"),
    ("next_index", "match_index", "_match"),
    ("_no_next_index", "_no_match_index"),
    ("servers", "values"),
    ("FOLLOWER", "CANDIDATE", "LEADER"),
    ("is_committable", "is_stored"),
    ("follow", "update_term"),
    ("become_leader", "advance_commit_index"),
    ("timeout", "restart"),
    ("append_entries", "install_snapshot", "client_request", "compact_log"),
    ("handle_request_vote_request", "handle_request_vote_response"),
    ("handle_append_entries_request", "handle_append_entries_response"),
    ("handle_install_snapshot_request", "handle_install_snapshot_response"),
    ("handle", "receive"),
    ("is_match", "is_up_to_date"),
)
"""Attributes and keywords of one kind."""

LOCALS = (
    (
        "index", "count", "term", "prev_log_index", "last_new", "commit_index", "committed",
        "match_index", "next_index", "last", "at", "earlier", "tried", "matched", "position",
    ),
    ("peer", "server", "me", "voter", "vote"),
    ("state", "after", "known"),
    ("success", "grant", "is_older", "refused"),
    ("applied", "log", "kept"),
)  # fmt: skip
"""Local names of one kind, of which those count that the same function binds."""

CLASSES = (
    ("Timeout", "AppendEntries", "InstallSnapshot", "ClientRequest", "CompactLog"),
    ("RequestVoteRequest", "RequestVoteResponse"),
    ("AppendEntriesRequest", "AppendEntriesResponse"),
    ("InstallSnapshotRequest", "InstallSnapshotResponse"),
)

STRINGS = (
    (
        "Timeout", "AppendEntries", "InstallSnapshot", "ClientRequest", "CompactLog",
        "UpdateTerm", "HandleRequestVoteRequest", "HandleRequestVoteResponse", "BecomeLeader",
        "HandleAppendEntriesRequest", "HandleAppendEntriesResponse", "AdvanceCommitIndex",
        "HandleInstallSnapshotRequest", "HandleInstallSnapshotResponse", "Restart",
    ),
    ("max_term", "max_log_length", "max_snapshot_index"),
    ("source", "dest", "peer"),
)  # fmt: skip
"""Strings of one kind; each gives way to the next one."""

Place = tuple[int, int]
Span = tuple[int, int, int, int]


def mutants(text: str) -> list[Mutant]:
    """Return the mutants of a module, in the order of its text."""
    return sorted({*_Maker(text).run()})


class _Maker:
    def __init__(self, text: str) -> None:
        self._tree = ast.parse(text)
        readline = io.StringIO(text).readline
        self._tokens = [*tokenize.generate_tokens(readline)]
        self._bound: dict[Place, frozenset[str]] = {}
        self._left_alone: set[Span] = set()
        self._compared: set[Span] = set()
        self._computed: set[Span] = set()
        for node in ast.walk(self._tree):
            self._look(node)

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef):
            names = _bound_in(node)
            for each in ast.walk(node):
                if isinstance(each, ast.Name):
                    self._bound[_place(each)] = names
        for annotation in _annotations(node):
            self._left_alone.add(_place(annotation) + _end(annotation))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            self._left_alone.add(_place(node.value) + _end(node.value))
        if isinstance(node, ast.Compare):
            pairs = zip([node.left, *node.comparators], node.comparators, strict=False)
            self._compared |= {_end(one) + _place(other) for one, other in pairs}
        if isinstance(node, ast.BinOp):
            self._computed.add(_end(node.left) + _place(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            self._computed.add(_place(node) + _place(node.operand))

    def run(self) -> Iterator[Mutant]:
        for at, token in enumerate(self._tokens):
            if _within(token, self._left_alone):
                continue
            before = self._tokens[at - 1].string if at else ""
            after = self._tokens[at + 1].string if at + 1 < len(self._tokens) else ""
            for instead in self._instead(token, before, after):
                yield Mutant(token.start[0], token.start[1] + 1, token.string, instead)

    def _instead(self, token: tokenize.TokenInfo, before: str, after: str) -> Iterator[str]:
        text, kind = token.string, token.type
        if kind == tokenize.NUMBER:
            yield str(int(text) + 1)
        elif kind == tokenize.STRING:
            yield from (f'"{each}"' for each in _next(text.strip('"'), STRINGS))
        elif _within(token, self._compared):
            # `is not` and `not in` are mutated at their other word.
            yield from self._comparison(text, before, after)
        elif kind == tokenize.OP and _within(token, self._computed):
            yield from COMPUTED.get(text, ())
        elif text in WORDS:
            yield from WORDS[text]
        elif kind == tokenize.NAME:
            yield from sorted(self._names(token, before, after))

    def _comparison(self, text: str, before: str, after: str) -> Iterator[str]:
        double = (("is", "not"), ("not", "in"))
        if (text, after) in double or (before, text) in double:
            yield from ([""] if text == "not" else [])
        else:
            yield from COMPARED.get(text, ())

    def _names(self, token: tokenize.TokenInfo, before: str, after: str) -> set[str]:
        text, found = token.string, set[str]()
        if before == ".":
            found |= _others(text, ATTRIBUTES)
        elif token.start in self._bound:
            found |= _others(text, LOCALS) & self._bound[token.start]
            found |= {*_next(text, CLASSES)} if text not in self._bound[token.start] else set()
        elif after == "=":
            found |= _others(text, ATTRIBUTES)
        return found


def _bound_in(function: ast.FunctionDef) -> frozenset[str]:
    names = {each.arg for each in ast.walk(function) if isinstance(each, ast.arg)}
    names |= {
        each.id
        for each in ast.walk(function)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    names |= {
        each.name for each in ast.walk(function) if isinstance(each, ast.MatchAs) and each.name
    }
    return frozenset(names)


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.AnnAssign):
        yield node.annotation
    if isinstance(node, ast.arg) and node.annotation is not None:
        yield node.annotation
    if isinstance(node, ast.FunctionDef) and node.returns is not None:
        yield node.returns
    if isinstance(node, ast.JoinedStr):
        yield node


def _place(node: ast.AST) -> Place:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _end(node: ast.AST) -> Place:
    return node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]


def _within(token: tokenize.TokenInfo, spans: set[Span]) -> bool:
    return any(s[:2] <= token.start and token.end <= s[2:] for s in spans)


def _others(text: str, groups: Sequence[Sequence[str]]) -> set[str]:
    return {each for group in groups if text in group for each in group} - {text}


def _next(text: str, groups: Sequence[Sequence[str]]) -> Iterator[str]:
    for group in groups:
        if text in group:
            yield group[(group.index(text) + 1) % len(group)]
