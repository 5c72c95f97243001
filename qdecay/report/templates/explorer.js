"use strict";
(() => {
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

  // ---- the slider and its buttons

  const slider = byId("gamma");

  function moveTo(index) {
    shown.index = Math.max(0, Math.min(active().data.gammas.length - 1, index));
    requestPaint();
  }

  function toPoint(direction) {
    const marks = [...active().points.keys()].sort((a, b) => a - b);
    const ahead = direction > 0
      ? marks.find((index) => index > shown.index)
      : marks.reverse().find((index) => index < shown.index);
    moveTo(ahead ?? (direction > 0 ? active().data.gammas.length - 1 : 0));
  }

  /** The gamma of the best region that is shortest to write. */
  function toBest() {
    const { data, price, points } = active();
    const inside = data.gammas.map((_, i) => i).filter((i) => i > 0 && i < data.gammas.length - 1 && !points.has(i) && price.best.includes(data.regions[i]));
    moveTo(inside.reduce((a, b) => (data.texts[b].length < data.texts[a].length ? b : a)));
  }

  slider.addEventListener("input", () => moveTo(sampleAt(active(), slider.value / SLIDER)));
  const KEYS = {
    ArrowRight: () => moveTo(shown.index + 1),
    ArrowUp: () => moveTo(shown.index + 1),
    ArrowLeft: () => moveTo(shown.index - 1),
    ArrowDown: () => moveTo(shown.index - 1),
    PageUp: () => toPoint(1),
    PageDown: () => toPoint(-1),
    Home: () => moveTo(0),
    End: () => moveTo(Infinity),
  };
  slider.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  byId("next").addEventListener("click", () => toPoint(1));
  byId("previous").addEventListener("click", () => toPoint(-1));
  byId("to-best")?.addEventListener("click", toBest);
  for (const button of all("button[data-gamma]")) button.addEventListener("click", () => moveTo(sampleOf(active(), Number(button.dataset.gamma))));

  /** A bar or a chart over gamma that takes the slider to where it is pressed. */
  function follows(area, chapter, shareOf) {
    const follow = (event) => {
      const box = area.getBoundingClientRect();
      choose(chapter.number);
      moveTo(sampleAt(chapter, Math.max(0, Math.min(1, shareOf(event.clientX - box.left, box.width)))));
    };
    area.addEventListener("pointerdown", (event) => { area.setPointerCapture(event.pointerId); follow(event); });
    area.addEventListener("pointermove", (event) => { if (area.hasPointerCapture(event.pointerId)) follow(event); });
  }

  // ---- choosing a model and a state

  function choose(number) {
    if (number === shown.chapter) return;
    const gamma = active().data.gammas[shown.index];
    shown.chapter = number;
    shown.index = sampleOf(active(), gamma);
    const radio = document.querySelector(`input[name=model][value="${number}"]`);
    if (radio) radio.checked = true;
    layOut();
  }

  function chooseState(chapter, state) {
    chapter.state = state;
    layOut();
  }

  all("input[name=model]").forEach((radio) => radio.addEventListener("change", () => choose(Number(radio.value))));
  all("button.download").forEach((button) => button.addEventListener("click", () => {
    const blob = new Blob([byId(button.dataset.document).textContent], { type: "application/json" });
    const link = element("a", { href: URL.createObjectURL(blob), download: `${button.dataset.document}.json` });
    link.click();
    URL.revokeObjectURL(link.href);
  }));

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
    const letters = (share) => share * bar.clientWidth / 8 - 2;  // that fit
    const found = stretches(chapter, state);
    const parts = found.map(({ from, to, actions }) => {
      const text = names(chapter, actions), fits = text.length <= letters(place(to) - place(from));
      const part = at(from, { class: "part", "data-actions": actions.join(" ") }, fits ? text : "", to);
      paintActions(part, actions);
      return part;
    });
    const edges = [[0, "first"], [found.length - 1, "last"]]
      .filter(([i]) => found.length > 1 && !parts[i].textContent)
      .map(([i, side]) => element("span", { class: `beyond ${side}` }, names(chapter, found[i].actions)));
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

  /** The colours of one action, or stripes of the first two that tie; of none, the colour of ties. */
  function paintActions(node, actions) {
    const colour = (action) => (action === undefined ? "var(--tied)" : `var(--action${action % 7})`);
    node.style.setProperty("--one", colour(actions[0]));
    node.style.setProperty("--two", colour(actions[1] ?? actions[0]));
    node.classList.toggle("tie", actions.length > 1);
  }

  // ---- the price: what the policies that gamma makes optimal earn

  /** Worst, best, the amount and the number of the sentence that follows, at a sample: of its region, unless it is a point. */
  function worthAt(chapter, index) {
    const { price } = chapter;
    if (index === 0) return price.at_zero;
    if (isOne(chapter, index)) return price.at_one;
    const point = chapter.points.get(index);
    if (point) return price[point.kind === "touch" ? "touches" : "breakpoints"][point.i];
    return price.regions[chapter.data.regions[index]];
  }

  /** What the shown gamma earns and what the best would, in two sentences of parts: [text, colour]. */
  function verdict(chapter, index) {
    const { price, data } = chapter, [worst, , amount, rest] = worthAt(chapter, index);
    const [before, after] = worst === null ? ["", ""] : price.says;
    return [[["With ", ""], ["γ", "var"], [` = ${data.texts[index]} planning ${before}`, ""], [amount, rest ? "warning" : "good"], [`${after}.`, ""]], price.rests[rest]];
  }

  function drawPrice(chapter) {
    const { price, data } = chapter;
    chapter.level = null;
    if (!price || !byId(`earned-${chapter.number}`)) return;
    const values = [price.optimum, ...price.regions.map(([worst]) => worst).filter((value) => value !== null)];
    const low = Math.min(...values), high = Math.max(...values), span = high - low || 1;
    const lost = price.regions.some(([worst]) => worst === null);
    const frame = frameOf(chapter, "earned", heightOf(chapter, "earned", 0.62), `${price.caption}; the numbers are in the sentence and the figures above`, false);
    const { x, bottom, width, inner, cursor } = frame;
    // What loses for ever has a level of its own, below all numbers.
    const floor = bottom - (lost ? 30 : 12), top = MARGIN.top + 26;
    const y = (value) => (value === null ? bottom - 4 : Math.min(bottom, top + (high - value) / span * (floor - top)));
    const ends = [0, ...data.breakpoints.map((index) => data.gammas[index]), 1].map(x);
    for (const value of high === low ? [high] : niceTicks(low, high)) frame.mark(y(value), tickText(Number((price.percent ? 100 * value : value).toPrecision(4))));
    for (const i of price.best) inner.append(element("rect", { class: "best", x: ends[i], y: MARGIN.top - 6, width: Math.max(2, ends[i + 1] - ends[i]), height: bottom - MARGIN.top + 6 }));
    inner.append(element("line", { class: "possible", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(price.optimum), y2: y(price.optimum) }));
    inner.append(element("path", { class: "curve price", d: price.regions.map(([worst], i) => `${i ? "V" : `M${ends[0]} `}${y(worst).toFixed(1)}H${ends[i + 1].toFixed(1)}`).join("") }));
    const label = (kind, px, py, text, end = false) => element("text", { class: `halo ${kind}`, x: px, y: py, "text-anchor": end ? "end" : "start" }, text);
    const first = ends[price.best[0]], last = ends[price.best[price.best.length - 1] + 1], late = last > 0.75 * width;
    const labels = [
      label("good", late ? last : first, MARGIN.top - 1, `best ${price.regions[price.best[0]][2]}`, late),
      ...price.nothing_better ? [] : [label("", first > 0.4 * width ? MARGIN.left + 6 : width - MARGIN.right, y(price.optimum) - 7, price.possible.join(" "), first <= 0.4 * width)],
      ...lost ? [label("", ends[price.regions.findIndex(([worst]) => worst === null)] + 4, bottom - 9, "loses for ever")] : [],
    ];
    const range = element("line", { class: "ties" }), dot = element("circle", { class: "dot yours", r: 6 }), own = element("text", { class: "halo yours" });
    frame.finish([...labels, range, dot, own]);
    chapter.level = { x, y, width, bottom, cursor, range, dot, own };
  }

  function paintPrice(chapter, index) {
    if (!chapter.price) return;
    const [worst, most, amount, rest] = worthAt(chapter, index);
    const words = ([text, kind]) => element(kind === "var" ? "var" : kind ? "b" : "span", { class: kind }, text.replaceAll(" %", "\u00a0%"));
    byId(`verdict-${chapter.number}`).replaceChildren(...verdict(chapter, index).flatMap((sentence) => {
      const part = element("span", { class: "part-of" });
      part.append(...sentence.map(words));
      return [part, " "];
    }));
    if (byId("figure-yours")) {
      byId("figure-gamma").textContent = chapter.data.texts[index];
      byId("figure-yours").textContent = amount.replace(", as ties break", "");
      byId("figure-yours").parentNode.className = `yours ${rest ? "warning" : "good"}`;
    }
    if (!chapter.level) return;
    const { x, y, width, bottom, cursor, range, dot, own } = chapter.level;
    const px = x(chapter.data.gammas[index]), py = y(worst), right = px > 0.7 * width;
    move(cursor, px);
    for (const [key, value] of Object.entries({ x1: px, x2: px, y1: py, y2: y(most) })) range.setAttribute(key, value);
    for (const node of [dot, own]) node.classList.toggle("good", !rest);
    dot.setAttribute("cx", px);
    dot.setAttribute("cy", py);
    own.textContent = `yours ${amount.replace(", as ties break", "")}`;
    for (const [key, value] of Object.entries({ x: px + (right ? -11 : 11), y: Math.min(bottom - 6, py + 22), "text-anchor": right ? "end" : "start" })) own.setAttribute(key, value);
  }

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
    return text.length <= 6 ? text : value.toExponential().replace("e+", "e");
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
      `Action values of state ${chapter.data.states[chapter.state]} over gamma; the numbers are in the list below`);
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
      `Action gap: how much the best action of state ${states[chapter.state]} leads by, over gamma, on a log scale; the number is in the sentence below`);
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
    return `${here}${who} by ${threeDigits(gap)} reward units: to see which is better, a learner has to know its values better than this.`;
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

  // ---- the picture: graph, board or table

  function setUp(chapter) {
    const { section, data, number } = chapter;
    for (const bar of [byId(`bar-${number}`), byId(`state-bar-${number}`)]) {
      if (bar) follows(bar, chapter, (px, pixels) => px / pixels);
    }
    chapter.arrows = all(".arrow", section).map((node) => ({ node, state: Number(node.dataset.state), actions: node.dataset.actions.split(" ").map(Number) }));
    chapter.nodes = all(".node", section);
    for (const node of chapter.nodes) {
      const press = () => chooseState(chapter, Number(node.dataset.state));
      node.addEventListener("click", press);
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(); }
      });
    }
    chapter.cells = all("button.cell", section);
    const layer = byId(`layer-${number}`);
    chapter.layer = () => (layer ? Number(layer.value) : 0);
    if (layer) layer.addEventListener("change", () => chooseState(chapter, data.layers[chapter.layer()][0]));
    chapter.showLayer = () => { if (layer) layer.value = data.layers.findIndex((states) => states.includes(chapter.state)); };
    chapter.cells.forEach((cell, i) => {
      if (cell.disabled) return;  // a wall
      data.arrows.forEach((arrow, action) => {
        const act = element("span", { class: `act ${arrow ?? "word"}`, "data-action": action });
        if (!arrow) act.dataset.letter = data.actions[action].slice(0, 1).toUpperCase();
        paintActions(act, [action]);
        cell.append(act);
      });
      cell.addEventListener("click", () => chooseState(chapter, data.layers[chapter.layer()][i]));
    });
    const body = byId(`states-${number}`);
    if (body) {
      chapter.rows = data.states.map((name, state) => {
        const row = element("tr");
        const button = element("button", { type: "button", class: "link" }, name);
        button.addEventListener("click", () => chooseState(chapter, state));
        const head = element("th", { scope: "row" });
        head.append(button);
        row.append(head, element("td"));
        return row;
      });
      body.replaceChildren(...chapter.rows);
    }
    const select = byId(`state-${number}`);
    select.addEventListener("change", () => chooseState(chapter, Number(select.value)));
    const unit = byId(`unit-${number}`);
    unit.addEventListener("change", () => { chapter.unit = unit.value; chapter.unitChosen = true; layOut(); });
    chapter.tableRows = all("tr[data-point]", section);
    for (const row of chapter.tableRows) {
      const index = data[row.dataset.kind === "Touches" ? "touches" : "breakpoints"][Number(row.dataset.point)];
      row.querySelector(".go").addEventListener("click", () => moveTo(index));
    }
  }

  const available = (chapter, state) => chapter.data.pairs[state].filter((curve) => curve !== null).length;
  const allAlike = (chapter, state, optimal) => optimal.length === available(chapter, state) && optimal.length !== 1;

  /** What the best gammas do in a state where the shown one does otherwise; null where it does not. */
  function otherwise(chapter, state, index) {
    const { price, regions } = chapter;
    if (!price || price.everywhere) return null;
    const here = String(best(chapter, state, index));
    const there = price.best.map((i) => regions.regions[i].optimal_actions[state]);
    return there.some((actions) => String(actions) === here) ? null : names(chapter, there[0]);
  }

  /** What the picture shows, and in how many states the best gammas do otherwise. */
  function whereToGo(chapter, index) {
    const { data, price, regions } = chapter;
    if (!price || price.everywhere) return "The best actions at your γ.";
    const states = data.states.map((_, state) => state);
    const different = states.filter((state) => otherwise(chapter, state, index) !== null).length;
    const free = states.filter((state) => !allAlike(chapter, state, regions.regions[price.best[0]].optimal_actions[state])).length;
    if (!different) return "The best actions at your γ: those of the best γ.";
    return `In ${different} of ${free} states the best γ chooses otherwise (framed).`;
  }

  /** What only changes from region to region: arrows, cells, rows of states. */
  function paintPicture(chapter, index) {
    const { data } = chapter;
    const point = chapter.points.get(index);
    const key = `${index === 0}|${isOne(chapter, index)}|${point ? `${point.kind}${point.i}` : chapter.data.regions[index]}|${chapter.layer()}|${chapter.state}`;
    if (chapter.painted === key) return;
    chapter.painted = key;
    for (const { node, state, actions } of chapter.arrows) {
      const optimal = best(chapter, state, index);
      const good = actions.filter((a) => optimal.includes(a));
      node.classList.toggle("optimal", good.length > 0);
      const everyone = chapter.data.pairs[state].filter((curve) => curve !== null).length;
      paintActions(node, actions.length === everyone && everyone > 1 ? [] : actions.slice(0, 1));
      node.classList.toggle("chosen", state === chapter.state);
    }
    for (const node of chapter.nodes) {
      const state = Number(node.dataset.state);
      node.setAttribute("aria-pressed", String(state === chapter.state));
      node.classList.toggle("otherwise", otherwise(chapter, state, index) !== null);
    }
    chapter.cells.forEach((cell, i) => {
      if (cell.disabled) return;
      const state = data.layers[chapter.layer()][i];
      const optimal = best(chapter, state, index), alike = allAlike(chapter, state, optimal), other = otherwise(chapter, state, index);
      const { mark } = cell.dataset;
      cell.classList.toggle("one", !alike && optimal.length === 1);
      cell.classList.toggle("otherwise", other !== null);
      cell.setAttribute("aria-pressed", String(state === chapter.state));
      cell.setAttribute("aria-label", `${mark ? `${mark}, ` : ""}${data.states[state]}: ${alike ? "all actions alike" : names(chapter, optimal)}${other ? `; at the best γ: ${other}` : ""}`);
      for (const act of all(".act", cell)) act.classList.toggle("optimal", !alike && optimal.includes(Number(act.dataset.action)));
    });
    (chapter.rows || []).forEach((row, state) => {
      const optimal = best(chapter, state, index), other = otherwise(chapter, state, index);
      row.lastChild.textContent = (allAlike(chapter, state, optimal) ? "all alike" : names(chapter, optimal)) + (other ? `; at the best γ: ${other}` : "");
      row.classList.toggle("chosen", state === chapter.state);
      row.classList.toggle("otherwise", other !== null);
    });
    byId(`otherwise-${chapter.number}`).textContent = whereToGo(chapter, index);
    for (const row of chapter.tableRows) {
      const current = point && Number(row.dataset.point) === point.i && row.dataset.kind === (point.kind === "touch" ? "Touches" : "Breakpoints");
      row.classList.toggle("current", Boolean(current));
    }
  }

  /** What each action of the chosen state does, actions that do the same together. */
  function drawMoves(chapter) {
    const alike = new Map();
    chapter.data.moves[chapter.state].forEach((outcomes, action) => {
      if (!outcomes.length) return;
      const text = outcomes.map(([target, probability, reward, , steps = 1]) => [
        probability === "1" ? "" : `with probability ${probability} `,
        target === null ? "the episode ends" : target === chapter.state ? "stays" : `to ${chapter.data.states[target]}`,
        steps === 1 ? "" : ` in ${steps} steps`,
        reward === "0" ? "" : `, reward ${reward}`].join("")).join("; ");
      const exact = outcomes.map(([, , , numbers]) => numbers ?? "").filter(Boolean).join("; ");
      const key = JSON.stringify([text, exact]);  // what is rounded alike need not be alike
      alike.set(key, [...(alike.get(key) ?? []), action]);
    });
    byId(`moves-${chapter.number}`).replaceChildren(...[...alike].map(([key, actions]) => {
      const [text, exact] = JSON.parse(key);
      const item = element("li", exact ? { title: exact } : {});
      item.append(element("b", {}, names(chapter, actions)), `: ${text}`);
      return item;
    }));
  }

  // ---- painting: what follows the slider

  let waiting = false;
  function requestPaint() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; paint(); });
  }

  function where(chapter, index) {
    const point = chapter.points.get(index);
    if (isOne(chapter, index)) return "no discount";
    if (point) return `${point.kind} ${point.i + 1} of ${chapter.regions[`${point.kind === "touch" ? "touches" : "breakpoints"}`].length}`;
    return `region ${chapter.data.regions[index] + 1} of ${chapter.regions.regions.length}`;
  }

  /** The typeset closed form of a breakpoint, as its table has it. */
  function formOf(chapter, index) {
    const point = chapter.points.get(index);
    const kind = point?.kind === "touch" ? "Touches" : "Breakpoints";
    const row = point && chapter.tableRows.find((r) => r.dataset.kind === kind && Number(r.dataset.point) === point.i);
    return row?.querySelector("th math")?.cloneNode(true);
  }

  const digits = (value) => String(Number(value.toPrecision(4))).replace("-", "−");

  /** What waiting is worth in the chosen state, or the best action against the next best. */
  function stateSentence(chapter, index) {
    const { data, state } = chapter, gamma = data.texts[index];
    const optimal = best(chapter, state, index), action = names(chapter, optimal);
    const value = (a) => data.curves[data.pairs[state][a]][index];
    if (data.waits && state === data.state) {
      const told = data.waits.map(([steps, reward], a) => [value(a), steps
        ? `waiting ${steps} step${steps === 1 ? "" : "s"} for ${reward} is worth ${reward} × ${gamma}${steps === 1 ? "" : raised(steps)} = ${digits(value(a))}`
        : `${reward} now is worth ${digits(value(a))}`]);
      const text = told.sort(([one], [two]) => two - one).map(([, words]) => words).join("; ");
      return `${text[0].toUpperCase()}${text.slice(1)}: ${action}.`;
    }
    if (isOne(chapter, index)) return `At γ = 1 the best action here is ${action}, worth ${data.earned[state]}.`;
    const others = data.actions.map((_, a) => a).filter((a) => !optimal.includes(a) && data.pairs[state][a] !== null && value(a) !== null);
    const here = `At γ = ${gamma} the best action here is ${action}`;
    if (!optimal.length || value(optimal[0]) === null) return `${here}.`;
    if (!others.length) return `${here}, worth ${digits(value(optimal[0]))}${available(chapter, state) > 1 ? ": all are worth the same" : ""}.`;
    const next = Math.max(...others.map(value)), who = others.filter((a) => value(a) === next);
    const [most, less] = apart(value(optimal[0]), next);
    return `${here}, worth ${most}; next comes ${names(chapter, who)}, worth ${less}.`;
  }

  /** Two values to as many digits as tell them apart. */
  function apart(one, two) {
    for (const places of [4, 6, 9]) {
      const texts = [one, two].map((value) => String(Number(value.toPrecision(places))).replace("-", "−"));
      if (texts[0] !== texts[1] || places === 9) return texts;
    }
    return null;
  }

  function paint() {
    const chapter = active();
    const { data, state } = chapter;
    const index = shown.index, gamma = data.gammas[index];
    byId("shown-gamma").textContent = data.texts[index];
    const form = formOf(chapter, index);
    byId("shown-form").replaceChildren(...(form ? ["= ", form] : []));
    byId("where").textContent = where(chapter, index).replaceAll(" ", "\u00a0");
    slider.value = Math.round(place(gamma) * SLIDER);
    const action = names(chapter, best(chapter, state, index));
    const gap = gapAt(chapter, index);
    const ahead = gap > 0 ? `, ahead by ${threeDigits(gap)}` : "";
    const worth = chapter.price ? `; ${verdict(chapter, index).map((sentence) => sentence.map(([text]) => text).join("")).join(" ")}` : "";
    slider.setAttribute("aria-valuetext", `gamma ${data.texts[index]}, ${where(chapter, index)}, best in state ${data.states[state]}: ${action}${ahead}${worth}`);
    byId(`sentence-${chapter.number}`).textContent = stateSentence(chapter, index);
    for (const cursor of all(".bar .cursor")) cursor.style.left = `${100 * place(gamma)}%`;
    for (const other of chapters) {
      const choice = byId(`choice-${other.number}`);
      if (!choice) continue;
      const actions = best(other, other.data.state, other === chapter ? index : sampleOf(other, gamma));
      choice.textContent = names(other, actions);
      paintActions(choice, actions);
    }
    paintPrice(chapter, index);
    paintPicture(chapter, index);
    paintValues(chapter, index);
    paintGap(chapter, index, gap);
    remember();
  }

  /** Nine digits as they come; what was computed from them in floats has fewer. */
  function shownNumber(chapter, value) {
    if (chapter.unit === "behind") return value === 0 ? "0 %" : `${Number((100 * value).toPrecision(4))} %`;
    return String(Number(value.toPrecision(chapter.unit === "value" ? 9 : 7)));
  }

  /** What stands for a value that there is not: at gamma = 1, where it has no limit, the reward per step. */
  function unknown(chapter, curve, index) {
    const gain = chapter.data.gains[curve];
    return isOne(chapter, index) && gain !== 0 ? `— (${Number(gain.toPrecision(4))} per step)` : "—";
  }

  function paintValues(chapter, index) {
    const { curves, cursor, dots } = chapter.moving;
    const px = chapter.x(chapter.data.gammas[index]);
    move(cursor, px);
    const optimal = best(chapter, chapter.state, index);
    const items = byId(`readings-${chapter.number}`).children;
    curves.forEach(({ curve, actions }, i) => {
      const value = valueOf(chapter, curve, index);
      const good = actions.some((a) => optimal.includes(a));
      dots[i].setAttribute("cx", px);
      dots[i].setAttribute("cy", value === null ? -99 : Math.max(-9, Math.min(9999, chapter.y(value))));
      items[i].classList.toggle("optimal", good);
      items[i].querySelector(".value").textContent = value === null ? unknown(chapter, curve, index) : shownNumber(chapter, value);
      items[i].querySelector(".is-best").textContent = good ? "best" : "";
    });
  }

  function layOut() {
    drawAxis();
    for (const chapter of chapters) {
      chapter.section.hidden = chapter !== active();
      drawBar(byId(`bar-${chapter.number}`), chapter, chapter.data.state);
    }
    for (const row of all(".problem")) row.classList.toggle("current", Number(row.dataset.chapter) === shown.chapter);
    const chapter = active();
    drawBar(byId(`state-bar-${chapter.number}`), chapter, chapter.state);
    drawPrice(chapter);
    byId(`state-${chapter.number}`).value = String(chapter.state);
    chapter.showLayer();
    chapter.painted = null;
    const row = chapter.rows?.[chapter.state];
    if (row) row.closest(".scroll").scrollTop = row.offsetTop - 100;  // chosen, and seen
    drawChart(chapter);
    drawGap(chapter);
    drawMoves(chapter);
    paint();
  }

  // ---- the address carries what is shown

  let timer = 0;
  function remember() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const parts = new URLSearchParams();
      if (chapters.length > 1) parts.set("model", String(shown.chapter + 1));
      const chapter = active();
      if (chapter.state !== chapter.data.state) parts.set("state", String(chapter.state));
      const point = chapter.points.get(shown.index);
      if (point) parts.set(point.kind, String(point.i + 1)); else parts.set("gamma", chapter.data.texts[shown.index]);
      // The cell of a notebook has no address of its own.
      if (location.protocol !== "about:") history.replaceState(null, "", `#${parts}`);
    }, 150);
  }

  /** Take model, state and gamma from the address; what makes no sense there is left out. */
  function recall() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const number = (name, low, high) => {
      const value = Number(parts.get(name));
      return parts.has(name) && Number.isInteger(value) && value >= low && value <= high ? value : null;
    };
    shown.chapter = (number("model", 1, chapters.length) ?? 1) - 1;
    const chapter = active();
    chapter.state = number("state", 0, chapter.data.states.length - 1) ?? chapter.data.state;
    const { breakpoints, touches } = chapter.data;
    const gamma = Number(parts.get("gamma"));
    shown.index =
      breakpoints[(number("breakpoint", 1, breakpoints.length) ?? 0) - 1] ??
      touches[(number("touch", 1, touches.length) ?? 0) - 1] ??
      (parts.has("gamma") && gamma >= 0 && gamma <= 1 ? sampleOf(chapter, gamma) : opening(chapter));
    const radio = document.querySelector(`input[name=model][value="${shown.chapter}"]`);
    if (radio) radio.checked = true;
  }

  addEventListener("hashchange", () => { recall(); layOut(); });
  chapters.forEach(setUp);
  for (const chapter of chapters) {
    if (chapter.data.map) setUpMap(chapter, { SLIDER, all, byId, element, names, nearest, paintActions });
  }
  recall();
  layOut();
  // A chart is drawn in the pixels it has, so that its text stays readable on a phone.
  let width = document.documentElement.clientWidth;
  addEventListener("resize", () => {
    if (document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    layOut();
  });
  document.documentElement.dataset.ready = "yes";
})();
