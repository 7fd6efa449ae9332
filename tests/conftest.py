"""What all tests share: their processes end with them, and runs of TLC are short."""

import os
from collections.abc import Iterator

import pytest

from tests.support import processes
from tests.support.files import DATA

# Read by the `java` launcher, and so by every run of TLC, the commands' among them: most take a
# second, and time spent on optimizing them would be lost.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

processes.can_be_interrupted()


LONG = DATA / "long.txt"


@pytest.hookimpl(tryfirst=True)  # before those are left out that are marked
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases that are listed as long."""
    listed = {*LONG.read_text(encoding="utf-8").splitlines()}
    for item in items:
        if item.nodeid in listed:
            item.add_marker(pytest.mark.long)


@pytest.fixture(autouse=True)
def _processes_end_with_the_test() -> Iterator[None]:
    yield
    processes.end_all()
