//! What a replica of little_raft has. It shows nothing of that, so it is looked at where it lies.
//!
//! `Seen` has the fields of `Replica` 0.2.0 in their order, and so the same layout from the same
//! compiler; what the replica was made with must be found in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use little_raft::cluster::Cluster;
use little_raft::message::LogEntry;
use little_raft::replica::Replica;
use little_raft::state_machine::{Snapshot, StateMachine, StateMachineTransition};

#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(dead_code)] // the replica makes them
pub enum Role {
    Follower,
    Candidate,
    Leader,
}

#[allow(dead_code)]
struct Timer {
    rx: Receiver<()>,
    timeout: Duration,
}

#[allow(dead_code)]
#[allow(clippy::box_collection)] // as it is there
pub struct Seen<C, M, T: StateMachineTransition, D: Clone> {
    pub id: usize,
    peer_ids: Vec<usize>,
    state_machine: Arc<Mutex<M>>,
    cluster: Arc<Mutex<C>>,
    pub current_term: usize,
    pub current_votes: Option<Box<BTreeSet<usize>>>,
    pub state: Role,
    pub voted_for: Option<usize>,
    pub log: Vec<LogEntry<T>>,
    pub commit_index: usize,
    last_applied: usize,
    next_index: BTreeMap<usize, usize>,
    pub match_index: BTreeMap<usize, usize>,
    noop_transition: T,
    heartbeat_timer: Timer,
    election_timeout: (Duration, Duration),
    next_election_deadline: Instant,
    snapshot_delta: usize,
    pub snapshot: Option<Snapshot<D>>,
    pub index_offset: usize,
}

impl<C, M, T, D> Seen<C, M, T, D>
where
    C: Cluster<T, D>,
    M: StateMachine<T, D>,
    T: StateMachineTransition,
    D: Clone,
{
    pub fn of(replica: &Replica<C, M, T, D>) -> &Seen<C, M, T, D> {
        const {
            assert!(size_of::<Self>() == size_of::<Replica<C, M, T, D>>());
            assert!(align_of::<Self>() == align_of::<Replica<C, M, T, D>>());
        }
        // SAFETY: the same fields of the same types in the same order.
        let seen = unsafe { &*std::ptr::from_ref(replica).cast::<Self>() };
        let has_its_peers = seen.peer_ids.iter().all(|peer| *peer != seen.id);
        assert!(has_its_peers && seen.election_timeout == (Duration::ZERO, Duration::ZERO));
        assert!(seen.heartbeat_timer.timeout == Duration::from_secs(60));
        seen
    }
}
