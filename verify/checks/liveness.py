"""A check of liveness: whether every fair run of a cluster within its bounds meets a goal."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from raft_ref.explorer import (
    Assumptions,
    EngineError,
    EngineName,
    Form,
    Goal,
    Kind,
    LiveReport,
    Progress,
    Property,
    Verdict,
    View,
    search_live,
)
from raft_ref.spec.files import MEMBERSHIP_PROGRESS
from raft_ref.spec.link import LIVENESS_OF_RAFT, raft_goal, tla_goal
from raft_ref.spec.requests import RequestError, probably
from raft_ref.traces import Trace, Violation
from raft_ref.traces.sources.explored import trace_of_events
from raft_ref.verify.cluster import Cluster, ClusterRequest, build
from raft_ref.verify.cluster.properties import PropertyRequest, Subject

_OWN = re.compile(
    r"\s*(?P<form><>\[\]|\[\]<>|<>)\s*(?P<p>\w+)\s*|\s*(?P<from>\w+)\s*~>\s*(?P<q>\w+)\s*"
)


@dataclass(frozen=True, slots=True)
class LivenessReport:
    """What became of it: `search` has the explorer's own report."""

    cluster: Cluster
    search: LiveReport

    @property
    def verdict(self) -> Verdict:
        """What is found of the goal."""
        return self.search.verdict

    @property
    def seconds(self) -> float:
        """Time taken."""
        return self.search.seconds

    def trace(self, source: str = "") -> Trace | None:
        """Return the run that does not meet the goal as a trace, if there is one.

        It violates the goal unless it is there for bounds alone.
        """
        lasso = self.search.lasso
        if lasso is None:
            return None
        events = (*lasso.prefix, *lasso.loop)
        trace = trace_of_events(
            self.cluster.system, lasso.initial, events, source, self.cluster.words
        )
        is_violated = self.verdict is Verdict.VIOLATED
        violation = Violation(self.search.goal.text) if is_violated else None
        return replace(trace, violation=violation, loop=len(lasso.prefix))


@dataclass(frozen=True, slots=True)
class LivenessCheck:
    """Ask whether every fair run of a cluster meets a goal.

    `goal` is a formula of TLA+ over the variables and operators of the module of properties, with
    RaftLiveness.tla if none is given, or MembershipProgress.tla where the membership can change; of
    a node that is no Raft, over the names of its properties.
    `assumed` is what runs are relied on for. `engine`, `threads` and `memory` are as in
    `explorer.search`.
    """

    goal: str
    assumed: Assumptions = field(default_factory=Assumptions)
    cluster: ClusterRequest = field(default_factory=ClusterRequest)
    engine: EngineName = "auto"
    threads: int | None = None
    memory: int | None = None

    def run(
        self, on_progress: Callable[[Progress], None] = lambda progress: None
    ) -> LivenessReport:
        """Search, and report. Raises `RequestError` and `ActorError`."""
        # Its own properties are not asked for, and need not be made.
        plain = replace(self.cluster.properties, refine=False, bisimulation=False, progress=None)
        cluster = build(replace(self.cluster, properties=plain))
        goal = self._goal(cluster)
        try:
            found = search_live(
                cluster.system,
                goal,
                self.assumed,
                on_progress,
                engine=self.engine,
                threads=self.threads,
                memory=self.memory,
            )
        except EngineError as error:
            raise RequestError(f"engine native: {error}") from error
        except ValueError as error:
            raise RequestError(f"live: {error}") from error
        return LivenessReport(cluster, found)

    def _goal(self, cluster: Cluster) -> Goal:
        request = self.cluster.properties
        try:
            if not cluster.is_raft:
                return _own_goal(self.goal, cluster.properties)
            subject = Subject(
                cluster.system,
                cluster.values,
                self.cluster.name,
                None,
                cluster.is_raft,
                cluster.project,
            )
            return _raft_goal(subject, request, self.goal)
        except ValueError as error:
            raise RequestError(f"live {self.goal}: {error}") from error


def _raft_goal(subject: Subject, request: PropertyRequest, text: str) -> Goal:
    """Return a goal in the words of a module of Raft, with the features' variables or without."""
    node = subject.extended
    if node is not None:
        shipped = MEMBERSHIP_PROGRESS if node.is_changeable else LIVENESS_OF_RAFT
        return tla_goal(request.spec or shipped, subject.variables, text)
    path = request.spec or request.file(LIVENESS_OF_RAFT)
    return raft_goal(path, subject.system.servers, subject.values, text, subject.as_raft)


def _own_goal(text: str, properties: list[Property]) -> Goal:
    """Return a goal in the names of a node's own properties of states."""
    known = {prop.name: prop for prop in properties if prop.kind is Kind.STATE}
    found = _OWN.fullmatch(text)
    if found is None:
        raise ValueError(
            "expected <>NAME, []<>NAME, <>[]NAME or NAME ~> NAME, names of properties of states"
        )
    names = [name for name in (found["from"], found["q"], found["p"]) if name]
    for name in names:
        if name not in known:
            raise ValueError(f"{name} is no property of states; {probably(name, known)}")
    of = [known[name] for name in names]
    reads = frozenset[str]().union(*(prop.reads for prop in of))
    form = Form(f"{found['form']}P") if found["form"] else Form.LEADS_TO
    premise: Callable[[View], bool] = of[0].holds if len(of) == 2 else lambda view: True
    return Goal(text, form, of[-1].holds, premise, reads)
