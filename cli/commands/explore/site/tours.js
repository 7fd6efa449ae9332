// Guided tours: a way with a sentence for each step. A link opens one, in its own cluster.

import { ask } from "./api.js";
import { begins, link } from "./address.js";
import { byId, make } from "./dom.js";

const FEW = 10;
let tour = null, isFirst = true;

export async function prepare(planned) {
  const { tours } = await ask("tours");
  const groups = new Map();
  for (const each of tours) groups.set(each.group, [...(groups.get(each.group) || []), each]);
  byId("tours").replaceChildren(...[...groups].map(([group, all]) =>
    make("details", { open: all.length < FEW ? "" : null }, make("summary", {}, group),
      make("ul", {}, ...all.map((each) => make("li", {},
        make("a", { href: `?${new URLSearchParams({ ...each.cluster, tour: each.name })}#` }, each.title),
        ` (${each.steps} steps)`))))));
  const name = new URLSearchParams(location.search).get("tour");
  if (!name) return;
  tour = await ask("tours", { tour: name });
  tour.names = tour.steps.map((step) => step.name);
  byId("tour").hidden = false;
  byId("tour-title").textContent = `${tour.title}.`;
  byId("tour-leave").href = location.search.replace(/[?&]tour=[^&]*/, "").replace(/^(?!\?)/, "?");
  planned(tour.names);
}

export function show(address) {
  if (isFirst || address.length) byId("about-tours").open = isFirst && !address.length && !tour;
  if (address.length) isFirst = false;
  if (!tour) return;
  const along = begins(tour.names, address);
  const step = along && address.length ? tour.steps[address.length - 1] : null;
  byId("tour-says").textContent = !along ? "You have left the way of the tour."
    : step ? step.says || "" : tour.about;
  byId("tour-leave").hash = link(address);
  const back = byId("tour-back");
  back.hidden = along;
  let common = 0;
  while (common < address.length && address[common] === tour.names[common]) common += 1;
  back.href = link(tour.names.slice(0, common));
}
