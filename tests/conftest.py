"""What all tests share: they are not timed, their processes end with them, TLC runs are short."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support import processes
from tests.support.files import DATA, ROOT

processes.can_be_interrupted()

# Of whatever machine, on whatever day.
settings.register_profile("not timed", settings(deadline=None))
settings.load_profile("not timed")

if sys.dont_write_bytecode:
    # Or each process of the tests, and there are hundreds, compiles all that it imports. What is
    # kept does not stand beside the sources then.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / ".pytest_cache" / "bytecode")

LISTS = {"long": DATA / "long.txt", "deep": DATA / "deep.txt"}
"""The cases that are marked by a list, and the list of each mark; what is deep is long too."""


@pytest.hookimpl(tryfirst=True)  # before those are left out that are marked
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases that are listed."""
    long, deep = ({*each.read_text(encoding="utf-8").splitlines()} for each in LISTS.values())
    for item in items:
        if item.nodeid in long | deep:
            item.add_marker(pytest.mark.long)
        if item.nodeid in deep:
            item.add_marker(pytest.mark.deep)


@pytest.fixture(autouse=True)
def _short_runs_of_tlc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out of TLC's runs what is worth it in those alone that take more than a second or two.

    The `java` launcher reads the variable, and so every run of TLC does, the commands' among them.
    """
    if request.node.get_closest_marker("long") is None:
        monkeypatch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


@pytest.fixture(autouse=True)
def _processes_end_with_the_test() -> Iterator[None]:
    yield
    processes.end_all()
