"""Why a line is refused, in a sentence: made of what was logged, what the spec has, and the state.

The rule: each teller knows one thing that Raft forbids, and says nothing where that is not at hand;
the first that speaks is believed, so the more telling ones stand first. What none knows is told as
the nearest difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import compacted, listed, plain, shortened
from raft_ref.traces.validation.candidates import BEFORE, NO_STEP, Candidate, Unchanged
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.rules.matching import message_to_json
from raft_ref.traces.validation.search import Search
from raft_ref.traces.validation.world import World


@dataclass(frozen=True)
class _Case:
    """A refused line, what might explain it best, and the reading before it."""

    search: Search
    world: World
    event: Event
    nearest: Candidate

    @property
    def me(self) -> str:
        return self.event.server

    @cached_property
    def old(self) -> JsonObject:
        state = self.world.states[self.search.moves.places[self.me]]
        return self.search.matching.variables(state or self.search.moves.protocol.first)

    @cached_property
    def differences(self) -> Mapping[str, tuple[Any, Any]]:
        """What was logged otherwise than the spec has it."""
        return {
            name: (logged, has)
            for name, logged, has in self.nearest.differences
            if not isinstance(logged, Unchanged)
        }

    @cached_property
    def message(self) -> JsonObject:
        """What was received, with all its fields; empty for nothing."""
        logged = self.event.message
        if logged is None or self.event.name == "Send":
            return {}
        found = next(self.search.moves.messages(self.world, logged), None)
        return logged if found is None else message_to_json(found)

    @cached_property
    def term(self) -> int:
        """The term that it is in once it has looked at the message."""
        term: int = self.old["currentTerm"]
        told: int = self.message.get("term", term)
        return max(term, told)

    @property
    def last(self) -> int:
        return compacted(self.old) + len(self.old["log"])

    def term_at(self, index: int) -> int | None:
        """Return the term of its entry at an index; None where there is none."""
        place = index - compacted(self.old)
        if place == 0:
            term: int = self.old["snapshot"]["lastIncludedTerm"]
            return term
        log = self.old["log"]
        return log[place - 1]["term"] if 0 < place <= len(log) else None

    def numbers(self, name: str, logged: Any) -> Mapping[str, int]:
        """Return what is logged by server, whatever the form."""
        if isinstance(logged, dict):
            return logged
        return dict(zip(self.search.moves.names, logged, strict=True))


def why(search: Search, world: World, event: Event, nearest: Candidate) -> str:
    """Return in a sentence, without its stop, why a line is refused.

    Arguments: the search; the reading before the line, and the line; what might explain it best.
    """
    case = _Case(search, world, event, nearest)
    for teller in _TELLERS:
        if told := teller(case):
            return told
    return _as_it_stands(case)


def _not_sent(case: _Case) -> str:
    if not case.nearest.action.startswith("receive "):
        return ""
    if case.nearest.condition:
        return case.nearest.condition
    assert case.event.message is not None
    kind, source = case.event.message["type"], case.event.message["source"]
    return f"{source} has sent no such {kind}: {_pairs(case)}"


def _not_to_be_sent(case: _Case) -> str:
    message = case.event.message
    if not case.nearest.action.startswith("send ") or message is None:
        return ""
    kind, dest = message["type"], message["dest"]
    if case.nearest.condition:
        return f"{case.me} sends {dest} {_a(kind)}, and has none to send"
    if case.differences.get("message voteGranted") == (True, False):
        vote = case.old["votedFor"]
        told = f"its vote of term {case.old['currentTerm']} is for {vote}"
        given = told if vote else f"it has not voted in term {case.old['currentTerm']}"
        return f"{case.me} sends {dest} a vote that it did not give: {given}"
    return f"{case.me} sends {dest} {_a(kind)} that it cannot send: {_pairs(case)}"


def _pairs(case: _Case) -> str:
    told = (
        f"{name.removeprefix('message ')} is {_short(logged)}, and not {_short(has)}"
        for name, (logged, has) in case.differences.items()
    )
    return ", ".join(told)


def _stale(case: _Case) -> str:
    """Tell of a message of an earlier term that changes something (5.1)."""
    term, now = case.message.get("term"), case.old["currentTerm"]
    if term is None or term >= now or not case.differences or case.event.name == "DropMessage":
        return ""
    kind: str = case.message["type"]
    if kind.endswith("Response"):
        counts = {"role", "votesGranted", "matchIndex", "nextIndex", "commitIndex"}
        if counts & {*case.differences}:
            return f"{case.me} counts an answer of term {term} in term {now}"
        return ""
    does = {"log", "snapshot", "votedFor", "commitIndex", "sends voteGranted", "sends success"}
    if does & {*case.differences}:
        return f"{case.me} follows a request of term {term} in term {now}"
    return ""


def _term(case: _Case) -> str:
    logged, has = case.differences.get("currentTerm", (None, None))
    if logged is None or not isinstance(has, int) or not isinstance(logged, int):
        return ""
    now = case.old["currentTerm"]
    if logged < now:
        return f"the term of {case.me} goes back from {now} to {logged}"
    if logged < has == case.message.get("term"):
        return f"{case.me} is in term {logged} after a message of term {has}"
    if logged > has:
        return f"{case.me} is in term {logged}, and nothing leads it beyond term {has}"
    return ""


def _leads(case: _Case) -> str:
    if case.differences.get("role", ("",))[0] != "Leader":
        return ""
    term = case.event.after.get("currentTerm", case.term)
    if case.old["role"] == "Follower":
        return f"{case.me} leads term {term}, for which it has not stood"
    voters = {*case.old["votesGranted"]}
    if case.message.get("voteGranted") is True and case.message["term"] == term:
        voters.add(case.message["source"])
    named = listed(sorted(voters)) if voters else "nobody"
    alone = " alone" if len(voters) == 1 else ""
    servers = len(case.search.moves.names)
    return f"{case.me} leads term {term} with the votes of {named}{alone}, of {servers} servers"


def _votes(case: _Case) -> str:
    """Tell of a vote that is forgotten, given twice, or given to a log that is behind (5.2)."""
    logged = case.differences.get("votedFor", (None, None))[0]
    gives = case.differences.get("sends voteGranted", (None, None))[0] is True
    if "votedFor" not in case.differences and not gives:
        return ""
    vote, term = case.old["votedFor"], case.old["currentTerm"]
    is_old_term = case.event.after.get("currentTerm", case.term) == term
    if logged is None and not gives:
        if vote is None or not is_old_term:
            return ""
        how = "restarts and forgets" if case.event.name == "Restart" else "forgets"
        return f"{case.me} {how} that it voted for {vote} in term {term}"
    to = logged or case.message.get("source")
    if vote not in (None, to) and is_old_term:
        return f"{case.me} votes for {to} in term {term}, in which it has voted for {vote}"
    if "lastLogIndex" in case.message:
        theirs = case.message["lastLogTerm"], case.message["lastLogIndex"]
        own = case.term_at(case.last) or 0, case.last
        if theirs < own:
            return (
                f"{case.me} votes for {to}, whose log ends at index {theirs[1]} "
                f"(term {theirs[0]}), behind its own, at {own[1]} (term {own[0]})"
            )
    return ""


def _commits(case: _Case) -> str:
    logged, has = case.differences.get("commitIndex", (None, None))
    if not isinstance(logged, int) or not isinstance(has, int):
        return ""
    if logged < case.old["commitIndex"]:
        before = case.old["commitIndex"]
        return f"the commit index of {case.me} goes back from {before} to {logged}"
    if logged < has:
        return ""
    if case.old["role"] == "Leader" and case.event.after.get("role", "Leader") == "Leader":
        return _commits_as_leader(case, logged)
    told = case.message.get("leaderCommit")
    if told is not None and logged > told:
        return f"{case.me} commits up to {logged}, and its leader told it of {told}"
    entries = case.message.get("entries")
    if isinstance(entries, list):
        verified = case.message["prevLogIndex"] + len(entries)
        if logged > verified:
            return f"{case.me} commits up to {logged}, and what it received ends at {verified}"
    return f"{case.me} commits up to {logged}, and was told of {has}"


def _commits_as_leader(case: _Case, index: int) -> str:
    at, now = case.term_at(index), case.old["currentTerm"]
    if index > case.last:
        return f"{case.me} commits up to {index}, and its log ends at {case.last}"
    if at is not None and at < now:
        return (
            f"{case.me} commits index {index}, an entry of term {at}, as leader of term {now}, "
            f"before an entry of term {now} is on a majority (5.4.2)"
        )
    holds = dict(zip(case.search.moves.names, case.old["matchIndex"], strict=True))
    if case.message.get("success") is True and case.message["term"] == now:
        source = case.message["source"]
        holds[source] = max(holds[source], case.message["matchIndex"])
    who = [case.me, *(name for name, held in holds.items() if held >= index and name != case.me)]
    if 2 * len(who) > len(holds):
        return ""
    alone = " alone" if len(who) == 1 else ""
    known = f"known to be on {listed(who)}{alone}, of {len(holds)} servers"
    return f"{case.me} commits index {index}, {known}"


def _log(case: _Case) -> str:
    if "log" not in case.differences:
        return ""
    logged, has = case.differences["log"]
    end = _end(case, logged)
    if end is not None and end < case.last and not isinstance(has, str):
        lost = f"index {end + 1}" if end + 1 == case.last else f"indices {end + 1} to {case.last}"
        how = "restarts without" if case.event.name == "Restart" else "loses"
        return f"{case.me} {how} {lost} of its log{_acknowledged(case, end + 1)}"
    expected = _end(case, has)
    if end is not None and expected is not None and end > expected:
        return f"{case.me} holds an entry at index {expected + 1} that nothing gave it"
    if end is not None and expected is not None and end < expected:
        return f"{case.me} has no entry at index {end + 1}, which it is to append"
    if isinstance(logged, list) and isinstance(has, list):
        pairs = zip(logged, has, strict=False)
        for index, (one, other) in enumerate(pairs, start=compacted(case.old) + 1):
            if one != other:
                return f"{case.me} holds {plain(one)} at index {index}, and not {plain(other)}"
    return ""


def _end(case: _Case, log: Any) -> int | None:
    """Return where a log ends, as it was logged; None where that is not known."""
    if isinstance(log, list):
        return compacted(case.old) + len(log)
    if isinstance(log, dict) and "lastIndex" in log:
        last: int = log["lastIndex"]
        return last
    if isinstance(log, dict) and "length" in log:
        return compacted(case.old) + int(log["length"])
    return None


def _acknowledged(case: _Case, index: int) -> str:
    """Return to whom a server has acknowledged an entry, as far as that is remembered."""
    moves = case.search.moves
    for name in moves.names:
        ends = {"type": "AppendEntriesResponse", "source": case.me, "dest": name, "success": True}
        if name != case.me and any(
            message_to_json(each)["matchIndex"] >= index
            for each in moves.messages(case.world, ends)
        ):
            return f", which it has acknowledged to {name}"
    return ""


def _match(case: _Case) -> str:
    for variable, words in (
        ("matchIndex", "takes {} to hold its log up to {}, and knows of {}"),
        ("nextIndex", "means to send {} index {} next, and not {}"),
    ):
        if variable in case.differences:
            logged, has = (case.numbers(variable, each) for each in case.differences[variable])
            for peer, index in logged.items():
                if has.get(peer, index) != index:
                    return f"{case.me} {words.format(peer, index, has[peer])}"
    return ""


def _accepts(case: _Case) -> str:
    if case.differences.get("sends success") != (True, False) or "prevLogIndex" not in case.message:
        return ""
    index, term = case.message["prevLogIndex"], case.message["prevLogTerm"]
    at = case.term_at(index)
    own = "where its log has nothing" if at is None else f"where its own is of term {at}"
    return f"{case.me} accepts entries behind index {index} of term {term}, {own}"


def _condition(case: _Case) -> str:
    if not case.nearest.condition:
        return ""
    name, role = case.nearest.action.partition("(")[0], case.old["role"].lower()
    if case.nearest.condition == NO_STEP:
        waits = " of which no message waits" if name == "AdoptTerm" else ""
        return f"{case.me} cannot take the step {name}{waits and ': it adopts a term'}{waits}"
    match case.nearest.condition:
        case 'role[i] = "Leader"':
            return f"{case.me} takes a step of a leader ({name}), and is a {role}"
        case r'role[i] \in {"Follower", "Candidate"}':
            return f"{case.me} stands for a term, and leads already"
    return f"{name} is not allowed to {case.me}: {case.nearest.condition} is false"


def _as_it_stands(case: _Case) -> str:
    if not case.nearest.differences:
        return f"{case.me} takes no step that was logged"
    name, logged, has = case.nearest.differences[0]
    if isinstance(logged, Unchanged):
        return f"{name} of {case.me} stays as it is, and becomes {_short(has)} in the spec"
    if case.nearest.action == BEFORE:
        return f"{name} of {case.me} was {_short(has)} before this line, and not {_short(logged)}"
    if name == "sends":
        sends = isinstance(logged, str)  # nothing of the kind was logged
        kind, dest = ((has if sends else logged).get(each, "?") for each in ("type", "dest"))
        return f"{case.me} sends {dest} {f'no {kind}' if sends else _a(kind)}"
    if name.startswith("sends "):
        what = name.removeprefix("sends ")
        return f"{case.me} sends {what} {_short(logged)}, where the spec sends {_short(has)}"
    return f"{name} of {case.me} was logged as {_short(logged)}, and is {_short(has)} in the spec"


def _a(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "AI" else f"a {kind}"


def _short(value: Any) -> str:
    return shortened(value if isinstance(value, str) else plain(value), 40)


_TELLERS: tuple[Callable[[_Case], str], ...] = (
    _not_sent, _not_to_be_sent, _stale, _term, _leads, _votes, _commits, _log, _match, _accepts,
    _condition,
)  # fmt: skip
