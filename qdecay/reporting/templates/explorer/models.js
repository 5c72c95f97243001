const SVG = "http://www.w3.org/2000/svg";
const SLIDER = 10000;
const byId = (id) => document.getElementById(id);
const read = (id) => JSON.parse(byId(id).textContent);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function element(name, attributes = {}, text = "") {
  const made = SVG_NAMES.has(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== "") made.textContent = text;
  return made;
}
const SVG_NAMES = new Set(["svg", "g", "path", "line", "circle", "text", "clipPath", "rect", "title"]);

/** A state in a sentence: "state 3", or a name that begins with that word itself. */
const stateCalled = (name) => name.toLowerCase().startsWith("state") ? name : `state ${name}`;

// ---- the models

const compared = byId("comparison") ? read("comparison").rows : [];
const chapters = all("section.chapter").map((section, number) => {
  const data = read(`data-${number}`);
  const regions = read(`regions-${number}`);
  const points = new Map();
  data.breakpoints.forEach((index, i) => points.set(index, { kind: "breakpoint", i, ...regions.breakpoints[i] }));
  data.touches.forEach((index, i) => points.set(index, { kind: "touch", i, ...regions.touches[i] }));
  const comparison = compared.find((row) => row.source === regions.source) ?? null;
  return { section, number, data, regions, points, comparison, price: data.price, state: data.state, painted: null };
});

/** Whether a sample is gamma = 1: the last one, whatever floats a breakpoint close to 1 has. */
const isOne = (chapter, index) => index === chapter.data.gammas.length - 1;

/** The optimal actions of a state at a sample: of its region, unless the sample is a point. */
function best(chapter, state, index) {
  if (index === 0) return chapter.regions.at_zero.optimal_actions[state];
  if (isOne(chapter, index)) return chapter.regions.at_one.optimal_actions[state];
  const point = chapter.points.get(index);
  if (point && state in point.changes) return point.changes[state].at;
  return chapter.regions.regions[chapter.data.regions[index]].optimal_actions[state];
}

/** Text with true minus signs. */
const signed = (text) => String(text).replaceAll("-", "−");

/** A text of at most so many letters: of a long one both ends, for many names begin alike. */
const short = (text, most) => (text.length <= most ? text : `${text.slice(0, most >> 1).trimEnd()}…${text.slice(text.length - ((most - 1) >> 1)).trimStart()}`);

const names = (chapter, actions) => actions.map((a) => chapter.data.actions[a]).join(" or ") || "nothing to do";

// ---- what is shown, and where a gamma lies

const shown = { chapter: 0, index: 0 };
const active = () => chapters[shown.chapter];
const depth = Math.max(...chapters.map((chapter) => chapter.data.decades));
const log = document.querySelector("main").dataset.scale === "log";

/** Where a gamma lies on the axis, from 0 to 1: on the log scale 1 stands half a decade behind the last mark. */
const place = (gamma) => (log && gamma < 1 ? Math.min(-Math.log10(1 - gamma), depth + 0.25) / (depth + 0.5) : gamma);

/** The index of the nearest value; of equal ones the last, so that 1 can be reached. */
function nearest(values, wanted) {
  let low = 0, high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= wanted) low = middle; else high = middle - 1;
  }
  return low + 1 < values.length && values[low + 1] - wanted < wanted - values[low] ? low + 1 : low;
}

const sampleAt = (chapter, x) => nearest(chapter.data.gammas.map(place), x);
const sampleOf = (chapter, gamma) => nearest(chapter.data.gammas, gamma);

/** The sample where a page opens: 0.9, or the next that is no tie. */
function opening(chapter) {
  let index = sampleOf(chapter, 0.9);
  while (chapter.points.has(index)) index += 1;
  return index;
}
