"""What a verdict is worth: which known bugs would have shown."""

import textwrap
from typing import Any

from raft_ref.verify.calibration import Calibration


def as_text(found: Calibration | None) -> list[str]:
    """Return it as lines; none where nothing is known."""
    if found is None:
        return []
    total = len(found.shown) + len(found.others)
    if not found.others:
        return [f"  all {total} known bugs of a node show within this search"]
    line = (
        f"{len(found.others)} of {total} known bugs of a node are not known to show within this "
        f"search: {', '.join(found.others)}"
    )
    return textwrap.wrap(
        line, 100, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )


def as_json(found: Calibration | None) -> dict[str, Any] | None:
    """Return it as a JSON object."""
    if found is None:
        return None
    return {"shown": list(found.shown), "not_known_to_show": list(found.others)}
