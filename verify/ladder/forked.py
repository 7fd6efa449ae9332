"""A job in a process of its own, which inherits all that is loaded, and sends what it finds.

A node of a user's may hang or end its process; what it does there is told, and hurts nobody else.
"""

import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from raft_ref.explorer.model.actor import ActorError
from raft_ref.explorer.model.watch import watch
from raft_ref.spec.workers import end_with

Tell = Callable[[Any], None]
"""What a job tells its progress by; it raises KeyboardInterrupt where the job is to stop."""

_EVERY = 0.2


class Said(NamedTuple):
    """What a process sends: a kind ("progress", "done" or "error"), and what is told."""

    kind: str
    what: Any


class Interrupt(KeyboardInterrupt):
    """What stops a job from outside."""


class Forked:
    """A job that runs: it gets a `Tell`, and what it returns is sent.

    It is told to stop once `until` has come, a time of `time.monotonic`.
    """

    def __init__(self, job: Callable[[Tell], Any], until: float) -> None:
        self.until = until
        self.connection, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("fork")
        arguments = (job, until, theirs, os.getpid())
        self._process = context.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def receive(self) -> Said:
        """Return what was sent; a process that ends without a word is an error."""
        try:
            said: Said = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            how = f"exit code {self._process.exitcode}"
            said = Said("error", ActorError(f"the process that searches was ended ({how})"))
        return said

    def interrupt(self) -> None:
        """Ask it to stop, and to say what it found so far."""
        pid = self._process.pid
        if self._process.is_alive() and pid is not None:
            os.kill(pid, signal.SIGINT)

    def end(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def heard(jobs: Sequence[Forked], seconds: float) -> list[Forked]:
    """Return the jobs that have sent something, after so many seconds at most."""
    ready = {*wait([job.connection for job in jobs], seconds)}
    return [job for job in jobs if job.connection in ready]


def _run(job: Callable[[Tell], Any], until: float, connection: Connection, parent: int) -> None:
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    end_with(parent)
    watch(lambda what: _give_up(connection, what))
    told = 0.0

    def tell(progress: Any) -> None:
        nonlocal told
        now = time.monotonic()
        if now > until:
            raise Interrupt
        if now - told > _EVERY:
            told = now
            connection.send(Said("progress", progress))

    try:
        connection.send(Said("done", job(tell)))
    except KeyboardInterrupt:
        connection.send(Said("done", None))
    except Exception as error:
        connection.send(Said("error", _portable(error)))
    connection.close()


def _stop(*_: object) -> None:
    # Once: a terminal signals the whole group, and the parent asks for it as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise Interrupt


def _give_up(connection: Connection, what: str) -> None:
    connection.send(Said("error", ActorError(what)))
    os._exit(2)


def _portable(error: Exception) -> Exception:
    """Return an error as it can be sent: one whose parts cannot be keeps its text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return ActorError(f"{type(error).__name__}: {error}")
    return error
