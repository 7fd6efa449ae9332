# PYTHON_ARGCOMPLETE_OK
"""The command line: `raft-ref`.

In: the words that a user typed. Out: an exit code. A command is a module of `commands` with a
function `configure(parser)`, and is imported only if it is the one that is asked for (`parser`).
`testing` is what a test of the user's own calls in the place of a command.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Final

from raft_ref.cli.parser import completed, parser_of

OF_THE_USER: Final = (
    ("raft_ref.cli.options.errors", "UsageError"),
    ("raft_ref.explorer", "ActorError"),
    ("raft_ref.explorer", "CheckpointError"),
    ("raft_ref.spec", "SpecError"),
    ("raft_ref.spec.requests", "RequestError"),
    ("raft_ref.traces", "TraceError"),
    ("raft_ref.traces", "RenderError"),
    ("raft_ref.traces.conformance.adapter", "AdapterError"),
    ("raft_ref.verify.exploring", "AddressError"),
    ("raft_ref.server", "StorageError"),
    ("raft_ref.server", "TlsError"),
)
"""What is wrong with what the user gave, by module and name: a line, without a traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `raft-ref` with the given arguments, or those of the process; return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _interrupt_again
    completed(os.environ)
    given = sys.argv[1:] if arguments is None else [*arguments]
    try:
        options = parser_of(given[0] if given else None).parse_args(given)
        options.arguments = given
        return int(options.run(options))
    except BrokenPipeError:
        # Whoever read our output has had enough; let nothing else fail on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    except OSError as error:
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"raft-ref: {where}{error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("raft-ref: interrupted", file=sys.stderr)
        return 3
    except Exception as error:
        if type(error).__name__ == "ArgumentError" and "KeyboardInterrupt" in str(error):
            # It came while ctypes converted what z3 is given, and was made an error of that.
            print("raft-ref: interrupted", file=sys.stderr)
            return 3
        if not _is_of_the_user(error):
            raise
        # What is wrong in a request has the name of an option.
        dashes = "--" if getattr(error, "is_named", False) else ""
        print(f"raft-ref: {dashes}{error}", file=sys.stderr)
        return 2


class Interrupt(KeyboardInterrupt):
    """An interrupt from outside: what is told from one that a node of the user's raises itself."""


_AT_ONCE = 0.3
_came = [float("-inf")]


def _interrupt(*_: object) -> None:
    """Interrupt, but once: `timeout` signals a command and its group, and so the command twice."""
    before, _came[0] = _came[0], time.monotonic()
    if _came[0] - before > _AT_ONCE:
        # Python gives up its handlers as it ends, and what comes then would be the exit code.
        for number in (signal.SIGINT, signal.SIGTERM):
            atexit.register(signal.signal, number, signal.SIG_IGN)
        raise Interrupt


def _interrupt_now(*_: object) -> None:
    raise Interrupt


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Interrupt anew where an interrupt was lost: within a `__del__`, of which z3 has many.

    A moment later, since at once would be within it still.
    """
    if issubclass(lost.exc_type, KeyboardInterrupt):
        signal.signal(signal.SIGALRM, _interrupt_now)
        signal.setitimer(signal.ITIMER_REAL, 0.001)
    else:
        sys.__unraisablehook__(lost)


def _is_of_the_user(error: Exception) -> bool:
    """Whether an error is one of `OF_THE_USER`; a module that was not imported raised none."""
    loaded = ((sys.modules.get(module), name) for module, name in OF_THE_USER)
    return any(module and isinstance(error, getattr(module, name)) for module, name in loaded)
