// The address: the names of the steps, after the # of the page's own.

export const read = () => location.hash.slice(1).split("/").filter(Boolean);
export const link = (names) => `#${names.join("/")}`;
export const go = (names) => { location.hash = link(names); };
export const begins = (whole, part) => part.every((name, at) => whole[at] === name);
