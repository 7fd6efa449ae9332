"""A demo's cluster as it is now: in one line, and as a picture in the terminal."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from raft_ref import Role, State
from raft_ref.server.simulation.demo import Demo

_STYLES = {Role.FOLLOWER: "white", Role.CANDIDATE: "bold yellow", Role.LEADER: "bold white on blue"}
_LOG_SHOWN, _EVENTS_SHOWN = 8, 10


def summary(demo: Demo) -> str:
    """Return how it stands, in one line."""
    states = demo.simulation.settled.values()
    term = max(state.current_term for state in states)
    committed = max(state.commit_index for state in states)
    return (
        f"{demo.simulation.now:.3f} s: {demo.simulation.leader or 'nobody'} leads in term {term}; "
        f"{committed} entries committed, {demo.answered} writes answered"
    )


def picture(demo: Demo) -> Group:
    """Return the cluster as it is now, its servers above and what happened last below."""
    conditions = demo.simulation.conditions
    cut = sorted({f"{a}-{b}" for a, b in demo.simulation.cut if a < b})
    facts = (
        f"loss {conditions.loss:g}, duplication {conditions.duplication:g}, "
        f"cut: {', '.join(cut) or 'nothing'}"
    )
    events = Text("\n".join([*demo.log][-_EVENTS_SHOWN:]), "cyan")
    keys = Text(
        "1-9 crash/start  l cut the leader off  h heal  t transfer  x loss  d duplication  q quit",
        "dim",
    )
    above = Text(summary(demo), "bold"), Text(facts), Text()
    return Group(*above, _servers(demo), Text(), events, Text(), keys)


def _servers(demo: Demo) -> Table:
    table = Table(expand=True, box=None, padding=(0, 1))
    for name in ("server", "role", "term", "voted for", "commit", "log"):
        table.add_column(name, no_wrap=True)
    for name, server in demo.simulation.servers.items():
        state = demo.simulation.settled[name]
        if server.replica is None:
            table.add_row(name, Text("crashed", "bold red"), style="dim")
            continue
        table.add_row(
            name,
            Text(state.role.value.lower(), _STYLES[state.role]),
            str(state.current_term),
            state.voted_for or "",
            str(state.commit_index),
            _log(state),
        )
    return table


def _log(state: State) -> Text:
    """Return the end of a log: index and term of each entry, the committed ones underlined."""
    shown = Text()
    if state.compacted:
        shown.append(f"[snapshot to {state.compacted}] ", "magenta")
    first = max(state.compacted, state.last_index - _LOG_SHOWN) + 1
    for index in range(first, state.last_index + 1):
        style = "underline green" if index <= state.commit_index else "yellow"
        shown.append(f"{index}:t{state.term_at(index)}", style)
        shown.append(" ")
    return shown
