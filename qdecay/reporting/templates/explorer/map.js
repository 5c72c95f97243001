// ---- the map: two sliders that look up what is exact, and the point where they are

function setUpMap(chapter) {
  const { data: { map, states, arrows, actions }, number, section } = chapter;
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
    part("sentence").textContent = `At γ = ${gamma}${at.point === null ? "" : ", a breakpoint,"} and ${map.parameter} = ${line.text} the best action in ${stateCalled(states[map.state])} is ${chosen}.`;
    const spoken = `γ ${gamma}${at.point === null ? "" : ", breakpoint"}, ${map.parameter} ${line.text}: best in ${stateCalled(states[map.state])}: ${chosen}`;
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
