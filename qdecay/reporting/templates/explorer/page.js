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

const digits = (value) => signed(Number(value.toPrecision(4)));

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
    const texts = [one, two].map((value) => signed(Number(value.toPrecision(places))));
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
  slider.setAttribute("aria-valuetext", `gamma ${data.texts[index]}, ${where(chapter, index)}, best in ${stateCalled(data.states[state])}: ${action}${ahead}${worth}`);
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
  if (chapter.unit === "behind") return value === 0 ? "0 %" : `${digits(100 * value)} %`;
  return signed(Number(value.toPrecision(chapter.unit === "value" ? 9 : 7)));
}

/** What stands for a value that there is not: at gamma = 1, where it has no limit, the reward per step. */
function unknown(chapter, curve, index) {
  const gain = chapter.data.gains[curve];
  return isOne(chapter, index) && gain !== 0 ? `— (${digits(gain)} per step)` : "—";
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

let timer = 0, follower = null;
function remember() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    tellFollower();
    // The cell of a notebook has no address of its own.
    if (location.protocol !== "about:") history.replaceState(null, "", address());
  }, 150);
}

function address() {
  const parts = new URLSearchParams();
  if (chapters.length > 1) parts.set("model", String(shown.chapter + 1));
  const chapter = active();
  if (chapter.state !== chapter.data.state) parts.set("state", String(chapter.state));
  const point = chapter.points.get(shown.index);
  if (point) parts.set(point.kind, String(point.i + 1)); else parts.set("gamma", chapter.data.texts[shown.index].replace("−", "-"));
  return `#${parts}`;
}

// The editor shows this page in a frame, anew after each change, and opens the next one where the reader was.
function tellFollower() {
  follower?.postMessage({ qdecay: "here", address: address(), scroll: scrollY }, "*");
}

addEventListener("message", ({ data, source }) => {
  if (data?.qdecay !== "follow" || source !== parent) return;
  follower = source;
  scrollTo(0, Number(data.scroll) || 0);
  tellFollower();
});
addEventListener("scroll", () => { if (follower) remember(); }, { passive: true });

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
  if (chapter.data.map) setUpMap(chapter);
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
