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

  // ---- what is shown

  const shown = { chapter: 0, index: 0, log: false };
  const active = () => chapters[shown.chapter];
  const depth = Math.max(...chapters.map((chapter) => chapter.data.decades));

  /** Where a gamma lies on the axis, from 0 to 1: on the log scale 1 stands half a decade behind the last mark. */
  const place = (gamma) => (shown.log && gamma < 1 ? Math.min(-Math.log10(1 - gamma), depth + 0.25) / (depth + 0.5) : gamma);

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

  // ---- the slider

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

  for (const chapter of chapters) {
    for (const area of [byId(`bar-${chapter.number}`), byId(`levels-${chapter.number}`)].filter(Boolean)) {
      const follow = (event) => {
        const box = area.getBoundingClientRect();
        choose(chapter.number);
        moveTo(sampleAt(chapter, Math.max(0, Math.min(1, (event.clientX - box.left) / box.width))));
      };
      area.addEventListener("pointerdown", (event) => { area.setPointerCapture(event.pointerId); follow(event); });
      area.addEventListener("pointermove", (event) => { if (area.hasPointerCapture(event.pointerId)) follow(event); });
    }
  }

  // ---- choosing a model, a state, a scale

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
  byId("log").addEventListener("change", (event) => { shown.log = event.target.checked; layOut(); });
  all("button.download").forEach((button) => button.addEventListener("click", () => {
    const blob = new Blob([byId(button.dataset.document).textContent], { type: "application/json" });
    const link = element("a", { href: URL.createObjectURL(blob), download: `${button.dataset.document}.json` });
    link.click();
    URL.revokeObjectURL(link.href);
  }));

  // ---- axes and bars, drawn when the scale, the model or the state changes

  function axisMarks() {
    if (!shown.log) return [0, 0.2, 0.4, 0.6, 0.8, 1].map((gamma) => [gamma, String(gamma)]);
    const width = byId("axis").clientWidth / (depth + 0.5);
    const marks = [[1, "1"]], last = depth + 0.5 - 38 / width;  // as far as its label is clear of that of 1
    for (let k = 0; k <= last; k += Math.ceil(58 / width)) marks.push([k / (depth + 0.5), k < 4 ? (k ? `0.${"9".repeat(k)}` : "0") : `1−10${raised(-k)}`]);
    return marks;
  }
  const RAISED = { "−": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((sign, digit) => [digit, sign])) };
  const anchor = ([x, text]) => (x === 1 && text.length > 2 ? "end" : "middle");

  function drawAxis() {
    byId("axis").replaceChildren(...axisMarks().map(([x, text]) => {
      const mark = element("span", { class: anchor([x, text]) }, text);
      mark.style.left = `${100 * x}%`;
      return mark;
    }));
  }

  /** Stretches of gamma on which one state keeps its optimal actions. */
  function stretches(chapter, state) {
    const found = [];
    chapter.regions.regions.forEach((region, i) => {
      const actions = region.optimal_actions[state];
      const from = i ? chapter.data.gammas[chapter.data.breakpoints[i - 1]] : 0;
      const last = found[found.length - 1];
      if (last && String(last.actions) === String(actions)) return;
      if (last) last.to = from;
      found.push({ from, to: 1, actions });
    });
    return found;
  }

  const stateOfBar = (chapter) => (chapters.length > 1 ? chapter.data.state : chapter.state);

  function drawBar(chapter) {
    const bar = byId(`bar-${chapter.number}`);
    const state = stateOfBar(chapter);
    const parts = stretches(chapter, state).map(({ from, to, actions }) => {
      const share = place(to) - place(from);
      const part = element("div", { class: "part", "data-actions": actions.join(" ") }, share > 0.07 ? names(chapter, actions) : "");
      part.style.left = `${100 * place(from)}%`;
      part.style.width = `${100 * share}%`;
      paintActions(part, actions);
      return part;
    });
    const row = chapter.comparison?.state === state ? chapter.comparison : { learned: [], exact: [], epsilon: null };
    const flips = row.learned.filter((found) => found !== null).flatMap(({ median, low, high, interval }) => {
      const [from, to] = interval ?? [low, high];
      const range = element("i", { class: "range" }), dot = element("i", { class: "learned-key" });
      range.style.left = `${100 * place(from)}%`;
      range.style.width = `${100 * (place(to) - place(from))}%`;
      dot.style.left = `${100 * place(median)}%`;
      return [range, dot];
    });
    // Agents that explore as they learn aim at other gammas than the bar's.
    const aims = row.epsilon === null ? [] : row.exact.map(({ decimal }) => {
      const mark = element("i", { class: "mark aim" });
      mark.style.left = `${100 * place(Number(decimal))}%`;
      return mark;
    });
    const marks = [...chapter.points].map(([index, point]) => {
      const mark = element("i", { class: state in point.changes ? "mark" : "mark minor" });
      mark.style.left = `${100 * place(chapter.data.gammas[index])}%`;
      return mark;
    });
    bar.replaceChildren(...parts, ...marks, ...aims, element("i", { class: "cursor" }), ...flips);
  }

  /** Below the bars: what the marks of trained agents are, or where they would be. */
  function explainLearned(chapter) {
    const hint = byId("learned");
    if (!hint) return;
    const row = chapter.comparison;
    if (!row || (!row.learned.length && !row.exact.length)) { hint.replaceChildren(); return; }
    if (row.state !== stateOfBar(chapter)) {
      hint.replaceChildren(`Agents were trained for state ${chapter.data.states[row.state]}: choose it to see where they flip.`);
      return;
    }
    const trained = row.learned.filter((found) => found !== null);
    const what = trained.some(({ interval }) => interval) ? "the 95 % interval" : "the range over seeds";
    const parts = trained.length ? [element("i", { class: "learned-key", "aria-hidden": "true" }), ` where ${trained[0].seeds} trained agents flip: their median, with ${what}.`] : [];
    if (trained.length && row.epsilon !== null) parts.push(` They explore with probability ${row.epsilon}, and aim at the dotted lines.`);
    row.learned.forEach((found, i) => {
      if (found !== null || row.forecast[i] === null) return;
      parts.push(` At ${Number(row.exact[i].decimal).toPrecision(6)} none were trained: it would take ${row.forecast[i].toLocaleString("en")} steps per agent.`);
    });
    hint.replaceChildren(...parts);
  }

  /** The colours of one action, or stripes of the first two that tie. */
  function paintActions(node, actions) {
    const colour = (action) => (action === undefined ? "var(--tied)" : `var(--action${action % 7})`);
    node.style.setProperty("--one", colour(actions[0]));
    node.style.setProperty("--two", colour(actions[1] ?? actions[0]));
    node.classList.toggle("tie", actions.length > 1);
  }

  // ---- the price: what the policies that gamma makes optimal earn

  /** Worst, best and words at a sample: of its region, unless the sample is a point. */
  function worthAt(chapter, index) {
    const { price } = chapter;
    if (index === 0) return price.at_zero;
    if (isOne(chapter, index)) return price.at_one;
    const point = chapter.points.get(index);
    if (point) return price[point.kind === "touch" ? "touches" : "breakpoints"][point.i];
    return price.regions[chapter.data.regions[index]];
  }

  function drawPrice(chapter) {
    const { price, data } = chapter;
    const holder = byId(`levels-${chapter.number}`);
    if (!holder || holder.clientWidth === 0) return;
    const width = holder.clientWidth, height = 132, top = 24, bottom = 8;
    const values = [price.optimum, ...price.regions.map(([worst]) => worst).filter((value) => value !== null)];
    const most = Math.max(...values), flat = most === Math.min(...values);
    const low = flat ? most - 1 : Math.min(...values), span = flat ? 2 : most - low;
    const lost = price.regions.some(([worst]) => worst === null);
    const depths = height - top - bottom - (lost ? 26 : 0);
    const x = (gamma) => place(gamma) * width;
    // What loses for ever has a level of its own, below all numbers.
    const y = (value) => (value === null ? height - bottom : Math.min(height, top + (low + span - value) / span * depths));
    const ends = [0, ...data.breakpoints.map((index) => data.gammas[index]), 1].map(x);
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": price.summary });
    const line = (kind, x1, x2, y1, y2) => element("line", { class: kind, x1, x2, y1, y2 });
    const write = (at, level, text, attributes = {}) => element("text", { x: at, y: level, ...attributes }, text);
    if (price.best.length < price.regions.length) {
      for (const i of price.best) svg.append(element("rect", { class: "best", x: ends[i], y: 0, width: Math.max(1, ends[i + 1] - ends[i]), height }));
    }
    for (const value of flat ? [most] : niceTicks(low, most)) {
      const text = price.percent ? `${tickText(Number((100 * value).toPrecision(4)))} %` : tickText(Number(value.toPrecision(4)));
      svg.append(line("grid", 0, width, y(value), y(value)), write(-8, y(value) + 4, text, { class: "outside", "text-anchor": "end" }));
    }
    svg.append(line("possible", 0, width, y(price.optimum), y(price.optimum)), write(4, y(price.optimum) - 6, price.possible, { class: "halo" }));
    const path = price.regions.map(([worst], i) => `${i ? "V" : "M0 "}${y(worst).toFixed(1)}H${ends[i + 1].toFixed(1)}`).join("");
    svg.append(element("path", { class: "curve", d: path }));
    if (lost) {
      const first = price.regions.findIndex(([worst]) => worst === null);
      svg.append(write(ends[first] + 4, height - bottom - 5, "loses for ever", { class: "halo" }));
    }
    const cursor = line("cursor", 0, 0, 0, height), range = line("ties", 0, 0, 0, 0), dot = element("circle", { class: "dot", r: 5 });
    svg.append(cursor, range, dot);
    holder.replaceChildren(svg);
    chapter.level = { x, y, cursor, range, dot };
  }

  function paintPrice(chapter, index) {
    const worth = byId("worth");
    if (!chapter.price) { if (worth) worth.textContent = ""; return; }
    const [worst, most, words] = worthAt(chapter, index);
    const name = document.querySelector(`.model[data-chapter="${chapter.number}"] label.name`);
    const whose = name && (name.querySelector(".kicker").textContent || name.querySelector(".title").textContent);
    worth.textContent = (whose ? `${whose}: ${words}` : words[0].toUpperCase() + words.slice(1)).replaceAll(" %", "\u00a0%");
    if (!chapter.level) return;
    const { x, y, cursor, range, dot } = chapter.level;
    const at = x(chapter.data.gammas[index]);
    for (const [node, from, to] of [[cursor, 0, 132], [range, y(worst), y(most)]]) {
      for (const [key, value] of Object.entries({ x1: at, x2: at, y1: from, y2: to })) node.setAttribute(key, value);
    }
    dot.setAttribute("cx", at);
    dot.setAttribute("cy", y(worst));
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
    const rough = (high - low) / 4;
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
        const tooFar = chapter.data.grows && chapter.unit === "value" && !shown.log && gammas[i] > 0.97;
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

  /** An empty chart over gamma for the chosen state: its axis, the state's breakpoints, and room for curves. */
  function frameOf(chapter, name, height, label) {
    const holder = byId(`${name}-${chapter.number}`);
    const width = Math.max(holder.clientWidth, 240);
    const x = (gamma) => MARGIN.left + place(gamma) * (width - MARGIN.left - MARGIN.right);
    const bottom = height - MARGIN.bottom;
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
    const clip = element("clipPath", { id: `clip-${name}-${chapter.number}` });
    clip.append(element("rect", { x: MARGIN.left, y: MARGIN.top - 6, width: width - MARGIN.left - MARGIN.right + 6, height: bottom - MARGIN.top + 12 }));
    svg.append(clip);
    for (const [position, text] of axisMarks()) {
      const at = MARGIN.left + position * (width - MARGIN.left - MARGIN.right);
      svg.append(element("line", { class: "tick", x1: at, x2: at, y1: bottom, y2: bottom + 5 }));
      svg.append(element("text", { x: at, y: bottom + 19, "text-anchor": anchor([position, text]) }, text));
    }
    svg.append(element("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: bottom, y2: bottom }));
    svg.append(element("text", { class: "label", x: width - MARGIN.right, y: height - 4, "text-anchor": "end" }, "discount factor γ"));
    for (const [index, point] of chapter.points) {
      if (!(chapter.state in point.changes)) continue;
      const at = x(chapter.data.gammas[index]);
      svg.append(element("line", { class: "break", x1: at, x2: at, y1: MARGIN.top - 6, y2: bottom }));
    }
    const inner = element("g", { "clip-path": `url(#clip-${name}-${chapter.number})` });
    const cursor = element("line", { class: "cursor", y1: MARGIN.top - 6, y2: bottom });
    const mark = (at, text) => svg.append(
      element("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: at, y2: at }),
      element("text", { x: MARGIN.left - 8, y: at + 4, "text-anchor": "end" }, text));
    const finish = (dots) => { svg.append(inner, cursor, ...dots); holder.replaceChildren(svg); };
    return { x, bottom, inner, cursor, mark, finish };
  }

  const heightOf = (chapter) => Math.round(Math.max(220, Math.min(340, Math.max(byId(`chart-${chapter.number}`).clientWidth, 240) * 0.5)));

  function drawChart(chapter) {
    const curves = stateCurves(chapter);
    chooseUnit(chapter, curves);
    const [low, high] = valueRange(chapter, curves);
    const frame = frameOf(chapter, "chart", heightOf(chapter),
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
    const far = (i) => chapter.data.grows && !shown.log && chapter.data.gammas[i] > 0.97;
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
      const spread = shown.log && i === gammas.length - 1;  // the log scale has no room up to 1
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
    const frame = frameOf(chapter, "gap", Math.round(heightOf(chapter) * 0.65),
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

  const raised = (number) => [...String(number).replace("-", "−")].map((sign) => RAISED[sign]).join("");
  const powerText = (k) => (k >= -3 && k <= 4 ? String(Number(`1e${k}`)) : `10${raised(k)}`);

  /** Three digits, small and large ones with a power of ten. */
  function threeDigits(value) {
    const [digits, power] = value.toExponential(2).split("e");
    return value === 0 || (power >= -4 && power < 6) ? String(Number(value.toPrecision(3))) : `${Number(digits)}\u00a0×\u00a010${raised(Number(power))}`;
  }

  function leadSentence(chapter, index, gap) {
    const at = `At γ = ${chapter.data.texts[index]} `;
    const optimal = leaders(chapter, index);
    if (gap === null && chapter.data.pairs[chapter.state].every((curve, a) => curve === null || optimal.includes(a))) return `${at}all actions here are worth the same.`;
    if (gap === null) return `${at}there are no values to subtract.`;
    if (gap === 0) return `${at}the best action leads by 0: ${best(chapter, chapter.state, index).map((a) => chapter.data.actions[a]).join(" and ")} are worth the same, and no learner can tell them apart.`;
    const who = optimal.length > 1 ? "the best actions lead" : "the best action leads";
    return `${at}${who} by ${threeDigits(gap)} reward units: to see which is better, a learner has to know its values better than this.`;
  }

  function paintGap(chapter, index, gap) {
    byId(`lead-${chapter.number}`).textContent = leadSentence(chapter, index, gap);
    if (!chapter.lead) return;
    const { x, y, cursor, dot } = chapter.lead;
    paintActions(dot, best(chapter, chapter.state, index).slice(0, 1));
    const at = x(chapter.data.gammas[index]);
    cursor.setAttribute("x1", at);
    cursor.setAttribute("x2", at);
    dot.setAttribute("cx", at);
    dot.setAttribute("cy", gap === null ? -99 : Math.max(-9, y(gap)));
  }

  // ---- the picture: graph, board or table

  function setUp(chapter) {
    const { section, data, number } = chapter;
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

  /** What only changes from region to region: arrows, cells, rows of states. */
  function paintPicture(chapter, index) {
    const point = chapter.points.get(index);
    const key = `${index === 0}|${isOne(chapter, index)}|${point ? `${point.kind}${point.i}` : chapter.data.regions[index]}|${chapter.layer()}|${chapter.state}`;
    if (chapter.painted === key) return;
    chapter.painted = key;
    for (const { node, state, actions } of chapter.arrows) {
      const optimal = best(chapter, state, index);
      const good = actions.filter((a) => optimal.includes(a));
      node.classList.toggle("optimal", good.length > 0);
      const everyone = chapter.data.pairs[state].filter((curve) => curve !== null).length;
      paintActions(node, actions.length === everyone && everyone > 1 ? [7] : actions.slice(0, 1));
      node.classList.toggle("chosen", state === chapter.state);
    }
    for (const node of chapter.nodes) node.setAttribute("aria-pressed", String(Number(node.dataset.state) === chapter.state));
    chapter.cells.forEach((cell, i) => {
      if (cell.disabled) return;
      const state = chapter.data.layers[chapter.layer()][i];
      const optimal = best(chapter, state, index);
      const idle = optimal.length === chapter.data.actions.length;
      cell.classList.toggle("idle", idle);
      cell.setAttribute("aria-pressed", String(state === chapter.state));
      const { mark } = cell.dataset;
      cell.setAttribute("aria-label", `${mark ? `${mark}, ` : ""}${chapter.data.states[state]}: ${idle ? "all actions alike" : names(chapter, optimal)}`);
      for (const act of all(".act", cell)) act.classList.toggle("optimal", !idle && optimal.includes(Number(act.dataset.action)));
    });
    (chapter.rows || []).forEach((row, state) => {
      const optimal = best(chapter, state, index);
      const width = chapter.data.pairs[state].filter((curve) => curve !== null).length;
      row.lastChild.textContent = width > 1 && optimal.length === width ? "all alike" : names(chapter, optimal);
      row.classList.toggle("chosen", state === chapter.state);
    });
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

  // ---- the map: two sliders that look up what is exact, and the point where they are

  function setUpMap(chapter) {
    const { data: { map, states, arrows, actions }, number, section } = chapter;
    if (!map) return;
    const part = (name) => byId(`map-${name}-${number}`);
    const [gammaSlider, valueSlider, picture, board] = ["gamma", "value", "picture", "board"].map(part);
    const rows = all("tr[data-map-state]", section);
    const cells = (board ? [...board.children] : []).map((cell, i) => [cell, chapter.data.layers[0][i]]).filter(([, state]) => state !== null);  // no walls
    for (const [cell] of cells) {
      arrows.forEach((arrow, action) => {
        const act = element("span", { class: `act ${arrow ?? "word"}`, "data-action": action });
        if (!arrow) act.dataset.letter = actions[action].slice(0, 1).toUpperCase();
        paintActions(act, [action]);
        cell.append(act);
      });
    }
    const heights = map.lines.map((line) => line.height);
    const at = { gamma: nearest(map.places, 0.5), point: null, line: nearest(heights, 0.5) };
    const last = map.gammas.length - 1;

    /** The optimal actions of every state, or of the one shown, and how gamma is written. */
    function found() {
      const line = map.lines[at.line];
      if (at.point !== null) return [line.at[at.point], line.texts[at.point], line.places[at.point]];
      const gamma = map.gammas[at.gamma], same = line.gammas.indexOf(gamma);
      const text = String(gamma);
      if (gamma === 0) return [line.zero, text, 0];
      if (gamma === 1 && line.one !== null) return [line.one, text, 1];
      if (same >= 0) return [line.at[same], text, map.places[at.gamma]];
      return [line.sets[line.gammas.filter((point) => point < gamma).length], text, map.places[at.gamma]];
    }

    function paintMap() {
      const line = map.lines[at.line], [policy, gamma, x] = found();
      const sets = map.policies[policy];
      const everywhere = sets.length > 1 || states.length === 1;
      const chosen = names(chapter, everywhere ? sets[map.state] : sets[0]);
      gammaSlider.value = Math.round(x * SLIDER);
      valueSlider.value = Math.round(line.height * SLIDER);
      part("gamma-text").textContent = gamma;
      part("value-text").textContent = line.text;
      part("sentence").textContent = `At γ = ${gamma}${at.point === null ? "" : ", a breakpoint,"} and ${map.parameter} = ${line.text} the best action in state ${states[map.state]} is ${chosen}.`;
      const spoken = `γ ${gamma}${at.point === null ? "" : ", breakpoint"}, ${map.parameter} ${line.text}: best in state ${states[map.state]}: ${chosen}`;
      for (const slider of [gammaSlider, valueSlider]) slider.setAttribute("aria-valuetext", spoken);
      const [left, top, width, height] = map.box, px = left + x * width, py = top + (1 - line.height) * height;
      const [across, up] = all(".here .cursor", picture), dot = picture.querySelector(".here circle");
      for (const [node, set] of [[across, { x1: left, x2: left + width, y1: py, y2: py }], [up, { x1: px, x2: px, y1: top, y2: top + height }], [dot, { cx: px, cy: py }]]) {
        for (const [key, value] of Object.entries(set)) node.setAttribute(key, value);
      }
      if (!everywhere) return;
      const alike = (state) => sets[state].length === actions.length;
      cells.forEach(([cell, state]) => {
        for (const act of all(".act", cell)) act.classList.toggle("optimal", !alike(state) && sets[state].includes(Number(act.dataset.action)));
      });
      if (board) board.setAttribute("aria-label", `Board: ${states.map((name, state) => `${name}: ${alike(state) ? "all actions alike" : names(chapter, sets[state])}`).join("; ")}`);
      rows.forEach((row, state) => { row.lastElementChild.textContent = names(chapter, sets[state]); });
    }

    let waitingMap = false;
    function moveMap(changes) {
      Object.assign(at, changes);
      at.gamma = Math.max(0, Math.min(last, at.gamma));
      at.line = Math.max(0, Math.min(map.lines.length - 1, at.line));
      if (waitingMap) return;
      waitingMap = true;
      requestAnimationFrame(() => { waitingMap = false; paintMap(); });
    }

    /** To the next breakpoint of the line, or the end of the axis. */
    function toMapPoint(direction) {
      const line = map.lines[at.line];
      const gamma = at.point === null ? map.gammas[at.gamma] : line.gammas[at.point];
      const inside = line.gammas.map((point, i) => [point, i]).filter(([point]) => point > map.gammas[0] && point < map.gammas[last]);
      const ahead = direction > 0
        ? inside.find(([point, i]) => point > gamma || (point === gamma && at.point !== null && i > at.point))
        : inside.reverse().find(([point, i]) => point < gamma || (point === gamma && at.point !== null && i < at.point));
      moveMap(ahead ? { point: ahead[1], gamma: nearest(map.gammas, ahead[0]) } : { point: null, gamma: direction > 0 ? last : 0 });
    }

    const step = (by) => () => moveMap({ point: null, gamma: at.gamma + by });
    const climb = (by) => () => moveMap({ point: null, line: at.line + by });
    const keysOf = (slider, keys) => slider.addEventListener("keydown", (event) => {
      if (!(event.key in keys) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    keysOf(gammaSlider, {
      ArrowRight: step(1), ArrowUp: step(1), ArrowLeft: step(-1), ArrowDown: step(-1), PageUp: () => toMapPoint(1), PageDown: () => toMapPoint(-1),
      Home: step(-Infinity), End: step(Infinity),
    });
    keysOf(valueSlider, {
      ArrowRight: climb(1), ArrowUp: climb(1), ArrowLeft: climb(-1), ArrowDown: climb(-1), PageUp: climb(8), PageDown: climb(-8), Home: climb(-Infinity), End: climb(Infinity),
    });
    gammaSlider.addEventListener("input", () => moveMap({ point: null, gamma: nearest(map.places, gammaSlider.value / SLIDER) }));
    valueSlider.addEventListener("input", () => moveMap({ point: null, line: nearest(heights, valueSlider.value / SLIDER) }));

    const follow = (event) => {
      const box = picture.getBoundingClientRect(), [left, top, width, height] = map.box;
      const scale = picture.viewBox.baseVal.width / box.width;
      const x = ((event.clientX - box.left) * scale - left) / width, y = 1 - ((event.clientY - box.top) * scale - top) / height;
      moveMap({ point: null, gamma: nearest(map.places, Math.max(0, Math.min(1, x))), line: nearest(heights, Math.max(0, Math.min(1, y))) });
    };
    picture.addEventListener("pointerdown", (event) => { picture.setPointerCapture(event.pointerId); follow(event); });
    picture.addEventListener("pointermove", (event) => { if (picture.hasPointerCapture(event.pointerId)) follow(event); });
    paintMap();
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

  function paint() {
    const chapter = active();
    const { data, state } = chapter;
    const index = shown.index, gamma = data.gammas[index];
    byId("shown-gamma").textContent = data.texts[index];
    const form = formOf(chapter, index);
    byId("shown-form").replaceChildren(...(form ? ["= ", form] : []));
    byId("where").textContent = where(chapter, index).replaceAll(" of ", "\u00a0of\u00a0");
    slider.value = Math.round(place(gamma) * SLIDER);
    const action = names(chapter, best(chapter, state, index));
    const worth = chapter.price ? `; ${worthAt(chapter, index)[2]}` : "";
    const gap = gapAt(chapter, index);
    const ahead = gap > 0 ? `, ahead by ${threeDigits(gap)}` : "";
    slider.setAttribute("aria-valuetext", `gamma ${data.texts[index]}, ${where(chapter, index)}, best in state ${data.states[state]}: ${action}${ahead}${worth}`);
    const earned = isOne(chapter, index) ? `, worth ${data.earned[state]}` : "";
    byId(`sentence-${chapter.number}`).textContent = `At γ = ${data.texts[index]} the best action here is ${action}${earned}.`;
    for (const other of chapters) {
      const at = other === chapter ? index : sampleOf(other, gamma);
      const cursor = byId(`bar-${other.number}`).querySelector(".cursor");
      cursor.style.left = `${100 * place(gamma)}%`;
      const choice = byId(`choice-${other.number}`);
      const actions = best(other, stateOfBar(other), at);
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
    const at = chapter.x(chapter.data.gammas[index]);
    cursor.setAttribute("x1", at);
    cursor.setAttribute("x2", at);
    const optimal = best(chapter, chapter.state, index);
    const items = byId(`readings-${chapter.number}`).children;
    curves.forEach(({ curve, actions }, i) => {
      const value = valueOf(chapter, curve, index);
      const good = actions.some((a) => optimal.includes(a));
      dots[i].setAttribute("cx", at);
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
      drawBar(chapter);
    }
    for (const row of all(".rows.price")) row.hidden = Number(row.dataset.chapter) !== shown.chapter;
    if (active().price) drawPrice(active());
    explainLearned(active());
    for (const row of all(".model")) row.classList.toggle("current", Number(row.dataset.chapter) === shown.chapter);
    const chapter = active();
    byId(`state-${chapter.number}`).value = String(chapter.state);
    chapter.showLayer();
    const label = byId("bar-state");
    if (label) label.textContent = chapter.data.states[chapter.state];
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
      if (shown.log) parts.set("scale", "log");
      if (location.protocol !== "about:") history.replaceState(null, "", `#${parts}`); // a notebook's cell has no address
    }, 150);
  }

  /** Take model, state, scale and gamma from the address; what makes no sense there is left out. */
  function recall() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const number = (name, low, high) => {
      const value = Number(parts.get(name));
      return parts.has(name) && Number.isInteger(value) && value >= low && value <= high ? value : null;
    };
    shown.chapter = (number("model", 1, chapters.length) ?? 1) - 1;
    const chapter = active();
    chapter.state = number("state", 0, chapter.data.states.length - 1) ?? chapter.data.state;
    shown.log = parts.get("scale") === "log";
    byId("log").checked = shown.log;
    const { breakpoints, touches } = chapter.data;
    const gamma = Number(parts.get("gamma"));
    shown.index =
      breakpoints[(number("breakpoint", 1, breakpoints.length) ?? 0) - 1] ??
      touches[(number("touch", 1, touches.length) ?? 0) - 1] ??
      sampleOf(chapter, parts.has("gamma") && gamma >= 0 && gamma <= 1 ? gamma : 0.5);
    const radio = document.querySelector(`input[name=model][value="${shown.chapter}"]`);
    if (radio) radio.checked = true;
  }

  addEventListener("hashchange", () => { recall(); layOut(); });
  chapters.forEach(setUp);
  chapters.forEach(setUpMap);
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
