// The curves of several versions over each other, from the documents that hold their corners. compare.js loads it.
// Data reaches the page as text and as numbers only, never as HTML.

const [LEFT, TOP, SIDE, HEIGHT] = [54, 12, 312, 220];
const [RIGHT, BOTTOM] = [LEFT + SIDE, TOP + HEIGHT];
const KNOWS_NOTHING = "ROC curve"; // its diagonal is the line of a model that knows nothing

function draw(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Return the section with the curves. `tools` are those of compare.js: make, read, number, basisOf and bases. */
export async function overlay(versions, tools) {
  const { make, read } = tools;
  const answers = await Promise.allSettled(versions.map(async ({ model, version, curves }) =>
    (curves ? (await read(`models/${model}/curves/${encodeURIComponent(version)}.json`)).curves : [])));
  const lines = answers.flatMap((answer, place) => (answer.value ?? []).map((curve) => ({ ...curve, place })));
  const missing = versions.filter((_, place) => !lines.some((line) => line.place === place)).map(({ reference }) => reference);
  const said = missing.length ? make("p", { class: "mm-aside" }, `Without curves: ${missing.join(", ")}. They are drawn from predictions, which this site does not have of them.`) : null;
  const groups = new Map();
  for (const line of lines) {
    // errors are in the unit of what their model answers, and those of two models have no common one
    const key = line.title === "Errors" ? `Errors of ${versions[line.place].model}` : line.title;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  const drawings = [...groups].map(([title, found]) => figure(title, found, versions, tools));
  return make("section", {}, make("h2", {}, "Curves"), said, make("div", { class: "mm-overlays" }, ...drawings));
}

function figure(title, lines, versions, tools) {
  const { make } = tools;
  const names = lines.map(({ place }) => versions[place].reference);
  const keys = lines.map(({ place }, turn) => make("li", {}, swatch(place), names[turn]));
  return make("figure", { class: "mm-overlay" }, make("figcaption", {}, make("strong", {}, title), ` ${rowsInWords(lines, versions, tools)}`),
    chart(`${title} of ${names.join(", ")}`, lines, tools), make("ul", { "aria-label": `Lines of ${title}` }, ...keys));
}

/** What the lines were measured on, against the first of them: only those of the same rows can be held to each other. */
function rowsInWords(lines, versions, { basisOf, bases }) {
  const [first, ...others] = lines.map(({ place }) => versions[place]);
  if (!others.length) return "";
  const strange = others.filter((one) => basisOf(first, one) !== "same rows");
  if (!strange.length) return "Measured on the same rows.";
  return `Not to be held to ${first.reference}: ${strange.map((one) => `${one.reference}, ${bases[basisOf(first, one)]}`).join("; ")}.`;
}

const lineOf = (place, path) => draw("path", { d: path, class: `mm-overlay__line mm-overlay__line--${place + 1}` });
const swatch = (place) => draw("svg", { viewBox: "0 0 40 10", "aria-hidden": "true" }, lineOf(place, "M0 5H40"));

function chart(label, lines, { number }) {
  const start = Math.min(...lines.map((line) => line.start));
  const end = Math.max(...lines.map((line) => line.end));
  const across = (x) => LEFT + (SIDE * (x - start)) / (end - start || 1);
  const up = (y) => BOTTOM - HEIGHT * y;
  const path = ({ x, y }) => `M${x.map((value, turn) => `${across(value).toFixed(1)} ${up(y[turn]).toFixed(1)}`).join("L")}`;
  const quarters = [0, 0.25, 0.5, 0.75, 1];
  const text = (x, y, said, more = {}) => draw("text", { x, y, ...more }, said);
  const grid = quarters.map((part) => `M${LEFT + SIDE * part} ${TOP}V${BOTTOM}M${LEFT} ${up(part)}H${RIGHT}`).join("");
  const below = quarters.map((part) => text(LEFT + SIDE * part, BOTTOM + 17, number(start + (end - start) * part, 3), { "text-anchor": "middle" }));
  const beside = quarters.map((part) => text(LEFT - 6, up(part) + 4, String(part), { "text-anchor": "end" }));
  const middle = { "text-anchor": "middle" };
  return draw("svg", { viewBox: `0 0 ${RIGHT + 16} ${BOTTOM + 42}`, role: "img", "aria-label": label },
    draw("path", { d: grid, class: "mm-overlay__grid" }), ...below, ...beside,
    text((LEFT + RIGHT) / 2, BOTTOM + 36, lines[0].x_label, middle),
    draw("text", { transform: `translate(12 ${(TOP + BOTTOM) / 2})rotate(-90)`, ...middle }, lines[0].y_label),
    ...(lines[0].title === KNOWS_NOTHING ? [draw("path", { d: `M${LEFT} ${BOTTOM}L${RIGHT} ${TOP}`, class: "mm-overlay__nothing" })] : []),
    ...lines.map((line) => lineOf(line.place, path(line))));
}
