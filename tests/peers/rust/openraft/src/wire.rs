//! What servers of openraft are connected by: each question waits for its answer, or until it is
//! given up.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use openraft::error::{InstallSnapshotError, NetworkError, RPCError, RaftError};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};
use openraft::{RaftNetwork, RaftNetworkFactory};
use tokio::sync::oneshot;

use crate::Types;

#[derive(Clone)]
pub enum Question {
    Append(AppendEntriesRequest<Types>),
    Vote(VoteRequest<u64>),
    Snapshot(InstallSnapshotRequest<Types>),
}

pub enum Answer {
    Append(AppendEntriesResponse<u64>),
    Vote(VoteResponse<u64>),
    Snapshot(InstallSnapshotResponse<u64>),
}

impl Clone for Answer {
    fn clone(&self) -> Answer {
        use AppendEntriesResponse::{Conflict, HigherVote, PartialSuccess, Success};
        match self {
            Answer::Append(Success) => Answer::Append(Success),
            Answer::Append(PartialSuccess(matched)) => Answer::Append(PartialSuccess(*matched)),
            Answer::Append(Conflict) => Answer::Append(Conflict),
            Answer::Append(HigherVote(vote)) => Answer::Append(HigherVote(*vote)),
            Answer::Vote(answer) => Answer::Vote(answer.clone()),
            Answer::Snapshot(answer) => {
                Answer::Snapshot(InstallSnapshotResponse { vote: answer.vote })
            }
        }
    }
}

#[derive(Clone)]
pub struct Package {
    pub number: u64,
    pub question: Question,
    pub answer: Option<Answer>,
}

#[derive(Default)]
pub struct Packages {
    /// Each with who sends it, and to whom.
    pub sent: Vec<(u64, u64, Package)>,
    waiting: BTreeMap<u64, (u64, oneshot::Sender<Answer>)>,
    asked: u64,
}

impl Packages {
    fn ask(&mut self, from: u64, to: u64, question: Question) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.asked += 1;
        self.waiting.insert(self.asked, (from, sender));
        self.sent.push((from, to, Package { number: self.asked, question, answer: None }));
        receiver
    }

    /// Hands over an answer, if it is still waited for.
    pub fn answer(&mut self, number: u64, answer: Answer) {
        if let Some((_, sender)) = self.waiting.remove(&number) {
            let _ = sender.send(answer);
        }
    }

    /// Whether a server has just voted for somebody.
    pub fn gives_vote(&self, server: u64) -> bool {
        let answers = self.sent.iter().filter(|(from, _, _)| *from == server);
        answers
            .filter_map(|(_, _, package)| package.answer.as_ref())
            .any(|answer| matches!(answer, Answer::Vote(answer) if answer.vote_granted))
    }

    /// A server waits no longer for what it has asked.
    pub fn give_up(&mut self, server: u64) {
        self.waiting.retain(|_, (from, _)| *from != server);
    }
}

#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Packages>>);

impl Wire {
    pub fn packages(&self) -> MutexGuard<'_, Packages> {
        self.0.lock().unwrap()
    }
}

/// The network as a server sees it.
pub struct End {
    pub wire: Wire,
    pub server: u64,
}

/// The way to one other.
pub struct Line {
    wire: Wire,
    from: u64,
    to: u64,
}

impl RaftNetworkFactory<Types> for End {
    type Network = Line;

    async fn new_client(&mut self, target: u64, _: &()) -> Line {
        Line { wire: self.wire.clone(), from: self.server, to: target }
    }
}

impl Line {
    async fn ask<E: std::error::Error>(
        &self,
        question: Question,
    ) -> Result<Answer, RPCError<u64, (), E>> {
        let answer = self.wire.packages().ask(self.from, self.to, question);
        let gone = io::Error::from(io::ErrorKind::TimedOut);
        answer.await.map_err(|_| RPCError::Network(NetworkError::new(&gone)))
    }
}

impl RaftNetwork<Types> for Line {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RPCError<u64, (), RaftError<u64>>> {
        match self.ask(Question::Append(request)).await? {
            Answer::Append(answer) => Ok(answer),
            _ => unreachable!("it answers what was asked"),
        }
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<Types>,
        _: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, RPCError<u64, (), RaftError<u64, InstallSnapshotError>>>
    {
        match self.ask(Question::Snapshot(request)).await? {
            Answer::Snapshot(answer) => Ok(answer),
            _ => unreachable!("it answers what was asked"),
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<u64>,
        _: RPCOption,
    ) -> Result<VoteResponse<u64>, RPCError<u64, (), RaftError<u64>>> {
        match self.ask(Question::Vote(request)).await? {
            Answer::Vote(answer) => Ok(answer),
            _ => unreachable!("it answers what was asked"),
        }
    }
}
