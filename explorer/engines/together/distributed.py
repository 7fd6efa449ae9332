"""The native engine on several machines: one search by many processes, each with its own states.

Every rank calls the same, and gets the same report. States travel as numbers (explorer/core/
parcels.hpp); what these stand for, states of servers, messages and histories, goes along once for
each two ranks, pickled: the ranks of one job trust each other.
"""

import pickle
import signal
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from raft_ref.explorer._core import Distributed
from raft_ref.explorer.engines.checkpoint import Checkpoints
from raft_ref.explorer.engines.journal import Journal, Value
from raft_ref.explorer.engines.native import Counted, NativeSearch
from raft_ref.explorer.engines.native_model import NativeModel, Unfit
from raft_ref.explorer.engines.together.digests import digest_of
from raft_ref.explorer.engines.together.ranks import Ranks
from raft_ref.explorer.model.interning import Interner
from raft_ref.explorer.model.properties import Kind, Property
from raft_ref.explorer.model.renaming import Renamed
from raft_ref.explorer.model.symmetry import Symmetry
from raft_ref.explorer.model.system import GlobalState, System
from raft_ref.explorer.results.report import Progress, Report

Parcel = tuple[list[int], list[int], list[int], bytes]
"""Numbers of states, messages and histories that are new to the receiver, and rows of states."""


class DistributedModel(NativeModel):
    """The system, as the engine asks it that searches in several processes."""

    def __init__(
        self, system: System, properties: Sequence[Property], symmetry: Symmetry | None
    ) -> None:
        super().__init__(system, properties, symmetry)
        self._values = system.local.states, system.local.messages, system.histories

    def digest_of_node(self, node: int) -> int:
        """Return a digest of a server's state that is the same in every process."""
        return digest_of(self._values[0][node])

    def digest_of_message(self, message: int) -> int:
        """Return a digest of a message that is the same in every process."""
        return digest_of(self._values[1][message - 1])


class Carrier:
    """Carries parcels between ranks: what numbers stand for goes along with them.

    A journal notes where what is new has come from.
    """

    def __init__(self, system: System, ranks: Ranks, journal: Journal | None = None) -> None:
        self.rank, self.size = ranks.rank, ranks.size
        self._ranks = ranks
        self._journal = journal
        self._states, self._messages = system.local.states, system.local.messages
        self._histories = system.histories

    def exchange(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        """Give each rank the parcel at its place; return one from each, by our numbers.

        The others wait for this rank here, or soon will: what fails ends them all.
        """
        doing = "cannot be pickled"
        try:
            pieces = [self._packed(*parcel) for parcel in parcels]
            doing = "does not reach another rank"
            pieces = self._ranks.exchange(pieces)
            doing = "cannot be taken from its pickle"
            return [self._unpacked(rank, piece) for rank, piece in enumerate(pieces)]
        except Exception as error:
            self._ranks.give_up(
                f"what a server has, or sends, {doing}: {type(error).__name__}: {error}"
            )

    def _packed(
        self, nodes: list[int], messages: list[int], histories: list[int], rows: bytes
    ) -> bytes:
        values = (
            [self._states[node] for node in nodes],
            [self._messages[message - 1] for message in messages],
            [self._histories[history] for history in histories],
        )
        numbers = nodes, messages, histories
        pickled = pickle.dumps((values, numbers), pickle.HIGHEST_PROTOCOL) if any(values) else b""
        return b"".join([_LENGTH.pack(len(pickled)), pickled, rows])

    def _unpacked(self, rank: int, piece: bytes) -> Parcel:
        [length] = _LENGTH.unpack_from(piece)
        start, end = _LENGTH.size, _LENGTH.size + length
        values, numbers = pickle.loads(piece[start:end]) if length else (((),) * 3,) * 2
        known = self._states, self._messages, self._histories
        states, messages, histories = (
            [self._number(kind, known[kind], rank, *each) for each in zip(*told, strict=True)]
            for kind, told in zip(Value, zip(values, numbers, strict=True), strict=True)
        )
        return states, messages, histories, piece[end:]

    def _number(self, kind: Value, known: Interner[Any], rank: int, value: Any, number: int) -> int:
        """Return our number of what a rank has told, by which number it knows that."""
        before = len(known)
        own = known.intern(value) + (kind is Value.MESSAGE)
        if self._journal is not None and len(known) != before:
            self._journal.note_carried(kind, rank, number, own)
        return own


_LENGTH: Final = struct.Struct("=Q")


class DistributedSearch(NativeSearch):
    """One breadth-first search by all ranks; see `explorer.engines.native.NativeSearch`.

    What is raised in one rank is raised in all.
    """

    _begins_anywhere = False

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        symmetry: bool | Sequence[Renamed] = False,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        *,
        threads: int,
        memory: int,
        ranks: Ranks,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        if any(prop.kind is Kind.PROGRESS for prop in properties):
            raise Unfit("whether a goal can still be reached is asked in one process alone")
        self._ranks = ranks
        self._is_interrupted = False
        super().__init__(
            system,
            properties,
            symmetry,
            on_progress,
            threads=threads,
            memory=memory,
            checkpoints=checkpoints,
        )

    def _new_model(self) -> NativeModel:
        return DistributedModel(self._system, self._properties, self._symmetry)

    def _core_of(self, model: Any, asked: list[Any], setting: Any) -> Any:
        carrier = Carrier(self._system, self._ranks)
        return Distributed(model, asked, setting, carrier)

    def run(self) -> Report:
        """Search until a property is violated or nothing is left to expand."""
        with self._interrupts_wait():
            return super().run()

    def _found(self, initial: GlobalState) -> Any:
        return self._together(
            lambda: self._core.run(initial.nodes, initial.history, self._heartbeat)
        )

    def _find_ways(self, initial: GlobalState) -> Any:
        find_ways = super()._find_ways
        return self._together(lambda: find_ways(initial))

    def _together(self, do: Callable[[], Any]) -> Any:
        """Do something in all ranks; what one of them raises is raised in all.

        They may meet meanwhile, if what may be raised before that is raised in all.
        """
        result, failure = None, None
        try:
            result = do()
        except Exception as error:
            failure = error
        failures = [each for each in self._ranks.share(_portable(failure)) if each is not None]
        if failures:
            raise failures[0] if failure is None else failure
        return result

    def _heartbeat(self, found: Any) -> None:
        if self._is_interrupted:
            raise KeyboardInterrupt
        super()._heartbeat(found)

    @contextmanager
    def _interrupts_wait(self) -> Iterator[None]:
        """Let an interrupt wait for the next heartbeat: while ranks meet, none may be away."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def wait(*_: object) -> None:
            self._is_interrupted = True

        before = {each: signal.signal(each, wait) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _counted(self, found: Any) -> Counted:
        own = super()._counted(found)
        every = self._ranks.share(own)
        return Counted(
            distinct=sum(each.distinct for each in every),
            transitions=sum(each.transitions for each in every),
            lost=sum(each.lost for each in every),
            cut=[sum(cuts) for cuts in zip(*(each.cut for each in every), strict=True)],
            names=sum((each.names for each in every), Counter()),
            reached=[any(was) for was in zip(*(each.reached for each in every), strict=True)],
        )

    @property
    def _engine(self) -> str:
        each = f" in each of {self._ranks.size} processes"
        return f"{super()._engine}{each if self._ranks.size > 1 else ''}"


def _portable(error: Exception | None) -> Exception | None:
    """Return an error as one that can be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
