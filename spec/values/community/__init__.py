"""Modules beyond the standard ones whose operators Python evaluates.

`chance` has what is drawn at random and what the time is, `files` what is read from files and
written to them, `checking` what asks TLC. What can be said in TLA+ stands in `spec/modules`.
"""

from collections.abc import Mapping
from typing import Final

from raft_ref.spec.values.builtin import Builtin
from raft_ref.spec.values.community import chance, checking, files

COMMUNITY: Final[Mapping[str, Mapping[str, Builtin]]] = {
    **chance.MODULES,
    **checking.MODULES,
    **files.MODULES,
}
