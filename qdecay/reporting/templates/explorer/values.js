// ---- the chart of action values

const MARGIN = { left: 62, right: 16, top: 14, bottom: 40 };

/** A value in the unit chosen: as it is, per step, or behind the best relative to it. */
function valueOf(chapter, curve, index) {
  const { curves, gains, pairs, gammas } = chapter.data;
  if (chapter.unit === "value") return curves[curve][index];
  if (chapter.unit === "scaled") {
    if (isOne(chapter, index)) return gains[curve];
    return curves[curve][index] === null ? null : curves[curve][index] * (1 - gammas[index]);
  }
  const among = pairs[chapter.state].filter((c) => c !== null);
  // At gamma = 1 gains come first: where the best is not 0, all else is nothing beside it.
  const per = isOne(chapter, index) && Math.max(...among.map((c) => gains[c])) !== 0;
  const value = (c) => (per ? gains[c] : curves[c][index]);
  const top = Math.max(...among.map(value).filter((v) => v !== null));
  return value(curve) === null || top === 0 ? null : (value(curve) - top) / Math.abs(top);
}

/** Actions of the chosen state, one entry for all that share a curve. */
function stateCurves(chapter) {
  const curves = new Map();
  chapter.data.pairs[chapter.state].forEach((curve, action) => {
    if (curve === null) return;
    if (curves.has(curve)) curves.get(curve).push(action); else curves.set(curve, [action]);
  });
  return [...curves].map(([curve, actions]) => ({ curve, actions }));
}

function niceTicks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k += 1) ticks.push(k * step);
  return ticks.map((tick) => Number(tick.toPrecision(6)));
}

/** A tick's number whole, in the room that the margin leaves. */
function tickText(value) {
  const text = String(value);
  return signed(text.length <= 6 ? text : value.toExponential().replace("e+", "e"));
}

function valueRange(chapter, curves) {
  const { gammas } = chapter.data;
  const seen = [];
  for (const { curve } of curves) {
    for (let i = 0; i < gammas.length; i += 1) {
      const tooFar = chapter.data.grows && chapter.unit === "value" && !log && gammas[i] > 0.97;
      const value = valueOf(chapter, curve, i);
      if (!tooFar && value !== null) seen.push(value);
    }
  }
  if (!seen.length) return [0, 1];
  let low = seen[0], high = seen[0];
  for (const value of seen) { low = Math.min(low, value); high = Math.max(high, value); }
  if (chapter.unit === "behind") low = Math.max(low, -1);
  low = Math.min(low, 0);
  const room = (high - low || 1) * 0.06;
  return [low < 0 ? low - room : low, high + room];
}

/** Until somebody chooses: per step where values grow, behind the best where curves would coincide. */
function chooseUnit(chapter, curves) {
  if (!chapter.unitChosen) {
    chapter.unit = "value";
    if (chapter.data.grows) chapter.unit = "scaled"; else if (coincide(chapter, curves)) chapter.unit = "behind";
  }
  byId(`unit-${chapter.number}`).value = chapter.unit;
}

/** Whether no eye could tell the curves apart: they differ by less than 4 % of what they span. */
function coincide(chapter, curves) {
  if (curves.length < 2) return false;
  const [low, high] = valueRange(chapter, curves);
  return chapter.data.gammas.every((_, i) => {
    const values = curves.map(({ curve }) => valueOf(chapter, curve, i)).filter((value) => value !== null);
    return !values.length || Math.max(...values) - Math.min(...values) < 0.04 * (high - low);
  });
}

/** An empty chart over gamma: its axis, the breakpoints of the chosen state where they matter, and room for curves. */
function frameOf(chapter, name, height, label, ofState = true) {
  const holder = byId(`${name}-${chapter.number}`);
  const width = Math.max(holder.clientWidth, 240);
  const x = (gamma) => MARGIN.left + place(gamma) * (width - MARGIN.left - MARGIN.right);
  const bottom = height - MARGIN.bottom;
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  const clip = element("clipPath", { id: `clip-${name}-${chapter.number}` });
  clip.append(element("rect", { x: MARGIN.left, y: MARGIN.top - 6, width: width - MARGIN.left - MARGIN.right + 6, height: bottom - MARGIN.top + 12 }));
  svg.append(clip);
  for (const [position, text] of axisMarks(width - MARGIN.left - MARGIN.right)) {
    const px = MARGIN.left + position * (width - MARGIN.left - MARGIN.right);
    svg.append(element("line", { class: "tick", x1: px, x2: px, y1: bottom, y2: bottom + 5 }));
    svg.append(element("text", { x: px, y: bottom + 19, "text-anchor": anchor([position, text]) }, text));
  }
  svg.append(element("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: bottom, y2: bottom }));
  svg.append(element("text", { class: "label", x: width - MARGIN.right, y: height - 4, "text-anchor": "end" }, `discount factor γ${log ? ", log scale of 1 − γ" : ""}`));
  for (const [index, point] of ofState ? chapter.points : []) {
    if (!(chapter.state in point.changes)) continue;
    const px = x(chapter.data.gammas[index]);
    svg.append(element("line", { class: "break", x1: px, x2: px, y1: MARGIN.top - 6, y2: bottom }));
  }
  const inner = element("g", { "clip-path": `url(#clip-${name}-${chapter.number})` });
  const cursor = element("line", { class: "cursor", y1: MARGIN.top - 6, y2: bottom });
  const mark = (py, text) => svg.append(
    element("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: py, y2: py }),
    element("text", { x: MARGIN.left - 8, y: py + 4, "text-anchor": "end" }, text));
  const finish = (dots) => { svg.append(inner, cursor, ...dots); holder.replaceChildren(svg); };
  follows(svg, chapter, (px, pixels) => (px * width / pixels - MARGIN.left) / (width - MARGIN.left - MARGIN.right));
  return { x, bottom, width, inner, cursor, mark, finish };
}

const heightOf = (chapter, name, share) => Math.round(Math.max(200, Math.min(340, byId(`${name}-${chapter.number}`).clientWidth * share)));
const move = (cursor, px) => { cursor.setAttribute("x1", px); cursor.setAttribute("x2", px); };

function drawChart(chapter) {
  const curves = stateCurves(chapter);
  chooseUnit(chapter, curves);
  const [low, high] = valueRange(chapter, curves);
  const frame = frameOf(chapter, "chart", heightOf(chapter, "chart", 0.5),
    `Action values of ${stateCalled(chapter.data.states[chapter.state])} over gamma; the numbers are in the list below`);
  const { x, bottom, cursor } = frame;
  const y = (value) => bottom - (value - low) / (high - low) * (bottom - MARGIN.top);
  for (const value of niceTicks(low, high)) {
    frame.mark(y(value), chapter.unit === "behind" ? `${tickText(Number((100 * value).toPrecision(6)))} %` : tickText(value));
  }
  for (const { curve, actions } of curves) {
    let path = "";
    chapter.data.gammas.forEach((gamma, index) => {
      const value = valueOf(chapter, curve, index);
      if (value !== null) path += `${path ? "L" : "M"}${x(gamma).toFixed(1)} ${y(value).toFixed(1)}`;
    });
    const line = element("path", { class: "curve", d: path });
    paintActions(line, actions.slice(0, 1));
    if (curves.length > 1) line.classList.add(`dash${actions[0] % 8}`);
    frame.inner.append(line);
  }
  const dots = curves.map(({ actions }) => {
    const dot = element("circle", { class: "dot", r: 5 });
    paintActions(dot, actions.slice(0, 1));
    return dot;
  });
  frame.finish(dots);
  drawReadings(chapter, curves);
  chapter.x = x;
  chapter.y = y;
  chapter.moving = { curves, cursor, dots };
}

function drawReadings(chapter, curves) {
  byId(`readings-${chapter.number}`).replaceChildren(...curves.map(({ actions }) => {
    const item = element("li");
    const key = element("i", { class: "key" });
    paintActions(key, actions.slice(0, 1));
    item.append(key, element("span", { class: "who" }, names(chapter, actions)), element("span", { class: "value" }), element("span", { class: "is-best" }));
    return item;
  }));
}

// ---- the action gap: how much the best action of the chosen state leads by

/** The optimal actions of the region that ends or lies at a sample: what ties at a point is behind by 0. */
const leaders = (chapter, index) => chapter.regions.regions[chapter.data.regions[index]].optimal_actions[chapter.state];

/** In reward units; null where all actions are best, and where a value is unknown. */
function gapAt(chapter, index) {
  const { curves, pairs, gaps, gap_of } = chapter.data;
  const known = gaps[gap_of[chapter.state]][index];
  if (known !== undefined) return known;
  const optimal = leaders(chapter, index);
  const value = (actions) => pairs[chapter.state].flatMap((curve, a) => (curve !== null && actions(a) ? [curves[curve][index]] : []));
  const top = value((a) => optimal.includes(a)), rest = value((a) => !optimal.includes(a));
  return !rest.length || [...top, ...rest].includes(null) ? null : Math.max(0, Math.max(...top) - Math.max(...rest));
}

/** The lowest decade drawn and the greatest gap: all but the smallest tenth, from two to eight decades. */
function gapRange(chapter, gaps) {
  const far = (i) => chapter.data.grows && !log && chapter.data.gammas[i] > 0.97;
  const seen = gaps.filter((gap, i) => gap > 0 && !far(i)).sort((a, b) => a - b);
  if (!seen.length) return [-1, 0];
  const high = Math.log10(seen[seen.length - 1]);
  const low = Math.floor(Math.max(Math.log10(seen[Math.floor(seen.length / 10)]), high - 8));
  return [Math.min(low, high - 2), high];
}

/** A curve on the log axis; between two gammas the gap is nearly straight, so where it falls to 0 it is a cusp. */
function gapPath(gammas, gaps, x, y) {
  let path = "", before = null;
  const to = (gamma, gap) => { path += `${before === null ? "M" : "L"}${x(gamma).toFixed(1)} ${y(gap).toFixed(1)}`; before = gap; };
  gaps.forEach((gap, i) => {
    const spread = log && i === gammas.length - 1;  // the log scale has no room up to 1
    if (gap !== null && before !== null && (gap === 0) !== (before === 0) && !spread) {
      const [from, start] = [gammas[i - 1], before];
      for (const part of gap === 0 ? CUSP.map((t) => 1 - t) : [...CUSP].reverse()) to(from + part * (gammas[i] - from), start + part * (gap - start));
    }
    if (gap === null) before = null; else to(gammas[i], gap);
  });
  return path;
}
const CUSP = [1, 2, 3, 4, 6, 8].map((k) => 2 ** -k);

function drawGap(chapter) {
  const { gammas, states } = chapter.data;
  const gaps = gammas.map((_, index) => gapAt(chapter, index));
  const none = gaps.every((gap) => gap === null);
  byId(`gap-${chapter.number}`).hidden = none;
  chapter.lead = null;
  if (none) return;
  const [low, high] = gapRange(chapter, gaps);
  const frame = frameOf(chapter, "gap", Math.round(heightOf(chapter, "gap", 0.33)),
    `Action gap: how much the best action of ${stateCalled(states[chapter.state])} leads by, over gamma, on a log scale; the number is in the sentence below`);
  const { x, bottom, cursor } = frame;
  const floor = bottom - 18;  // 0, and what is too small to draw, lies below the lowest decade
  const y = (gap) => (gap > 0 ? Math.min(bottom, floor - (Math.log10(gap) - low) / (high - low) * (floor - MARGIN.top)) : bottom);
  frame.mark(bottom, "0");
  const step = Math.ceil((high - low) * 24 / (floor - MARGIN.top));
  for (let k = Math.ceil(low); k <= high + 1e-9; k += step) frame.mark(y(10 ** k), powerText(k));
  frame.inner.append(element("path", { class: "curve", d: gapPath(gammas, gaps, x, y) }));
  const dot = element("circle", { class: "dot", r: 5 });
  frame.finish([dot]);
  chapter.lead = { x, y, cursor, dot, bottom };
}

const powerText = (k) => (k >= -3 && k <= 4 ? String(Number(`1e${k}`)) : `10${raised(k)}`);

/** Three digits, small and large ones with a power of ten. */
function threeDigits(value) {
  const [digits, power] = value.toExponential(2).split("e");
  return value === 0 || (power >= -4 && power < 6) ? String(Number(value.toPrecision(3))) : `${Number(digits)}\u00a0×\u00a010${raised(Number(power))}`;
}

function leadSentence(chapter, index, gap) {
  const here = `At γ = ${chapter.data.texts[index]} `;
  const optimal = leaders(chapter, index);
  if (gap === null && chapter.data.pairs[chapter.state].every((curve, a) => curve === null || optimal.includes(a))) return `${here}all actions here are worth the same.`;
  if (gap === null) return `${here}there are no values to subtract.`;
  if (gap === 0) return `${here}the best action leads by 0: ${best(chapter, chapter.state, index).map((a) => chapter.data.actions[a]).join(" and ")} are worth the same, and no learner can tell them apart.`;
  const who = optimal.length > 1 ? "the best actions lead" : "the best action leads";
  return `${here}${who} by ${threeDigits(gap)} reward units: to see which is better, a learner has to know its values more precisely than this.`;
}

function paintGap(chapter, index, gap) {
  byId(`lead-${chapter.number}`).textContent = leadSentence(chapter, index, gap);
  if (!chapter.lead) return;
  const { x, y, cursor, dot } = chapter.lead;
  paintActions(dot, best(chapter, chapter.state, index).slice(0, 1));
  const px = x(chapter.data.gammas[index]);
  move(cursor, px);
  dot.setAttribute("cx", px);
  dot.setAttribute("cy", gap === null ? -99 : Math.max(-9, y(gap)));
}
