// Asks the server; whose cluster it is stands in the address, or is the command's own.

const KEYS = ["bug", "with", "servers", "values", "voters", "network"];

export function cluster() {
  const found = {};
  for (const [name, value] of new URLSearchParams(location.search))
    if (KEYS.includes(name)) found[name] = value;
  return found;
}

async function send(name, question) {
  const reply = await fetch(`api/${name}`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ cluster: cluster(), ...question }),
  }).catch(() => { throw new Error("The server has ended: start raft-ref explore again."); });
  if (reply.ok) return reply;
  const text = await reply.text();
  let line = text;
  try { line = JSON.parse(text).error; } catch { /* a line already */ }
  throw new Error(line);
}

export async function ask(name, question = {}) {
  return (await send(name, question)).json();
}

export async function save(kind, at) {
  const reply = await send("export", { kind, at });
  const named = /filename="(.*)"/.exec(reply.headers.get("content-disposition"))[1];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await reply.blob());
  link.download = named;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  return named;
}
