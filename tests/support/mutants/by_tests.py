"""The tests as a check: in this process, with whatever was put in the place of the original."""

from collections.abc import Sequence

import hypothesis  # noqa: F401  so that no process has to import it
import pytest


class _First:
    """Remembers the first test that fails."""

    def __init__(self) -> None:
        self.failed: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a failure."""
        if report.failed and self.failed is None:
            self.failed = report.nodeid.removeprefix("tests/")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of a file that cannot be read."""
        if report.failed and self.failed is None:
            self.failed = report.nodeid.removeprefix("tests/")


def first_failure(paths: Sequence[str], marked: str = "not long", but_not: str = "") -> str | None:
    """Run tests, but for those with that in their names; return the first that fails."""
    first = _First()
    options = ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", "-x", "-q"]
    # What watches over the process that was forked would be waited for here, where it is not.
    options += ["-p", "no:faulthandler"]
    options += ["-k", f"not {but_not}"] if but_not else []
    code = pytest.main([*options, "-m", marked, *paths], plugins=[first])
    return first.failed or (None if code == pytest.ExitCode.OK else pytest.ExitCode(code).name)
