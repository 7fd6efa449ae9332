"""What a log lacks, and what it would buy to log that, told to who writes it.

In: an `AdviceRequest`, files and the profile that reads them. Out: an `AdviceReport`. The `survey`
counts what the lines leave out, `worth` says what each of that is good for, and `measure` follows
the lines to see in how many ways they can be read; `request` joins them.
"""

from raft_ref.traces.validation.advice.measure import Measured
from raft_ref.traces.validation.advice.request import Advice, AdviceReport, AdviceRequest, Lack

__all__ = ["Advice", "AdviceReport", "AdviceRequest", "Lack", "Measured"]
