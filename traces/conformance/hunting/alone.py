"""What is driven without the spec: an implementation that has departed from it, to a consequence.

The rule: a majority works at a time, as if the others could not be reached. One of it stands and is
elected, takes requests and replicates them; then comes another majority, often one that lacks what
was committed last. So elections and commits that must not be can follow on each other in few steps;
what departed is done again more often.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from raft_ref.traces.conformance.hunting.draws import OF_MESSAGES, delivery, oldest
from raft_ref.traces.conformance.run import Flight, Run, Runner
from raft_ref.traces.conformance.schedule import Command

SOUGHT = 20_000
"""How many steps are taken to find a consequence, if nothing is said."""

_LONGEST = 60
"""How many steps are taken behind what departed."""


@dataclass
class Sought:
    """What came of a departure: a run with a consequence, if there is one, after so many steps."""

    run: Run | None = None
    steps: int = 0


def seek(
    runner: Runner,
    departed: Sequence[Run],
    steps: int,
    seed: int,
    without: frozenset[str],
    sought: Sought,
) -> None:
    """Let an implementation go on from where it departed, and look for a consequence.

    Arguments: what drives it; runs that end where it departed, the shortest first; how many steps
    to take at most; the seed; the steps that are left out; where it is noted what has come of it,
    which an interrupt leaves as it is. Every second attempt begins anew, since what a consequence
    needs may have to come first.
    """
    number = 0
    while sought.steps < steps and sought.run is None:
        chance = random.Random(f"{seed} alone {number}")
        begun = departed[number // 2 % len(departed)]
        is_anew = number % 2 == 1
        draw = _Phases(chance, begun, runner.is_fifo, without, is_anew=is_anew)
        run = runner.alone(begun.servers, draw.choose)
        sought.steps += max(len(run.commands) - (0 if is_anew else len(begun.commands)), 1)
        number += 1
        if run.consequence is not None:
            sought.run = run


class _Phases:
    """Draws steps in phases, each of one majority."""

    def __init__(
        self,
        chance: random.Random,
        begun: Run,
        is_fifo: bool,
        without: frozenset[str],
        *,
        is_anew: bool,
    ) -> None:
        self._chance, self._is_fifo, self._without = chance, is_fifo, without
        self._begun = [] if is_anew else begun.commands[::-1]
        self._again = begun.commands[-1]
        self._servers = begun.servers
        self._left = _LONGEST
        self._of_phase = 0
        self._together: tuple[str, ...] = ()
        self._stands = ""
        self._is_latest_first = False
        self._disturbed = chance.choice((0.0, 0.05, 0.2))
        self._values = 0

    def choose(self, run: Run) -> Command | None:
        """Return the next step; None at the end."""
        if self._begun:
            return self._begun.pop()
        self._left -= 1
        if self._left < 0:
            return None
        self._of_phase -= 1
        if self._of_phase < 0:
            before = self._together
            self._next_phase(run)
            if before and self._chance.random() < 0.4 and (again := self._departs(before)):
                return again
        return self._drawn(run)

    def _next_phase(self, run: Run) -> None:
        chance, names = self._chance, [*self._servers]
        chance.shuffle(names)
        lacking = [] if run.witness is None else run.witness.lacking()
        first = {self._again.server} if chance.random() < 0.5 else set[str]()
        if lacking and chance.random() < 0.7:
            first = {*lacking}
        names.sort(key=lambda name: name not in first)
        self._together = tuple(names[: len(names) // 2 + 1])
        leads = any(self._leads(run, each) for each in self._together)
        self._stands = ""
        if not leads or first.intersection(lacking) or chance.random() < 0.6:
            self._stands = self._together[0 if chance.random() < 0.6 else -1]
        self._of_phase = chance.randint(3, 16)
        self._is_latest_first = chance.random() < 0.5

    @staticmethod
    def _leads(run: Run, name: str) -> bool:
        return run.witness is not None and run.witness.states[name].role == "Leader"

    def _drawn(self, run: Run) -> Command | None:
        chance = self._chance
        stands = self._stands
        if stands:
            self._stands = ""
            if not self._leads(run, stands) and "Timeout" not in self._without:
                return Command("Timeout", stands)
        if chance.random() < self._disturbed and (command := self._disturbance(run)):
            return command
        reachable = [
            each for each in self._deliverable(run)
            if each.channel[1] in self._together
            and (each.channel[0] in self._together or chance.random() < 0.1)
        ]  # fmt: skip
        leaders = [each for each in self._together if self._leads(run, each)]
        if reachable and (not leaders or chance.random() < 0.7):
            return delivery("Receive", self._picked(reachable))
        if leaders and (command := self._of_leader(chance.choice(leaders))):
            return command
        if reachable:
            return delivery("Receive", self._picked(reachable))
        if "Timeout" in self._without:
            return None
        return Command("Timeout", chance.choice(self._together))

    def _of_leader(self, leader: str) -> Command | None:
        if self._chance.random() < 0.3 and "ClientRequest" not in self._without:
            self._values += 1
            return Command("ClientRequest", leader, {"value": f"w{self._values}"})
        peer = self._chance.choice([each for each in self._together if each != leader])
        if self._chance.random() < 0.1 and "InstallSnapshot" not in self._without:
            return Command("InstallSnapshot", leader, {"peer": peer})
        if "AppendEntries" in self._without:
            return None
        return Command(
            "AppendEntries", leader, {"peer": peer, "count": self._chance.choice((0, 1, 1, 2))}
        )

    def _disturbance(self, run: Run) -> Command | None:
        """Return a step of the kind that departed, or another that disturbs; None for none."""
        steps = [
            each for each in (self._again.step, self._again.step, "Restart", "ReceiveDuplicate")
            if each not in self._without
        ]  # fmt: skip
        if not steps:
            return None
        step = self._chance.choice(steps)
        if step in OF_MESSAGES:
            flights = self._deliverable(run)
            if self._is_fifo and step == "ReceiveDuplicate":
                return None
            return delivery(step, self._picked(flights)) if flights else None
        if step != self._again.step:
            return Command(step, self._chance.choice(self._servers))
        same = self._again.server
        return self._departs([same] if same and self._chance.random() < 0.5 else self._servers)

    def _departs(self, among: Sequence[str]) -> Command | None:
        """Let one of some servers do again what departed, if that is no message's to do."""
        again = self._again
        able = [each for each in among if each != again.arguments.get("peer")]
        if again.message is not None or again.step in self._without or not able:
            return None
        return Command(again.step, self._chance.choice(able), dict(again.arguments))

    def _deliverable(self, run: Run) -> list[Flight]:
        return oldest(run.in_flight) if self._is_fifo else run.in_flight

    def _picked(self, flights: Sequence[Flight]) -> Flight:
        if self._chance.random() < 0.5:
            return flights[-1 if self._is_latest_first else 0]
        return self._chance.choice(flights)
