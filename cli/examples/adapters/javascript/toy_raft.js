// A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
// `node toy_raft.js` is driven; with RAFT_TRACE set, `node toy_raft.js run` is traced.
'use strict';
const { Trace, serve } = require('./raft_kit.js');

// One server; its messages and what is in its log have the names of traces/FORMAT.md.
class Server {
  constructor(me, servers) {
    this.me = me;
    this.peers = servers.filter((each) => each !== me);
    Object.assign(this, { currentTerm: 0, votedFor: null, log: [] });
    this.restart();
  }

  restart() {
    Object.assign(this, { role: 'Follower', commitIndex: 0 });
    if (process.argv.includes('--forgets-vote')) this.votedFor = null; // A known bug, to see it found.
    return [];
  }

  timeout() {
    if (this.role === 'Leader') return [];
    Object.assign(this, { currentTerm: this.currentTerm + 1, votedFor: this.me, role: 'Candidate' });
    this.votes = new Set([this.me]);
    const end = { lastLogIndex: this.log.length, lastLogTerm: this.termAt(this.log.length) };
    return this.peers.map((peer) => this.message('RequestVoteRequest', peer, end));
  }

  clientRequest(value) {
    if (this.role === 'Leader') this.log.push({ term: this.currentTerm, value });
    return [];
  }

  appendEntries(peer, count) {
    if (this.role !== 'Leader') return [];
    const prevLogIndex = this.nextIndex[peer] - 1;
    const entries = this.log.slice(prevLogIndex, prevLogIndex + count);
    return [this.message('AppendEntriesRequest', peer, {
      prevLogIndex, prevLogTerm: this.termAt(prevLogIndex), entries, leaderCommit: this.commitIndex,
    })];
  }

  receive(message) {
    if (message.term > this.currentTerm) {
      Object.assign(this, { currentTerm: message.term, votedFor: null, role: 'Follower' });
    }
    const isOfTerm = message.term === this.currentTerm;
    switch (message.type) {
      case 'RequestVoteRequest': {
        const mine = this.termAt(this.log.length);
        const isUpToDate = message.lastLogTerm > mine
          || (message.lastLogTerm === mine && message.lastLogIndex >= this.log.length);
        const isFree = this.votedFor === null || this.votedFor === message.source;
        const voteGranted = isOfTerm && isUpToDate && isFree;
        if (voteGranted) this.votedFor = message.source;
        return [this.message('RequestVoteResponse', message.source, { voteGranted })];
      }
      case 'AppendEntriesRequest': {
        if (isOfTerm) this.role = 'Follower';
        const success = isOfTerm && message.prevLogIndex <= this.log.length
          && this.termAt(message.prevLogIndex) === message.prevLogTerm;
        const matchIndex = success ? this.store(message) : 0;
        return [this.message('AppendEntriesResponse', message.source, { success, matchIndex })];
      }
      case 'RequestVoteResponse':
        if (isOfTerm && this.role === 'Candidate') this.countVote(message);
        return [];
      default:
        if (isOfTerm && this.role === 'Leader') this.countMatch(message);
        return [];
    }
  }

  message(type, dest, more) {
    return { type, source: this.me, dest, term: this.currentTerm, ...more };
  }

  termAt(index) { return index ? this.log[index - 1].term : 0; }

  store({ prevLogIndex, entries, leaderCommit }) {
    entries.forEach((entry, i) => {
      const at = prevLogIndex + i;
      if (at < this.log.length && this.log[at].term !== entry.term) this.log.length = at; // A conflict.
      this.log[at] = entry;
    });
    const end = prevLogIndex + entries.length;
    this.commitIndex = Math.max(this.commitIndex, Math.min(leaderCommit, end));
    return end;
  }

  countVote({ source, voteGranted }) {
    if (voteGranted) this.votes.add(source);
    if (2 * this.votes.size <= this.peers.length + 1) return;
    this.role = 'Leader';
    this.nextIndex = Object.fromEntries(this.peers.map((peer) => [peer, this.log.length + 1]));
    this.matchIndex = Object.fromEntries(this.peers.map((peer) => [peer, 0]));
  }

  countMatch({ source, success, matchIndex }) {
    const match = Math.max(this.matchIndex[source], matchIndex);
    this.matchIndex[source] = match;
    this.nextIndex[source] = Math.max(this.nextIndex[source] - (success ? 0 : 1), match + 1);
    // So far have a majority come, with this server:
    const all = [this.log.length, ...Object.values(this.matchIndex)].sort((a, b) => a - b);
    const index = all[Math.floor(this.peers.length / 2)];
    if (index > this.commitIndex && this.termAt(index) === this.currentTerm) this.commitIndex = index;
  }

  // What it is in the names of traces/FORMAT.md.

  state() {
    const { currentTerm, votedFor, role, commitIndex, log } = this;
    return { currentTerm, votedFor, role, commitIndex, log: [...log] };
  }

  fields(message) { return { ...message }; }
}

// A run that is traced: servers that wait for messages, some of which are lost.
async function live(server, inboxes, trace) {
  for (let count = 0; count < 100; count += 1) {
    const patience = server.role === 'Leader' ? 1 : 2 + 5 * Math.random();
    const wait = inboxes[server.me].length ? 0 : patience;
    await new Promise((resolve) => { setTimeout(resolve, wait); });
    const message = inboxes[server.me].shift();
    let [step, sends] = ['Receive', []];
    if (message) {
      sends = server.receive(message);
    } else if (Math.random() < 0.05) {
      [step, sends] = ['Restart', server.restart()];
    } else if (server.role === 'Leader') {
      [step, sends] = ['ClientRequest', server.clientRequest('v')];
      sends = server.peers.flatMap((peer) => server.appendEntries(peer, 2));
    } else {
      [step, sends] = ['Timeout', server.timeout()];
    }
    trace.line(step, server.me, { state: server.state(), message });
    for (const each of sends) {
      trace.line('Send', server.me, { message: each }); // Which has an id then.
      if (Math.random() < 0.9) inboxes[each.dest].push(each);
    }
  }
}

if (process.argv[2] === 'run') {
  const names = ['s1', 's2', 's3'];
  const [trace, inboxes] = [new Trace(names), { s1: [], s2: [], s3: [] }];
  names.forEach((me) => live(new Server(me, names), inboxes, trace));
} else if (require.main === module) serve((me, servers) => new Server(me, servers));
