"""Validation: whether a recorded trace is a behaviour of the spec.

In: a `ValidationRequest`, files of lines and the profile that reads them (some stand in
`raft_ref.traces.profiles`). Out: a `ValidationReport`: for each file whether it is accepted or
refused, what was counted, and at which line and why it is refused. `validate` does the same for one
file, with the search in its verdict.

`lines` is what a recording says, `rules` what RaftTrace.tla lets happen; `search` follows all
readings of a line by its servers' `moves`, those of the `alternatives` in which as much can follow;
`following` does so line by line to the `verdict`, `validate` for a file; where lines stand in
`contradictions` to each other, no more readings are looked at; `forgetting` says from
where on logs are needed where lines never end. `refusals` explain that; a
reading is `completed` to a trace. `files` takes several, and goes `onward` behind a refused line if
that is asked for; `reading` makes a whole trace of what was recorded. `advice`
says what a log lacks, instead of a verdict.
"""

from raft_ref.traces.validation.files import Fault, FileReport, ValidationReport, ValidationRequest
from raft_ref.traces.validation.lines.profile import Liberties, Lines, Profile, Recording
from raft_ref.traces.validation.refusals.candidate import Candidate
from raft_ref.traces.validation.refusals.refusal import Refusal, as_text, explained
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome, Verdict

__all__ = [
    "Candidate",
    "Fault",
    "FileReport",
    "Liberties",
    "Lines",
    "Outcome",
    "Profile",
    "Recording",
    "Refusal",
    "ValidationReport",
    "ValidationRequest",
    "Verdict",
    "as_text",
    "explained",
    "validate",
]
