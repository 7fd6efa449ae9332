// To be copied: writes traces (traces/FORMAT.md of raft-ref), and is driven (traces/ADAPTER.md).
'use strict';
const fs = require('fs');
const readline = require('readline');

const behindColon = (text) => Number.parseInt(text.slice(text.lastIndexOf(':') + 1), 10) || 0;

const header = (servers, initial) => ({
  format: 'raft-ref-trace', version: 1, servers, logged: 'some', unlogged: [], initial,
});

// Writes what servers do to the file that RAFT_TRACE names, one for each process, and goes on at its
// end; without the variable nothing is written.
class Trace {
  #file = null;
  #buffer = [];
  #clock = 0; // Lamport's: by it `raft-ref validate --merge` orders the files of processes.

  constructor(servers) {
    const path = process.env.RAFT_TRACE;
    if (!path) return;
    this.#file = fs.openSync(path, 'a+');
    const before = fs.readFileSync(path, 'utf8');
    if (before) this.#clock = behindColon(before);
    else this.#buffer.push(JSON.stringify(header(servers, {})) + '\n');
    process.on('exit', () => this.flush());
  }

  // Tells of a step, with the `state` after it, `arguments`, `message`; null is any step. 'Send' comes
  // before the message leaves, and returns the id to go with it, by which its receipt is told.
  line(step, server, parts) {
    if (this.#file === null) return '';
    const message = parts.message || {};
    this.#clock = Math.max(this.#clock, behindColon(message.id || '')) + 1;
    if (step === 'Send') message.id = `${server}:${this.#clock}`;
    this.#buffer.push(JSON.stringify({ step, server, ...parts, clock: this.#clock }) + '\n');
    if (step === 'Send') this.flush(); // A crash loses nothing that others know of.
    return message.id || '';
  }

  // Writes what waits in the buffer.
  flush() {
    if (this.#file !== null) fs.appendFileSync(this.#file, this.#buffer.splice(0).join(''));
  }
}

// Answers requests from standard input with servers in one process, without clock and network, each
// of which `start(me, servers)` makes, with nothing stored. A step returns what it sends (no
// promise); who cannot take it now does nothing. A message may come twice, late or never:
//
//   timeout()                    the election timeout fires
//   receive(message)             a message arrives
//   clientRequest(value)         a client asks to store a value
//   appendEntries(peer, count)   a leader is to send so many entries
//   restart()                    a crash, and a start with what was stored
//   state()                      { currentTerm, votedFor, role, commitIndex, log }
//   fields(message)              { type, source, dest, term, and what it has besides }
function serve(start) {
  const cluster = new Map();
  let sent = [];

  function answer(request) {
    if (request.step === 'Init') {
      const initial = {};
      for (const me of request.servers) {
        cluster.set(me, start(me, request.servers));
        initial[me] = cluster.get(me).state();
      }
      sent = [];
      return { lines: [header(request.servers, initial)] };
    }
    const server = cluster.get(request.server);
    const line = { step: request.step, server: request.server };
    const before = JSON.stringify(server.state());
    let taken;
    switch (request.step) {
      case 'Timeout':
        taken = server.timeout();
        break;
      case 'Receive': case 'ReceiveDuplicate':
        line.step = 'Receive';
        line.message = server.fields(sent[request.id]);
        taken = server.receive(sent[request.id]);
        break;
      case 'ClientRequest':
        taken = server.clientRequest(request.arguments.value);
        break;
      case 'AppendEntries':
        line.step = 'Stay'; // What is sent says more.
        taken = server.appendEntries(request.arguments.peer, request.arguments.count);
        break;
      case 'Restart':
        taken = server.restart();
        break;
      default: // Room for CompactLog; for InstallSnapshot (told as 'Stay'), for Tick (as null).
        return { lines: [], unknown: true };
    }
    line.state = server.state();
    const lines = [line];
    const sends = [];
    for (const message of taken) {
      const fields = server.fields(message);
      lines.push({ step: 'Send', server: request.server, message: fields });
      sends.push({ id: sent.length, message: fields });
      sent.push(message);
    }
    const isTold = sends.length || line.message || request.step === 'Restart';
    return { lines: isTold || before !== JSON.stringify(line.state) ? lines : [], sends };
  }

  process.stdout.on('error', () => process.exit()); // who asked has gone
  readline.createInterface({ input: process.stdin }).on('line', (text) => {
    process.stdout.write(JSON.stringify(answer(JSON.parse(text))) + '\n');
  });
}

module.exports = { Trace, serve };
