"""The verdict on one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from raft_ref.traces.format.opening import opened
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.validation.following import Following
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import (
    LinesOfFile,
    Profile,
    Recording,
    located,
)
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.verdict import LAST, Outcome, Verdict

LINES_BETWEEN_PROGRESS = 256


def validate(
    path: Path,
    profile: Profile,
    reorder: int = 0,
    on_progress: Callable[[int], None] = lambda characters: None,
    last: int = LAST,
    on_refusal: Callable[[Verdict], World | None] = lambda verdict: None,
) -> Verdict:
    """Return the verdict on the trace in a file.

    `last` is how many of its last steps the verdict keeps. `on_refusal` is called with a refusal,
    and returns the reading to go on with behind that line; None is the end (with `reorder` it
    always is). A refusal that a server of which no line tells could explain is none.

    At most `reorder` lines wait, because nothing explains them yet, until lines of other servers
    were followed: what a server received may stand before what another sent. `on_progress` is
    called now and then with how many characters were read.

    Each line is explained with the fewest silent moves. Where a line cannot be, the lines before it
    are followed once more with all that the profile allows, back to the first if need be, so that
    a refusal does not hang on a choice. Raises `TraceError` (`file:line: reason`) for what is no
    trace, `OSError` if it cannot be read.
    """
    verdict = _followed(path, profile, reorder, on_progress, last, on_refusal)
    if verdict.is_open_before:
        return _followed(path, profile, reorder, on_progress, last, on_refusal, is_thorough=True)
    return verdict


def _followed(
    path: Path,
    profile: Profile,
    reorder: int,
    on_progress: Callable[[int], None],
    last: int,
    on_refusal: Callable[[Verdict], World | None],
    *,
    is_thorough: bool = False,
) -> Verdict:
    with opened(path) as file, located(path, lines := LinesOfFile(file)):
        recording = profile(lines)
        events = _telling(recording.events, lines, on_progress)
        recording = replace(recording, events=events)
        following = Following(path, recording, last=last, is_thorough=is_thorough)

        is_first = True

        def refused(verdict: Verdict) -> World | None:
            nonlocal is_first
            # Of what is behind a fault nobody can say that these servers explain it.
            may_be_heard = is_first and not verdict.contradiction
            unheard = _unheard(path, profile, recording) if may_be_heard else []
            is_first = False
            if unheard and _goes_on_with(unheard, path, profile, reorder, verdict):
                verdict.outcome = Outcome.INCONCLUSIVE
                verdict.reason = f"{', '.join(unheard)} logs nothing{_NOTHING_LOGGED}"
                return None
            return on_refusal(verdict)

        return following.to_the_end(reorder, refused)


def _telling(
    events: Iterator[Event], lines: LinesOfFile, on_progress: Callable[[int], None]
) -> Iterator[Event]:
    for number, event in enumerate(events):
        if number % LINES_BETWEEN_PROGRESS == 0:
            on_progress(lines.characters)
        yield event


_SHARE = 4
"""What part of the readings is looked at to say that a server which logs nothing explains it: there
are many more then, and nobody can say is what is said of too many."""

_NOTHING_LOGGED = (
    ", and may have done what explains it; "
    'the header can say with "unlogged" whose log is missing, or [] if nobody\'s'
)


def _unheard(path: Path, profile: Profile, recording: Recording) -> list[str]:
    """Return the servers that no line happens to tell of."""
    if recording.liberties.are_all_told:
        return []
    with opened(path) as file:
        events = _up_to_a_mistake(profile(LinesOfFile(file)).events)
        heard = {event.server for event in events if event.moves != ("DropMessage",)}
    return [name for name in recording.servers if name not in heard]


def _goes_on_with(
    unheard: list[str], path: Path, profile: Profile, reorder: int, refused: Verdict
) -> bool:
    """Say whether a line may be no refusal if nobody has logged what some servers did."""
    with opened(path) as file:
        recording = profile(LinesOfFile(file))
        liberties = replace(
            recording.liberties, unlogged=frozenset(unheard), are_all_told=True,
            candidates=recording.liberties.candidates // _SHARE,
        )  # fmt: skip
        events = _up_to_a_mistake(recording.events)
        if not reorder:
            events = takewhile(lambda event: event.line <= (refused.line or 0), events)
        recording = replace(recording, liberties=liberties, events=events)
        return Following(path, recording).to_the_end(reorder).outcome is not Outcome.REFUSED


def _up_to_a_mistake(events: Iterator[Event]) -> Iterator[Event]:
    with suppress(TraceError):
        yield from events
