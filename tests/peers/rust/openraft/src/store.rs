//! What a server of openraft has stored, and its state machine.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Cursor;
use std::ops::RangeBounds;
use std::sync::{Arc, Mutex, MutexGuard};

use openraft::storage::{LogFlushed, RaftLogStorage, RaftStateMachine};
use openraft::{
    CommittedLeaderId, EntryPayload, LogId, LogState, OptionalSend, RaftLogReader,
    RaftSnapshotBuilder, Snapshot, SnapshotMeta, StorageError, StoredMembership, Vote,
};

use crate::Types;
use crate::members::Members;

pub type Entry = openraft::Entry<Types>;
type Result<T> = std::result::Result<T, StorageError<u64>>;

#[derive(Default)]
pub struct Stored {
    pub vote: Option<Vote<u64>>,
    pub log: BTreeMap<u64, Entry>,
    pub purged: Option<LogId<u64>>,
    /// As of where it is purged.
    pub members_purged: Members,
    pub snapshot: Option<SnapshotMeta<u64, ()>>,
    applied: Option<LogId<u64>>,
    members: StoredMembership<u64, ()>,
}

#[derive(Clone, Default)]
pub struct Store(Arc<Mutex<Stored>>);

impl Store {
    /// A store whose log begins with its members, at index 0.
    pub fn new(servers: u64) -> Store {
        let store = Store::default();
        let members = Members::new(vec![(1..=servers).collect()], None);
        let first = Entry { log_id: LogId::default(), payload: EntryPayload::Membership(members) };
        store.stored().log.insert(0, first);
        store
    }

    /// A store that begins behind a snapshot which has its members: who is added gets it.
    pub fn member_of(voters: &[u64]) -> Store {
        let store = Store::default();
        let at = Some(LogId::new(CommittedLeaderId::new(1, 0), 1));
        let members = Members::new(vec![voters.iter().copied().collect()], None);
        let mut stored = store.stored();
        stored.vote = Some(Vote::new(1, 0)); // nobody's
        (stored.purged, stored.applied) = (at, at);
        stored.members_purged = members.clone();
        stored.members = StoredMembership::new(at, members);
        stored.snapshot = Some(SnapshotMeta {
            last_log_id: at,
            last_membership: stored.members.clone(),
            snapshot_id: "1".to_string(),
        });
        drop(stored);
        store
    }

    pub fn stored(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap()
    }

    /// What a crash leaves: of the state machine, its snapshot.
    pub fn crash(&self) {
        let mut stored = self.stored();
        let snapshot = stored.snapshot.clone();
        stored.applied = snapshot.as_ref().and_then(|snapshot| snapshot.last_log_id);
        stored.members = snapshot.map(|snapshot| snapshot.last_membership).unwrap_or_default();
    }
}

fn data() -> Box<Cursor<Vec<u8>>> {
    Box::new(Cursor::new(b"state".to_vec()))
}

impl RaftLogReader<Types> for Store {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry>> {
        Ok(self.stored().log.range(range).map(|(_, entry)| entry.clone()).collect())
    }
}

impl RaftLogStorage<Types> for Store {
    type LogReader = Store;

    async fn get_log_state(&mut self) -> Result<LogState<Types>> {
        let stored = self.stored();
        let last = stored.log.values().next_back().map(|entry| entry.log_id);
        Ok(LogState { last_purged_log_id: stored.purged, last_log_id: last.or(stored.purged) })
    }

    async fn get_log_reader(&mut self) -> Store {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<u64>) -> Result<()> {
        self.stored().vote = Some(*vote);
        Ok(())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<u64>>> {
        Ok(self.stored().vote)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<Types>) -> Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
    {
        self.stored().log.extend(entries.into_iter().map(|entry| (entry.log_id.index, entry)));
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, from: LogId<u64>) -> Result<()> {
        self.stored().log.split_off(&from.index);
        Ok(())
    }

    async fn purge(&mut self, upto: LogId<u64>) -> Result<()> {
        let mut stored = self.stored();
        let of_snapshot = stored.snapshot.as_ref().filter(|each| each.last_log_id == Some(upto));
        let of_snapshot = of_snapshot.map(|each| each.last_membership.membership().clone());
        let entries = stored.log.range(..=upto.index).map(|(_, entry)| &entry.payload).rev();
        let of_log = entries.filter_map(|payload| match payload {
            EntryPayload::Membership(members) => Some(members.clone()),
            _ => None,
        });
        if let Some(members) = of_snapshot.or_else(|| of_log.into_iter().next()) {
            stored.members_purged = members;
        }
        stored.log = stored.log.split_off(&(upto.index + 1));
        stored.purged = Some(upto);
        Ok(())
    }
}

impl RaftStateMachine<Types> for Store {
    type SnapshotBuilder = Store;

    async fn applied_state(&mut self) -> Result<(Option<LogId<u64>>, StoredMembership<u64, ()>)> {
        let stored = self.stored();
        Ok((stored.applied, stored.members.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<()>>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
    {
        let mut stored = self.stored();
        let mut answers = Vec::new();
        for entry in entries {
            stored.applied = Some(entry.log_id);
            if let EntryPayload::Membership(members) = entry.payload {
                stored.members = StoredMembership::new(Some(entry.log_id), members);
            }
            answers.push(());
        }
        Ok(answers)
    }

    async fn get_snapshot_builder(&mut self) -> Store {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, ()>,
        _: Box<Cursor<Vec<u8>>>,
    ) -> Result<()> {
        let mut stored = self.stored();
        stored.applied = meta.last_log_id;
        stored.members = meta.last_membership.clone();
        stored.snapshot = Some(meta.clone());
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>> {
        let meta = self.stored().snapshot.clone();
        Ok(meta.map(|meta| Snapshot { meta, snapshot: data() }))
    }
}

impl RaftSnapshotBuilder<Types> for Store {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>> {
        let mut stored = self.stored();
        let index = stored.applied.map_or(0, |applied| applied.index);
        let meta = SnapshotMeta {
            last_log_id: stored.applied,
            last_membership: stored.members.clone(),
            snapshot_id: index.to_string(),
        };
        stored.snapshot = Some(meta.clone());
        Ok(Snapshot { meta, snapshot: data() })
    }
}
