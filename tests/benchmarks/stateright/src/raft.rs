//! The actions of spec/Raft.tla at one server, under their names and in their order.
//!
//! Servers are numbered from 0, and sets of them are bit masks; indices of a log count from 1, as
//! in the spec. An action takes a server's state by reference and returns the next one, with the
//! messages that it sends; what is not enabled is `None`.

/// The most servers that a model can have.
pub const SERVERS: usize = 5;
/// The longest log that a model can have.
pub const LOG: usize = 4;

pub type Id = u8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    pub term: u8,
    pub value: u8,
}

/// A short sequence, kept in place; what is not used of it is always the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence<T> {
    length: u8,
    items: [T; LOG],
}

pub type Log = Sequence<Entry>;

impl<T: Copy + Default> Sequence<T> {
    pub fn len(&self) -> usize {
        self.length as usize
    }

    pub fn items(&self) -> &[T] {
        &self.items[..self.len()]
    }

    pub fn push(&mut self, item: T) {
        self.items[self.len()] = item;
        self.length += 1;
    }

    /// The `count` items after the first `start` ones.
    pub fn part(&self, start: usize, count: usize) -> Self {
        let mut part = Self::default();
        for &item in &self.items()[start..start + count] {
            part.push(item);
        }
        part
    }
}

impl Log {
    /// TermAt: 0 before the first entry.
    pub fn term_at(&self, index: usize) -> u8 {
        if index == 0 {
            0
        } else {
            self.items()[index - 1].term
        }
    }

    pub fn last_term(&self) -> u8 {
        self.term_at(self.len())
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    #[default]
    Follower,
    Candidate,
    Leader,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Server {
    pub current_term: u8,
    pub voted_for: Option<Id>,
    pub log: Log,
    pub role: Role,
    pub commit_index: u8,
    pub votes_granted: u8,
    pub next_index: [u8; SERVERS],
    pub match_index: [u8; SERVERS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Body {
    RequestVoteRequest {
        last_log_index: u8,
        last_log_term: u8,
    },
    RequestVoteResponse {
        vote_granted: bool,
    },
    AppendEntriesRequest {
        prev_log_index: u8,
        prev_log_term: u8,
        entries: Log,
        leader_commit: u8,
    },
    AppendEntriesResponse {
        success: bool,
        match_index: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    pub source: Id,
    pub dest: Id,
    pub term: u8,
    pub body: Body,
}

const NO_NEXT_INDEX: [u8; SERVERS] = [1; SERVERS];
const NO_MATCH_INDEX: [u8; SERVERS] = [0; SERVERS];

impl Server {
    /// Init (figure 2).
    pub fn initial() -> Self {
        Server {
            current_term: 0,
            voted_for: None,
            log: Log::default(),
            role: Role::Follower,
            commit_index: 0,
            votes_granted: 0,
            next_index: NO_NEXT_INDEX,
            match_index: NO_MATCH_INDEX,
        }
    }

    // Parts of actions

    /// Follow in a term, the vote given; what the old role knew is forgotten (5.2).
    fn follow(&mut self, term: u8, vote: Option<Id>) {
        self.current_term = term;
        self.voted_for = vote;
        self.role = Role::Follower;
        self.votes_granted = 0;
        self.next_index = NO_NEXT_INDEX;
        self.match_index = NO_MATCH_INDEX;
    }

    fn become_leader(&mut self) {
        self.role = Role::Leader;
        self.votes_granted = 0;
        self.next_index = [self.log.len() as u8 + 1; SERVERS];
        self.match_index = NO_MATCH_INDEX;
    }

    /// Commit up to the last entry of one's own term on a majority (5.3, 5.4.2).
    fn advance_commit_index(&mut self, me: Id, servers: usize) {
        for index in (self.commit_index + 1..=self.log.len() as u8).rev() {
            let stored = 1
                + (0..servers)
                    .filter(|&j| j != me as usize && self.match_index[j] >= index)
                    .count();
            if self.log.term_at(index as usize) == self.current_term && 2 * stored > servers {
                self.commit_index = index;
                return;
            }
        }
    }

    // Actions of a server on its own

    /// Stand for a new term; the request goes to all others (5.2).
    pub fn timeout(&self, me: Id) -> Option<(Self, Body)> {
        if self.role == Role::Leader {
            return None;
        }
        let mut after = *self;
        after.current_term += 1;
        after.role = Role::Candidate;
        after.voted_for = Some(me);
        after.votes_granted = 1 << me;
        let request = Body::RequestVoteRequest {
            last_log_index: self.log.len() as u8,
            last_log_term: self.log.last_term(),
        };
        Some((after, request))
    }

    /// Send server j the `count` entries from nextIndex on; none is a heartbeat (5.2, 5.3).
    pub fn append_entries(&self, me: Id, j: Id, count: usize) -> Option<Message> {
        let prev_log_index = self.next_index[j as usize] as usize - 1;
        if self.role != Role::Leader || me == j || prev_log_index + count > self.log.len() {
            return None;
        }
        Some(Message {
            source: me,
            dest: j,
            term: self.current_term,
            body: Body::AppendEntriesRequest {
                prev_log_index: prev_log_index as u8,
                prev_log_term: self.log.term_at(prev_log_index),
                entries: self.log.part(prev_log_index, count),
                leader_commit: self.commit_index,
            },
        })
    }

    /// Take a client's request into the log (5.3).
    ///
    /// The log that `LOG` allows is longer than any model's, and the bound is checked first.
    pub fn client_request(&self, value: u8) -> Option<Self> {
        if self.role != Role::Leader {
            return None;
        }
        let mut after = *self;
        after.log.push(Entry {
            term: self.current_term,
            value,
        });
        Some(after)
    }

    /// Crash, and start again with what is on stable storage (figure 2).
    pub fn restart(&self) -> Self {
        Server {
            current_term: self.current_term,
            voted_for: self.voted_for,
            log: self.log,
            ..Server::initial()
        }
    }

    // Handlers of messages

    /// Adopt the message's term if it is newer, then handle the message; the reply goes to its
    /// source (5.1).
    pub fn receive(&self, m: &Message, servers: usize) -> (Self, Option<Message>) {
        let mut after = *self;
        if m.term > self.current_term {
            after.follow(m.term, None);
        }
        let reply = match m.body {
            Body::RequestVoteRequest {
                last_log_index,
                last_log_term,
            } => Some(after.handle_request_vote_request(m, last_log_index, last_log_term)),
            Body::RequestVoteResponse { vote_granted } => {
                after.handle_request_vote_response(m, vote_granted, servers);
                None
            }
            Body::AppendEntriesRequest {
                prev_log_index,
                prev_log_term,
                entries,
                leader_commit,
            } => Some(after.handle_append_entries_request(
                m,
                prev_log_index as usize,
                prev_log_term,
                &entries,
                leader_commit,
            )),
            Body::AppendEntriesResponse {
                success,
                match_index,
            } => {
                after.handle_append_entries_response(m, success, match_index, servers);
                None
            }
        };
        let response = reply.map(|body| Message {
            source: m.dest,
            dest: m.source,
            term: after.current_term,
            body,
        });
        (after, response)
    }

    /// Grant or refuse a vote (5.2, 5.4.1).
    fn handle_request_vote_request(
        &mut self,
        m: &Message,
        last_log_index: u8,
        last_log_term: u8,
    ) -> Body {
        let own = (self.log.last_term(), self.log.len() as u8);
        let vote_granted = m.term == self.current_term
            && (last_log_term, last_log_index) >= own
            && (self.voted_for.is_none() || self.voted_for == Some(m.source));
        if vote_granted {
            self.follow(m.term, Some(m.source));
        }
        Body::RequestVoteResponse { vote_granted }
    }

    /// Count a vote; a majority makes a leader (5.2).
    fn handle_request_vote_response(&mut self, m: &Message, vote_granted: bool, servers: usize) {
        if self.role == Role::Candidate && m.term == self.current_term && vote_granted {
            self.votes_granted |= 1 << m.source;
            if 2 * self.votes_granted.count_ones() as usize > servers {
                self.become_leader();
            }
        }
    }

    /// Follow the term's leader; take its entries where the logs match (5.3).
    fn handle_append_entries_request(
        &mut self,
        m: &Message,
        prev_log_index: usize,
        prev_log_term: u8,
        entries: &Log,
        leader_commit: u8,
    ) -> Body {
        let current = m.term == self.current_term;
        if current {
            self.follow(m.term, self.voted_for);
        }
        let success = current
            && prev_log_index <= self.log.len()
            && prev_log_term == self.log.term_at(prev_log_index);
        let last_new = (prev_log_index + entries.len()) as u8;
        if success {
            self.merge(prev_log_index, entries);
            self.commit_index = self.commit_index.max(leader_commit.min(last_new));
        }
        Body::AppendEntriesResponse {
            success,
            match_index: if success { last_new } else { 0 },
        }
    }

    /// Take the entries after an index; a conflict alone truncates the log (5.3).
    fn merge(&mut self, prev_log_index: usize, entries: &Log) {
        let differs = |&offset: &usize| {
            let own = self.log.items().get(prev_log_index + offset);
            own.is_none_or(|own| own.term != entries.items()[offset].term)
        };
        if let Some(first) = (0..entries.len()).find(differs) {
            self.log = self.log.part(0, prev_log_index + first);
            for &entry in &entries.items()[first..] {
                self.log.push(entry);
            }
        }
    }

    /// Learn how far a follower's log matches, and commit; or try an earlier entry (5.3).
    fn handle_append_entries_response(
        &mut self,
        m: &Message,
        success: bool,
        match_index: u8,
        servers: usize,
    ) {
        if self.role != Role::Leader || m.term != self.current_term {
            return;
        }
        let j = m.source as usize;
        self.next_index[j] = if success {
            self.next_index[j].max(match_index + 1)
        } else {
            (self.next_index[j] - 1).max(self.match_index[j] + 1)
        };
        self.match_index[j] = self.match_index[j].max(match_index);
        self.advance_commit_index(m.dest, servers);
    }
}
