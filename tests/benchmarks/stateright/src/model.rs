//! spec/MCRaft.tla: a cluster within bounds, as a Stateright `Model`.
//!
//! Every bound is a guard. Whatever a step or an invariant reads is part of the state: the history
//! `committed` and the counters of faults too.

use crate::raft::{Id, Log, Message, Role, Sequence, Server, SERVERS};
use stateright::{Model, Property};

/// The constants of MCRaft.
#[derive(Clone, Debug)]
pub struct Bounds {
    pub servers: usize,
    pub values: u8,
    pub term: u8,
    pub log: usize,
    pub messages: usize,
    pub restarts: u8,
    pub drops: u8,
    pub duplicates: u8,
}

/// An entry of `committed`: what was committed, and the term of the server that was first to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommittedEntry {
    term: u8,
    value: u8,
    committed_in: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    servers: Vec<Server>,
    /// A set: sorted, each message once.
    messages: Vec<Message>,
    committed: Sequence<CommittedEntry>,
    restarts: u8,
    drops: u8,
    duplicates: u8,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Timeout(Id),
    AppendEntries(Id, Id, usize),
    ClientRequest(Id, u8),
    Restart(Id),
    Receive(Message),
    ReceiveDuplicate(Message),
    DropMessage(Message),
}

impl State {
    /// Put a server in its next state, and record what it is the first to commit
    /// (CommittedRecorded).
    fn set(&mut self, i: Id, server: Server) {
        let known = server.commit_index as usize;
        for index in self.committed.len()..known.min(server.log.len()) {
            let entry = server.log.items()[index];
            self.committed.push(CommittedEntry {
                term: entry.term,
                value: entry.value,
                committed_in: server.current_term,
            });
        }
        self.servers[i as usize] = server;
    }

    fn send(&mut self, message: Message) {
        if let Err(position) = self.messages.binary_search(&message) {
            self.messages.insert(position, message);
        }
    }

    fn remove(&mut self, message: &Message) {
        self.messages.retain(|other| other != message);
    }

    /// What server i has at an index is what was ever committed there (HasCommitted).
    fn has_committed(&self, log: &Log, index: usize) -> bool {
        let entry = log.items().get(index - 1);
        let committed = self.committed.items().get(index - 1);
        entry
            .zip(committed)
            .is_some_and(|(e, c)| (e.term, e.value) == (c.term, c.value))
    }

    fn leaders(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|s| s.role == Role::Leader)
    }

    /// The least of all renamings of the state: the same one for all that differ by a renaming.
    ///
    /// Messages are renamed only where the servers do not decide.
    pub fn canonical(&self) -> State {
        let mut names: Vec<Id> = (0..self.servers.len() as Id).collect();
        let mut least = self.clone();
        let mut servers = self.servers.clone();
        while next_permutation(&mut names) {
            for (server, &name) in self.servers.iter().zip(&names) {
                servers[name as usize] = server.renamed(&names);
            }
            if servers > least.servers {
                continue;
            }
            let mut messages: Vec<_> = self.messages.iter().map(|m| m.renamed(&names)).collect();
            messages.sort_unstable();
            if (&servers, &messages) < (&least.servers, &least.messages) {
                least.servers.clone_from(&servers);
                least.messages = messages;
            }
        }
        least
    }
}

/// Server i is renamed to `names[i]`.
impl Server {
    fn renamed(&self, names: &[Id]) -> Server {
        let mut renamed = *self;
        renamed.voted_for = self.voted_for.map(|i| names[i as usize]);
        renamed.votes_granted = 0;
        for (i, &name) in names.iter().enumerate() {
            renamed.votes_granted |= (self.votes_granted >> i & 1) << name;
            renamed.next_index[name as usize] = self.next_index[i];
            renamed.match_index[name as usize] = self.match_index[i];
        }
        renamed
    }
}

impl Message {
    fn renamed(&self, names: &[Id]) -> Message {
        Message {
            source: names[self.source as usize],
            dest: names[self.dest as usize],
            ..*self
        }
    }
}

/// Step to the next permutation in lexicographic order; false after the last one.
fn next_permutation(names: &mut [Id]) -> bool {
    let Some(pivot) = names.windows(2).rposition(|pair| pair[0] < pair[1]) else {
        return false;
    };
    let successor = names.iter().rposition(|&name| name > names[pivot]);
    names.swap(
        pivot,
        successor.expect("the one after the pivot is greater"),
    );
    names[pivot + 1..].reverse();
    true
}

impl Bounds {
    fn ids(&self) -> std::ops::Range<Id> {
        0..self.servers as Id
    }

    fn is_within(&self, state: &State) -> bool {
        state.messages.len() <= self.messages
            && state
                .servers
                .iter()
                .all(|s| s.current_term <= self.term && s.log.len() <= self.log)
    }

    /// What a server does with a message that it was sent.
    fn deliver(&self, state: &mut State, m: &Message) {
        let (after, response) = state.servers[m.dest as usize].receive(m, self.servers);
        state.set(m.dest, after);
        if let Some(response) = response {
            state.send(response);
        }
    }
}

impl Model for Bounds {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        assert!(self.servers <= SERVERS);
        vec![State {
            servers: vec![Server::initial(); self.servers],
            messages: Vec::new(),
            committed: Sequence::default(),
            restarts: 0,
            drops: 0,
            duplicates: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (i, server) in self.ids().zip(&state.servers) {
            if server.role != Role::Leader {
                if server.current_term < self.term {
                    actions.push(Action::Timeout(i));
                }
            } else {
                for j in self.ids().filter(|&j| j != i) {
                    let unsent = server.log.len() + 1 - server.next_index[j as usize] as usize;
                    actions.extend((0..=unsent).map(|count| Action::AppendEntries(i, j, count)));
                }
                if server.log.len() < self.log {
                    actions.extend((0..self.values).map(|v| Action::ClientRequest(i, v)));
                }
            }
            if state.restarts < self.restarts {
                actions.push(Action::Restart(i));
            }
        }
        for &m in &state.messages {
            actions.push(Action::Receive(m));
            if state.duplicates < self.duplicates {
                actions.push(Action::ReceiveDuplicate(m));
            }
            if state.drops < self.drops {
                actions.push(Action::DropMessage(m));
            }
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Timeout(i) => {
                let (after, body) = before.servers[i as usize].timeout(i)?;
                for dest in self.ids().filter(|&j| j != i) {
                    state.send(Message {
                        source: i,
                        dest,
                        term: after.current_term,
                        body,
                    });
                }
                state.set(i, after);
            }
            Action::AppendEntries(i, j, count) => {
                state.send(before.servers[i as usize].append_entries(i, j, count)?);
            }
            Action::ClientRequest(i, value) => {
                state.set(i, before.servers[i as usize].client_request(value)?);
            }
            Action::Restart(i) => {
                state.set(i, before.servers[i as usize].restart());
                state.restarts += 1;
            }
            Action::Receive(m) => {
                state.remove(&m);
                self.deliver(&mut state, &m);
            }
            Action::ReceiveDuplicate(m) => {
                self.deliver(&mut state, &m);
                state.duplicates += 1;
            }
            Action::DropMessage(m) => {
                state.remove(&m);
                state.drops += 1;
            }
        }
        self.is_within(&state).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("ElectionSafety", |_, state: &State| {
                let mut terms = state.leaders().map(|s| 1u64 << s.current_term);
                terms
                    .try_fold(0, |seen, term| (seen & term == 0).then_some(seen | term))
                    .is_some()
            }),
            Property::always("LogMatching", |_, state: &State| {
                let logs = || state.servers.iter().map(|s| s.log.items());
                logs().all(|a| logs().all(|b| is_matching(a, b)))
            }),
            Property::always("LeaderCompleteness", |_, state: &State| {
                state.leaders().all(|s| {
                    (1..=state.committed.len()).all(|index| {
                        let committed_in = state.committed.items()[index - 1].committed_in;
                        committed_in >= s.current_term || state.has_committed(&s.log, index)
                    })
                })
            }),
            Property::always("StateMachineSafety", |_, state: &State| {
                state.servers.iter().all(|s| {
                    (1..=s.commit_index as usize).all(|index| state.has_committed(&s.log, index))
                })
            }),
        ]
    }
}

/// Two logs that hold an entry of the same index and term are identical up to that entry (5.3).
fn is_matching(a: &[crate::raft::Entry], b: &[crate::raft::Entry]) -> bool {
    let last_shared = a.iter().zip(b).rposition(|(x, y)| x.term == y.term);
    last_shared.is_none_or(|last| a[..=last] == b[..=last])
}
