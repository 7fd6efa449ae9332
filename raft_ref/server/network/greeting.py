"""Whether a server and another that it speaks with are who they say, and of one cluster.

Each tells the other, before anything else, which cluster it belongs to, with whom this began, and
from which disk it runs. Both compare, and both refuse what differs.

The rule: no server without a memory votes. A server takes part once it knows by what its cluster is
known. Of a new cluster the first server, by name, draws that, and tells each of the others once: it
remembers whose disk it has told, and whoever comes without, under a name that has a disk, has lost
its own. A server that joins is told by any, and votes only with a log that is not empty.

A disk may be set back as a whole, to what it once was, and nothing on it tells. So each remembers
what the others have told of themselves, how often they were started and (while it runs) how far
they had got, and whoever comes back with less has forgotten what it promised.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.network.hello import VERSION, Answer, Farewell, Hello
from raft_ref.server.network.names import check_name
from raft_ref.server.storage import Encounter, OwnDisk

log = logging.getLogger("raft_ref.server")

MOST_UNKNOWN = 32
"""Servers that a server lets in which are no members as far as it knows."""

_ENCOUNTERS = {
    Encounter.ANOTHER_DISK: Farewell.ANOTHER_DISK,
    Encounter.OLDER_DISK: Farewell.OLDER_DISK,
}

_FATAL = (Farewell.ANOTHER_DISK, Farewell.OLDER_DISK, Farewell.TWICE)
"""What a server stops for if one of its own cluster says it."""

Said = Hello | Answer


class Greeter:
    """What a server says of itself, and makes of what others say.

    Arguments: its name, features and address; its disk, and how to call it, one thing at a time;
    whom it lets in: the members, or None for anybody who is not refused. `replaced` is called with
    a peer that was started again; `reached` returns how far this server has got.
    """

    def __init__(
        self,
        me: ServerId,
        features: str,
        address: str,
        disk: OwnDisk,
        on_disk: Callable[..., Awaitable[Any]],
        replaced: Callable[[ServerId], None],
        reached: Callable[[], tuple[int, int] | None] = lambda: None,
    ) -> None:
        self._me = me
        self._disk = disk
        self._on_disk = on_disk
        self._replaced = replaced
        self._reached = reached
        self._attested: dict[ServerId, tuple[int, int]] = {}  # how far the others had got
        self._run = secrets.token_hex(8)
        self._features, self._address = features, address
        self._runs: dict[ServerId, tuple[int, str]] = {}
        self._strangers: dict[ServerId, Said] = {}  # of who spoke, and is no member
        self._warned: set[str] = set()

    @property
    def cluster(self) -> str:
        """What the cluster is known by; empty if that is not told yet."""
        return self._disk.cluster

    @property
    def hello(self) -> Hello:
        """What this server says of itself."""
        return Hello(
            VERSION,
            self._me,
            None,
            self._features,
            self._address,
            **self._own,
            run=self._run,
            reached=self._reached(),
        )

    @property
    def _own(self) -> dict[str, Any]:
        disk = self._disk
        return {
            "cluster": disk.cluster,
            "founders": disk.founders,
            "disk": disk.disk,
            "times": disk.times,
        }

    def answer(self, farewell: Farewell | None = None, detail: str = "") -> Answer:
        """Return what is said to who speaks."""
        return Answer(farewell, detail, **self._own, run=self._run)

    # What others say

    def attest(self, peer: ServerId, term: int, index: int) -> None:
        """Take in how far a peer has got, as it says in a message: all of that it has saved."""
        if (term, index) > self._attested.get(peer, (0, 0)):
            self._attested[peer] = term, index

    async def greet(self, hello: Hello, members: Collection[ServerId] | None) -> Answer:
        """Return what is answered to another server, of the members (None: of any).

        Raises ValueError for what no server says.
        """
        assert hello.source is not None
        check_name(hello.source)
        if hello.source == self._me or not hello.disk:
            raise ValueError(f"it speaks for {hello.source}, and is not")
        refused = self._difference(hello)
        if refused is not None:
            return refused
        if not self.cluster:
            return self.answer(Farewell.NOT_YET)
        draws = self._disk.founders[:1] == (self._me,)
        if not hello.cluster and hello.founders and not draws:
            return self.answer(Farewell.NOT_YET, "its first server tells it")
        # Who knows its cluster is remembered; and who is told of it, by who tells each once.
        remembers = bool(hello.cluster or hello.founders)
        refused = await self._stranger(hello.source, hello, members, remembers)
        return refused or self.answer()

    async def hear(
        self, peer: ServerId, answer: Answer, members: Collection[ServerId] | None
    ) -> tuple[bool, Farewell | None]:
        """Return whether a peer is to be spoken to, by its answer, and why this server must stop.

        What it is to stop for counts if it is said in its own cluster.
        """
        is_ours = not self.cluster or answer.cluster == self.cluster
        if answer.farewell is not None:
            if is_ours and answer.farewell in (*_FATAL, Farewell.REMOVED):
                return False, answer.farewell
            if not answer.farewell.is_for_now:
                self._warn(f"{peer} says that {self._me} {answer.reason}")
            return False, None
        remembers = bool(answer.cluster)
        refused = self._difference(answer) or await self._stranger(peer, answer, members, remembers)
        if refused is not None:
            self._warn(f"{peer} {refused.reason}")
            return False, None
        if not self.cluster and answer.cluster and self._may_tell(peer):
            await self._on_disk(self._disk.belong, answer.cluster)
            log.info("%s belongs to the cluster %s", self._me, answer.cluster)
        return bool(self.cluster), None

    def _may_tell(self, peer: ServerId) -> bool:
        return not self._disk.founders or peer == self._disk.founders[0]

    def _difference(self, said: Said) -> Answer | None:
        """Return why who says so is of another cluster, if it is."""
        own = self._disk
        if own.cluster and said.cluster not in ("", own.cluster):
            detail = f"{said.cluster}, and {self._me} is of {own.cluster}"
            return self.answer(Farewell.ANOTHER_CLUSTER, detail)
        if own.founders and said.founders not in ((), own.founders):
            theirs, ours = (",".join(each) for each in (said.founders, own.founders))
            return self.answer(Farewell.OTHER_FOUNDERS, f"{theirs}, and {self._me} of {ours}")
        return None

    async def _stranger(
        self,
        peer: ServerId,
        said: Said,
        members: Collection[ServerId] | None,
        remembers: bool,
    ) -> Answer | None:
        """Return why a server is not the one that it says, if it is known not to be.

        One that is unknown here may have been added by entries that have not come here yet; its
        disk is noted once they have, as what it says before counts for nothing.
        """
        if members is None or peer in members:
            farewell = await self._meet(peer, said, remembers)
            return None if farewell is None else self.answer(farewell)
        if len(self._strangers.keys() | {peer}) > MOST_UNKNOWN:
            return self.answer(Farewell.STRANGER)
        # By then it has got farther than it says now.
        is_hello = isinstance(said, Hello)
        self._strangers[peer] = msgspec.structs.replace(said, reached=None) if is_hello else said
        return None

    async def _meet(self, peer: ServerId, said: Said, remembers: bool = True) -> Farewell | None:
        """Return why a member is not the one that it was, if it is not."""
        meet = partial(self._disk.meet, peer, said.disk, said.times, remembers=remembers)
        found = _ENCOUNTERS.get(await self._on_disk(meet))
        if found is None and self._is_behind(peer, said):
            found = Farewell.OLDER_DISK
        if found is not None or not remembers:
            return found
        known, run = self._runs.get(peer), (said.times, said.run)
        if known is not None and known != run:
            if known[0] == run[0]:
                return Farewell.TWICE
            self._replaced(peer)
        self._runs[peer] = run
        return None

    def _is_behind(self, peer: ServerId, said: Said) -> bool:
        """Tell whether a peer has got less far than it has said before.

        It begins to speak when all that has come here; what it answers may be older than that.
        """
        if not isinstance(said, Hello) or said.reached is None:
            return False
        return said.reached < self._attested.get(peer, (0, 0))

    async def recognise(self, members: Collection[ServerId]) -> list[tuple[ServerId, Farewell]]:
        """Return who of those that were no members before, and are now, is not who it said."""
        refused = []
        for peer in sorted(members & self._strangers.keys()):
            farewell = await self._meet(peer, self._strangers.pop(peer))
            if farewell is not None:
                refused.append((peer, farewell))
        return refused

    def differs(self, answer: Answer) -> str:
        """Return why who answers so cannot be added; empty if it can."""
        refused = self._difference(answer)
        return "" if refused is None else refused.reason

    def _warn(self, what: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            log.warning("%s", what)
