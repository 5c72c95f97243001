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
  if (!different) return "Your γ has the same best actions as the best γ.";
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
