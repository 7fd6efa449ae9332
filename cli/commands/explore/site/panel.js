// The state: each server, what is in flight, which properties are true, and the code that ran.

import { byId, make } from "./dom.js";

export function show(place) {
  byId("cluster").textContent = [
    place.cluster.description, `${place.cluster.servers.length} servers`].join(", ");
  byId("story").textContent = place.words;
  byId("note").textContent = [
    ...(place.note ? [`The trace goes on otherwise: ${place.note}.`] : []),
    ...place.failures.map((line) => `The node fails to take a step from here: ${line}`),
  ].join(" ");
  const broken = place.properties.filter((each) => each.kind === "always" && !each.holds);
  byId("wrong").textContent = broken.length ? `Broken here: ${broken.map((each) => each.name).join(", ")}.` : "";
  servers(place);
  flight(place);
  properties(place.properties);
  code(place);
}

function servers(place) {
  const names = place.cluster.servers, table = byId("servers");
  table.tHead.replaceChildren(make("tr", {}, make("td"),
    ...names.map((name) => make("th", { scope: "col" }, name))));
  const variables = [...new Set(names.flatMap((name) => Object.keys(place.states[name])))];
  const first = ["role", "currentTerm", "votedFor", "log", "commitIndex", "snapshot"];
  variables.sort((one, other) => rank(one) - rank(other));
  function rank(name) { const at = first.indexOf(name); return at < 0 ? 99 : at; }
  table.tBodies[0].replaceChildren(...variables.map((variable) => {
    const row = make("tr", {}, make("th", { scope: "row" }, variable));
    for (const name of names) {
      const value = place.states[name][variable], changed = (place.changed[name] || []).includes(variable);
      const cell = make("td", changed ? { class: "changed", title: "changed by the last step" } : {});
      if (Array.isArray(value)) cell.append(...(value.length ? value.map(entry) : ["empty"]));
      else cell.append(value ?? "");
      row.append(cell);
    }
    return row;
  }));
}

function entry(cell) {
  const said = `${cell.committed ? "committed, " : ""}index ${cell.index}, term ${cell.term}: ${cell.text}`;
  return make("span", {
    class: `cell term${(cell.term - 1) % 6 + 1}${cell.committed ? " committed" : ""}`,
    title: said, "aria-label": said, role: "img",
  }, `t${cell.term} ${cell.text}`);
}

function flight(place) {
  const names = place.cluster.servers, flying = place.flights.filter((each) => !each.over);
  byId("flight-count").textContent = `(${flying.length})`;
  byId("flight").replaceChildren(...flying.map((each) =>
    make("li", {}, `${names[each.from]} to ${names[each.to]}: ${each.text}`)));
}

function properties(all) {
  const broken = all.filter((each) => each.kind === "always" && !each.holds);
  byId("properties-count").textContent = broken.length ? `(${broken.length} broken)` : "(none broken)";
  const ordered = [...broken, ...all.filter((each) => !broken.includes(each))];
  byId("properties").replaceChildren(...ordered.map((each) => {
    const isBroken = broken.includes(each);
    const name = isBroken ? "broken" : each.holds ? "holds" : "not";
    const said = { broken: "✗ broken: ", holds: "✓ ", not: "– not here: " }[name];
    const found = make("details", { class: name, open: isBroken ? "" : null },
      make("summary", {}, `${said}${each.name}`));
    if (each.instances.length)
      found.append(make("h3", {}, "falsified by"), make("pre", {}, each.instances.join("\n")));
    if (each.formula) found.append(make("h3", {}, "formula"), make("pre", { tabindex: 0 }, each.formula));
    return found;
  }));
}

function code(place) {
  const { tla, python } = place.code, blocks = [];
  if (tla.length) blocks.push(make("div", {}, ...tla.flatMap((each) => [
    make("h3", {}, `${each.name} in the specification`),
    make("pre", { class: "tla", tabindex: 0 }, each.text)])));
  if (python.length) blocks.push(make("div", {}, ...python.flatMap((each) => [
    make("h3", {}, `${each.name}, the lines that ran marked`), lines(each)])));
  if (!blocks.length) blocks.push(make("p", { class: "quiet" },
    place.address.length ? "The network alone took this step." : "No step was taken yet."));
  byId("code").replaceChildren(...blocks);
}

function lines(each) {
  const taken = new Set(each.lines);
  return make("pre", { class: "python", tabindex: 0 }, ...each.text.split("\n").flatMap((text, at) => [
    taken.has(at + 1) ? make("span", { class: "taken" }, text) : text, "\n"]));
}
