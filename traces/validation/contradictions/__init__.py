"""What lines say against each other, and against a reading, whatever they leave out.

In: the lines that were followed, and the next. Out: in a sentence, why that cannot be so, however
the others are read: it needs no look at other readings then. Nor needs a reading to be followed
that stands against a line to come (`ahead`). `of_one_server` has what a server says against itself,
`between_servers` what it says against others.
"""

from raft_ref.traces.validation.contradictions.of_one_server import Ahead, Told, ahead, is_over

__all__ = ["Ahead", "Told", "ahead", "is_over"]
