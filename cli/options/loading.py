"""What a user names as `module:name`."""

import importlib
import sys
from pathlib import Path
from typing import Any

from raft_ref.cli.options.errors import UsageError


def loaded(option: str, named: str) -> Any:
    """Return what `module:name` names, for an option. Raises `UsageError` where there is none."""
    module_name, _, name = named.partition(":")
    # A console script does not look for modules where the user stands; `python -m` does.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise UsageError(f"{option} {named}: {type(error).__name__}: {error}") from error
    found = getattr(module, name, None)
    if found is None:
        raise UsageError(f"{option} {named}: module {module_name} has no {name}")
    return found
