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
