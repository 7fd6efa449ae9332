from dataclasses import dataclass, replace

from raft_ref.explorer import Property, Step


@dataclass(frozen=True)
class Token:  # a message: it has `source` and `dest`
    source: str
    dest: str


@dataclass(frozen=True)
class Pass:  # what a server may do without a message
    pass


@dataclass(frozen=True)
class Server:  # the state of one server
    me: str
    has_token: bool


class Ring:
    def __init__(self, servers, values):
        self.first = servers[0]
        self.next = dict(zip(servers, servers[1:] + servers[:1]))

    def initial(self, me):
        return Server(me, has_token=me == self.first)

    def actions(self, state):
        return [Pass()] if state.has_token else []

    def act(self, state, action):
        return Step(replace(state, has_token=False), (Token(state.me, self.next[state.me]),))

    def receive(self, state, message):
        return Step(replace(state, has_token=True))

    def restart(self, state):
        return state

    def properties(self):
        return [Property("OneToken", one_token)]


def one_token(view):
    return sum(server.has_token for server in view.states.values()) <= 1
