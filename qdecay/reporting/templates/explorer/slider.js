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
