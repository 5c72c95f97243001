// ---- axes and bars, drawn when the model or the state changes

/** The marks of an axis of so many pixels: [place, text]. */
function axisMarks(pixels) {
  if (!log) return [0, 0.2, 0.4, 0.6, 0.8, 1].map((gamma) => [gamma, String(gamma)]);
  const decade = pixels / (depth + 0.5);
  const marks = [[1, "1"]], last = depth + 0.5 - 38 / decade;  // as far as its label is clear of that of 1
  for (let k = 0; k <= last; k += Math.ceil(58 / decade)) marks.push([k / (depth + 0.5), k < 4 ? (k ? `0.${"9".repeat(k)}` : "0") : `1−10${raised(-k)}`]);
  if (decade > 90) marks.push([place(0.5), "0.5"]);
  return marks;
}
const RAISED = { "−": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((sign, digit) => [digit, sign])) };
const raised = (number) => [...String(number).replace("-", "−")].map((sign) => RAISED[sign]).join("");
const anchor = ([x, text]) => (x === 1 && text.length > 2 ? "end" : "middle");

/** Something at a place of a bar, or between two. */
function at(gamma, attributes, text = "", to = null) {
  const made = element(to === null ? "i" : "div", attributes, text);
  made.style.left = `${100 * place(gamma)}%`;
  if (to !== null) made.style.width = `${100 * (place(to) - place(gamma))}%`;
  return made;
}

function drawAxis() {
  byId("axis").replaceChildren(...axisMarks(byId("axis").clientWidth).map(([x, text]) => {
    const mark = element("span", { class: anchor([x, text]) }, text);
    mark.style.left = `${100 * x}%`;
    return mark;
  }));
}

/** Stretches of gamma on which one state keeps its optimal actions; `from` is their left end, and how it is written. */
function stretches(chapter, state) {
  const found = [];
  chapter.regions.regions.forEach((region, i) => {
    const actions = region.optimal_actions[state];
    const from = i ? chapter.data.breakpoints[i - 1] : 0;
    const last = found[found.length - 1];
    if (last && String(last.actions) === String(actions)) return;
    if (last) last.to = chapter.data.gammas[from];
    found.push({ from: chapter.data.gammas[from], text: chapter.data.texts[from], to: 1, actions });
  });
  return found;
}

/** What is best in a state over gamma, with the numbers where that changes, and where planners and agents flip. */
function drawBar(bar, chapter, state) {
  if (!bar) return;
  const found = stretches(chapter, state);
  const parts = found.map(({ from, to, actions }) => {
    const part = at(from, { class: "part", "data-actions": actions.join(" ") }, "", to);
    part.append(element("span", {}, names(chapter, actions)));
    paintActions(part, actions);
    return part;
  });
  bar.replaceChildren(...parts);
  const cut = parts.filter((part) => part.scrollWidth > part.clientWidth || !part.clientWidth);
  for (const part of cut) part.replaceChildren();
  const unnamed = [[0, "first"], [found.length - 1, "last"]].filter(([i]) => found.length > 1 && !parts[i].textContent);
  const most = Math.floor(bar.clientWidth / 8 / unnamed.length) - 2;  // letters
  const edges = unnamed.map(([i, side]) => element("span", { class: `beyond ${side}` }, short(names(chapter, found[i].actions), most)));
  let written = -1;
  const numbers = found.slice(1).flatMap(({ from, text }) => {
    if (place(from) - written < (text.length + 2) * 8 / bar.clientWidth) return [];
    written = place(from);
    const number = at(from, { class: "crossing" }, text);
    number.style.translate = `${-100 * Math.max(0.1, Math.min(0.9, place(from)))}%`;
    return [number];
  });
  const row = chapter.comparison?.state === state ? chapter.comparison : { learned: [], planned: [], exact: [], epsilon: null };
  const flips = row.learned.filter((each) => each !== null).flatMap(({ median, low, high, interval }) => {
    const [from, to] = interval ?? [low, high];
    return [at(from, { class: "range" }, "", to), at(median, { class: "learned-key" })];
  });
  const planned = row.planned.filter((gamma) => gamma !== null).map((gamma) => at(gamma, { class: "planned-key" }));
  // Agents that explore as they learn aim at other gammas than the bar's.
  const aims = row.epsilon === null ? [] : row.exact.map(({ decimal }) => at(Number(decimal), { class: "mark aim" }));
  const marks = [...chapter.points].map(([index, point]) => at(chapter.data.gammas[index], { class: state in point.changes ? "mark" : "mark minor" }));
  const cursor = element("i", { class: "cursor" });
  bar.replaceChildren(...parts, ...edges, ...marks, ...numbers, ...aims, ...flips, ...planned, cursor);
}

/** The colours of one action, with marks where they come round again, or stripes of the first two that tie; of none, the colour of ties. */
function paintActions(node, actions) {
  const colour = (action) => (action === undefined ? "var(--tied)" : `var(--action${action % 7})`);
  node.style.setProperty("--one", colour(actions[0]));
  node.style.setProperty("--two", colour(actions[1] ?? actions[0]));
  node.classList.toggle("tie", actions.length > 1);
  const round = actions.length === 1 ? Math.floor(actions[0] / 7) % 5 : 0;
  for (const i of [1, 2, 3, 4]) node.classList.toggle(`round${i}`, i === round);
}
