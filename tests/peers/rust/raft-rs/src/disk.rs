//! What a server of raft-rs has stored; it outlives the server.

use std::cell::RefCell;
use std::rc::Rc;

use raft::prelude::*;
use raft::{GetEntriesContext, RaftState, Result, StorageError};

#[derive(Default)]
pub struct Stored {
    pub hard_state: HardState,
    /// How far the log is compacted, and the members as of there: those that it starts with.
    pub snapshot: SnapshotMetadata,
    pub entries: Vec<Entry>,
}

impl Stored {
    pub fn last_index(&self) -> u64 {
        self.snapshot.index + self.entries.len() as u64
    }

    pub fn append(&mut self, entries: &[Entry]) {
        if let Some(first) = entries.first() {
            assert!(first.index <= self.last_index() + 1, "a hole in the log");
            self.entries.truncate((first.index - self.snapshot.index - 1) as usize);
            self.entries.extend_from_slice(entries);
        }
    }

    pub fn install(&mut self, snapshot: &Snapshot) {
        self.snapshot = snapshot.get_metadata().clone();
        self.entries.clear();
    }

    /// Compacts up to an entry that is applied, with the members as of there.
    pub fn compact(&mut self, index: u64, members: ConfState) {
        self.snapshot.term = self.term(index).expect("it is in the log");
        self.entries.drain(..(index - self.snapshot.index) as usize);
        self.snapshot.index = index;
        self.snapshot.set_conf_state(members);
    }

    fn term(&self, index: u64) -> Result<u64> {
        if index == self.snapshot.index {
            return Ok(self.snapshot.term);
        }
        let place = index.checked_sub(self.snapshot.index + 1).ok_or(StorageError::Compacted)?;
        let entry = self.entries.get(place as usize).ok_or(StorageError::Unavailable)?;
        Ok(entry.term)
    }
}

#[derive(Clone, Default)]
pub struct Disk(pub Rc<RefCell<Stored>>);

impl Storage for Disk {
    fn initial_state(&self) -> Result<RaftState> {
        let stored = self.0.borrow();
        Ok(RaftState::new(stored.hard_state.clone(), stored.snapshot.get_conf_state().clone()))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        let stored = self.0.borrow();
        if low <= stored.snapshot.index {
            return Err(StorageError::Compacted.into());
        }
        let place = |index| (index - stored.snapshot.index - 1) as usize;
        let mut found = stored.entries[place(low)..place(high)].to_vec();
        raft::util::limit_size(&mut found, max_size.into());
        Ok(found)
    }

    fn term(&self, index: u64) -> Result<u64> {
        self.0.borrow().term(index)
    }

    fn first_index(&self) -> Result<u64> {
        Ok(self.0.borrow().snapshot.index + 1)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.0.borrow().last_index())
    }

    fn snapshot(&self, _: u64, _: u64) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        snapshot.set_metadata(self.0.borrow().snapshot.clone());
        snapshot.set_data(b"state".to_vec().into());
        Ok(snapshot)
    }
}
