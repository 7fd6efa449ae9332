r"""All one-token mutants of a module of TLA+.

Operators by their neighbours, numbers by the next one, primes taken and given, names and strings by
others of the same kind that are in scope: declared or read in the same definition, or, what takes
the same arguments, in the module. Places where another token is another syntax (the `\in` of a
quantifier's bound, the keys of a record) are left alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import tree_sitter

from raft_ref.spec.files import RAFT
from raft_ref.spec.syntax.tree_sitter import parser, text_of
from tests.support.mutants.mutant import Mutant

Leaf = tree_sitter.Node

OPERATORS: Mapping[str, Sequence[str]] = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "=": ("#",),
    "#": ("=",),
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
    "/\\": ("\\/",),
    "\\/": ("/\\",),
    "=>": ("<=>", "/\\"),
    "\\in": ("\\notin",),
    "\\notin": ("\\in",),
    "\\subseteq": ("=",),
    "\\cup": ("\\cap", "\\"),
    "\\cap": ("\\cup",),
    "\\": ("\\cup", "\\cap"),
    "\\A": ("\\E",),
    "\\E": ("\\A",),
    "TRUE": ("FALSE",),
    "FALSE": ("TRUE",),
}
_OPERATOR_NODES = frozenset(
    {"lt", "leq", "gt", "geq", "eq", "neq", "plus", "minus", "mul", "land", "lor", "implies"}
    | {"in", "notin", "subseteq", "cup", "cap", "setminus", "forall", "exists", "boolean"}
    | {"bullet_conj", "bullet_disj"}
)

STRINGS = (
    ("Follower", "Candidate", "Leader"),
    ("RequestVoteRequest", "RequestVoteResponse"),
    ("AppendEntriesRequest", "AppendEntriesResponse"),
    ("InstallSnapshotRequest", "InstallSnapshotResponse"),
    ("AppendEntriesResponse", "InstallSnapshotResponse"),
)
"""Strings of one kind: the roles, and types of messages with a neighbour each."""

FIELDS = (
    ("term", "lastLogTerm", "prevLogTerm", "lastIncludedTerm", "committedIn", "value"),
    ("lastLogIndex", "prevLogIndex", "leaderCommit", "matchIndex"),
    ("lastIncludedIndex", "lastIncludedTerm"),
    ("source", "dest"),
    ("voteGranted", "success"),
)
"""Fields of one kind, of which those count that the same definition reads or writes."""

LOCALS = (
    ("i", "j"),
    ("snap", "entries"),
    ("upToDate", "grant", "current", "success", "matches"),
    ("messages", "others"),
    (
        "a", "b", "from", "to", "term", "index", "other", "highest", "count", "prevLogIndex",
        "compacted", "lastNew", "first", "last", "next", "commit", "top", "before", "k",
    ),
)  # fmt: skip
"""Parameters and other local names of one kind, of which those count that are declared there."""

MODULE_WIDE = (
    ("currentTerm", "commitIndex"),
    ("nextIndex", "matchIndex"),
    ("restarts", "drops", "duplicates"),
    ("durableVars", "logVars", "electionVars", "leaderVars", "serverVars", "vars"),
    ("Server", "Value"),
    ("Min", "Max"),
    ("FirstIndex", "LastIndex", "LastTerm"),
    ("ValueAt", "TermAt"),
    ("Agree", "HasCommitted"),
    ("NoNextIndex", "NoMatchIndex"),
    ("Entry", "Snapshot"),
    ("Timeout", "Restart", "BecomeLeader", "TakeLead", "StepDown"),
    ("UpdateTerm", "VoteIn"),
    ("Receive", "ReceiveDuplicate", "DropMessage"),
    ("HandleRequestVoteRequest", "HandleRequestVoteResponse"),
    ("HandleAppendEntriesRequest", "HandleAppendEntriesResponse"),
    ("HandleInstallSnapshotRequest", "HandleInstallSnapshotResponse"),
    ("ClientRequest", "CompactLog", "InstallSnapshot"),
    ("AppendEntries", "SendSnapshot", "MoveNextIndex", "Refuse"),
    ("AdoptTerm", "RecordVote", "RecordMatch", "MatchSnapshot", "Handle"),
    ("Init", "Next"),
    ("Within", "CommittedRecorded"),
    ("ServerSymmetry", "ValueSymmetry"),
    ("MaxTerm", "MaxLogLength", "MaxSnapshotIndex"),
    ("MaxMessages", "MaxRestarts", "MaxDrops", "MaxDuplicates"),
    ("LeadsLast", "HasOwnEntry"),
    (
        "LeaderAppendOnly", "CurrentTermMonotonic", "CommitIndexMonotonic", "SnapshotMonotonic",
        "MatchIndexMonotonic",
    ),
)  # fmt: skip
"""Names of one kind that the module declares, or one that it extends; each gives way to the next
ones that are there."""


def mutants(text: str) -> list[Mutant]:
    """Return the mutants of a module, in the order of its text."""
    root = parser().parse(text.encode()).root_node
    leaves = [*_leaves(root)]
    declared = {*_declared(leaves), *_of_raft()}
    variables = [text_of(each) for each in leaves if _is_variable(each)] or _variables_of_raft()
    found: list[Mutant] = []
    for definition in _definitions(root):
        own = [*_leaves(definition)]
        scope = _Scope(own, declared, variables)
        for leaf in own:
            found += (_at(leaf, token, instead) for token, instead in scope.of(leaf))
    return sorted({*found})


def _definitions(root: Leaf) -> Iterator[Leaf]:
    [module] = [each for each in root.named_children if each.type == "module"]
    wanted = ("operator_definition", "local_definition")
    yield from (each for each in module.named_children if each.type in wanted)


def _leaves(node: Leaf) -> Iterator[Leaf]:
    """Yield the tokens under a node; a string is one."""
    if node.type in ("comment", "block_comment"):
        return
    if node.child_count == 0 or node.type == "string":
        yield node
        return
    for child in node.children:
        yield from _leaves(child)


def _declared(leaves: Sequence[Leaf]) -> set[str]:
    return {text_of(each) for each in leaves if each.type == "identifier"}


def _is_variable(leaf: Leaf) -> bool:
    parent = leaf.parent
    return (
        leaf.type == "identifier" and parent is not None and parent.type == "variable_declaration"
    )


@cache
def _of_raft() -> frozenset[str]:
    """Return what Raft.tla declares: the other modules extend it, or have its variables."""
    root = parser().parse(RAFT.read_bytes()).root_node
    return frozenset(_declared([*_leaves(root)]))


@cache
def _variables_of_raft() -> list[str]:
    root = parser().parse(RAFT.read_bytes()).root_node
    return [text_of(each) for each in _leaves(root) if _is_variable(each)]


def _at(leaf: Leaf, token: str, instead: str) -> Mutant:
    row, column = leaf.start_point
    return Mutant(row + 1, column + 1, token, instead)


class _Scope:
    """What may stand instead of a token of one definition."""

    def __init__(
        self, leaves: Sequence[Leaf], declared: set[str], variables: Sequence[str]
    ) -> None:
        self._local = _declared(leaves)
        self._fields = {text_of(each) for each in leaves if _is_field(each) or _is_key(each)}
        self._declared, self._variables = declared, variables

    def of(self, leaf: Leaf) -> Iterator[tuple[str, str]]:
        """Yield what is replaced, and by what."""
        text = text_of(leaf)
        kind = leaf.type if leaf.type in _OPERATOR_NODES else (leaf.parent and leaf.parent.type)
        if kind in _OPERATOR_NODES and text in OPERATORS:
            yield from ((text, each) for each in OPERATORS[text])
        elif leaf.type == "nat_number":
            yield text, str(int(text) + 1)
        elif leaf.type == "string":
            groups = [group for group in STRINGS if text.strip('"') in group]
            others = {each for group in groups for each in group} - {text.strip('"')}
            yield from ((text, f'"{each}"') for each in sorted(others))
        elif leaf.type == "prime":
            yield text, ""
        elif leaf.type == "identifier_ref":
            yield from ((text, each) for each in sorted(self._names(leaf, text)))

    def _names(self, leaf: Leaf, text: str) -> set[str]:
        if _is_field(leaf):
            return _others(text, FIELDS, self._fields)
        found = _others(text, LOCALS, self._local)
        found |= _others(text, MODULE_WIDE, self._declared)
        if text in self._variables and text not in self._local:
            parent = leaf.parent
            if parent is not None and parent.type == "tuple_literal":
                at = self._variables.index(text)
                found.add(self._variables[(at + 1) % len(self._variables)])
            elif not _is_primed(leaf):
                found.add(f"{text}'")
        return found


def _others(text: str, groups: Sequence[Sequence[str]], there: set[str]) -> set[str]:
    return {each for group in groups if text in group for each in group if each in there} - {text}


def _is_field(leaf: Leaf) -> bool:
    parent = leaf.parent
    if parent is None or leaf.type != "identifier_ref":
        return False
    is_selected = parent.type == "record_value" and leaf.start_byte != parent.start_byte
    return is_selected or parent.type == "except_update_record_field"


def _is_key(leaf: Leaf) -> bool:
    return leaf.type == "identifier" and leaf.parent is not None and leaf.parent.type in (
        "record_literal", "set_of_records",
    )  # fmt: skip


def _is_primed(leaf: Leaf) -> bool:
    after = leaf.next_sibling
    parent = leaf.parent
    while parent is not None and after is None and parent.end_byte == leaf.end_byte:
        after, parent = parent.next_sibling, parent.parent
    return after is not None and (after.type == "prime" or text_of(after) == "'")
