"""States of Raft by hand, as values of TLA+: a healthy one, and what others are made of."""

from raft_ref import spec

S1, S2, V1, V2, NIL = (spec.model_value(name) for name in ("s1", "s2", "v1", "v2", "Nil"))
CONSTANTS: dict[str, spec.Value] = {
    "Server": frozenset((S1, S2)),
    "Value": frozenset((V1, V2)),
    "Nil": NIL,
}
State = dict[str, spec.Value]
NOBODY: spec.Value = frozenset()


def both(s1: spec.Value, s2: spec.Value) -> spec.Value:
    return spec.function({S1: s1, S2: s2})


def snap(index: int, term: int, *values: spec.Value) -> spec.Value:
    return spec.record(
        {"lastIncludedIndex": index, "lastIncludedTerm": term, "data": spec.sequence(values)}
    )


def log(*entries: tuple[int, spec.Value]) -> spec.Value:
    return spec.sequence(spec.record({"term": term, "value": value}) for term, value in entries)


def history(*entries: tuple[int, spec.Value, int]) -> spec.Value:
    return spec.sequence(
        spec.record({"term": term, "value": value, "committedIn": since})
        for term, value, since in entries
    )


NONE = snap(0, 0)
ONE, TWO, THREE = (1, V1), (2, V2), (3, V1)

# s1 leads in term 3. It has compacted index 1, and its own entry at index 3 is not sent yet.
HEALTHY: State = {
    "currentTerm": both(3, 3),
    "votedFor": both(S1, NIL),
    "snapshot": both(snap(1, 1, V1), NONE),
    "log": both(log(TWO, THREE), log(ONE, TWO)),
    "role": both("Leader", "Follower"),
    "commitIndex": both(2, 1),
    "votesGranted": both(NOBODY, NOBODY),
    "nextIndex": both(both(4, 3), both(1, 1)),
    "matchIndex": both(both(0, 2), both(0, 0)),
    "messages": frozenset(),
    "committed": history((1, V1, 1), (2, V2, 2)),
    "restarts": 1,
}
