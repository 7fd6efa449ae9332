//! A server of noraft: the node, and what its user does for it.

use noraft::{
    Action, ClusterConfig, Error, Log, LogEntries, LogIndex, LogPosition, Message, Node, NodeId,
    Term,
};

/// What travels: its messages, and snapshots.
#[derive(Clone)]
pub enum Package {
    Raft(Message),
    /// An answer to what a leader of an earlier term has sent.
    Late(Message),
    /// The snapshot of a leader, behind whose end the heartbeat is.
    Snapshot {
        position: LogPosition,
        members: ClusterConfig,
        heartbeat: Message,
    },
}

pub struct Server {
    pub node: Node,
    pub has_changes: bool,
    /// Whether what it asks for waits for the next step.
    pub is_pending: bool,
    /// Whose request of an earlier term it answers.
    pub late_to: Option<u64>,
    term: Term,
    voted_for: Option<NodeId>,
    log: Log,
    /// The term in which a leader was noted in the place of a vote for somebody else.
    noted_in: Option<Term>,
}

impl Server {
    /// A server with nothing stored but who its members are.
    pub fn new(id: NodeId, voters: &[u64], has_changes: bool) -> Server {
        let mut members = ClusterConfig::new();
        members.voters.extend(voters.iter().copied().map(NodeId::new));
        // A snapshot has them for those to come.
        let (term, index) = match has_changes && !voters.is_empty() {
            true => (Term::new(1), LogIndex::new(1)),
            false => (Term::ZERO, LogIndex::ZERO),
        };
        let log = Log::new(members, LogEntries::new(LogPosition { term, index }));
        let node = Node::restart(id, term, None, log.clone());
        Server {
            node,
            has_changes,
            is_pending: false,
            late_to: None,
            term,
            voted_for: None,
            log,
            noted_in: None,
        }
    }

    pub fn restart(&mut self) {
        self.node = Node::restart(self.node.id(), self.term, self.voted_for, self.log.clone());
    }

    pub fn is_vote_known(&self) -> bool {
        self.noted_in != Some(self.node.current_term())
    }

    pub fn receive(&mut self, package: Package) -> Result<(), Error> {
        let (term, vote) = (self.node.current_term(), self.node.voted_for());
        let is_snapshot = matches!(package, Package::Snapshot { .. });
        let taken = self.take(package);
        let is_same_term = self.node.current_term() == term;
        // The spec has none noted where a snapshot is taken.
        let is_noted = is_snapshot || (is_same_term && vote.is_some());
        if is_noted && self.node.voted_for() != vote {
            self.noted_in = Some(self.node.current_term());
        }
        taken
    }

    fn take(&mut self, package: Package) -> Result<(), Error> {
        match package {
            Package::Raft(message) | Package::Late(message) => self.node.handle_message(&message),
            Package::Snapshot { position, members, heartbeat } => {
                self.node.handle_message(&heartbeat)?;
                let is_of_leader = heartbeat.term() == self.node.current_term();
                if is_of_leader && self.node.handle_snapshot_installed(position, members) {
                    self.log = self.node.log().clone();
                    return self.node.handle_message(&heartbeat);
                }
                Ok(())
            }
        }
    }

    /// Compacts up to an entry that is committed, and says whether it did.
    pub fn compact(&mut self, index: u64) -> bool {
        let to = LogIndex::new(index).min(self.node.commit_index());
        if to <= self.node.log().snapshot_position().index {
            return false;
        }
        let found = self.node.log().get_position_and_config(to);
        let Some((position, members)) = found.map(|(at, members)| (at, members.clone())) else {
            return false;
        };
        let is_done = self.node.handle_snapshot_installed(position, members);
        if is_done {
            self.log = self.node.log().clone();
        }
        is_done
    }

    /// Does what it asks for, in the order in which it gives it.
    pub fn work(&mut self) -> Vec<(u64, Package)> {
        let mut packages = Vec::new();
        while let Some(action) = self.node.actions_mut().next() {
            match action {
                Action::SetElectionTimeout => {}
                Action::SaveCurrentTerm => self.term = self.node.current_term(),
                Action::SaveVotedFor => self.voted_for = self.node.voted_for(),
                Action::AppendLogEntries(entries) => {
                    assert!(self.log.append_suffix(&entries), "what is to be stored leaves a gap");
                }
                Action::BroadcastMessage(message) => {
                    let peers: Vec<_> = self.node.peers().collect();
                    packages
                        .extend(peers.iter().map(|to| (to.get(), Package::Raft(message.clone()))));
                }
                Action::SendMessage(to, message) => {
                    packages.push((to.get(), Package::Raft(message)));
                }
                Action::InstallSnapshot(to) => packages.push((to.get(), self.snapshot())),
            }
        }
        packages
    }

    fn snapshot(&self) -> Package {
        let position = self.node.log().snapshot_position();
        let heartbeat = Message::AppendEntriesCall {
            from: self.node.id(),
            term: self.node.current_term(),
            commit_index: position.index,
            entries: LogEntries::new(position),
        };
        let members = self.node.log().snapshot_config().clone();
        Package::Snapshot { position, members, heartbeat }
    }
}
