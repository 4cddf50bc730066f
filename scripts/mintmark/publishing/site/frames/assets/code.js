// The scripts of compared versions, line by line, from the texts that the site has of them. compare.js loads it.
// Data reaches the page as text only, never as HTML.

const MOST_CELLS = 4e6; // of the table that finds the longest common part
const MOST_LINES = 600; // that one script shows
const CONTEXT = 3;

const counted = (number) => `${number} line${number === 1 ? "" : "s"}`;

/** The lines of both texts in order, as [sign, line]; null where there are too many to compare. */
function compare(first, second) {
  const [old, fresh] = [first, second].map((text) => text.split("\n"));
  let start = 0;
  while (start < Math.min(old.length, fresh.length) && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, fresh.length) - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  const [a, b] = [old, fresh].map((lines) => lines.slice(start, lines.length - end));
  if (a.length * b.length > MOST_CELLS) return null;
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines = old.slice(0, start).map((line) => [" ", line]);
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) { lines.push([" ", a[i]]); i += 1; j += 1; }
    else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1])) { lines.push(["-", a[i]]); i += 1; }
    else { lines.push(["+", b[j]]); j += 1; }
  }
  return [...lines, ...old.slice(old.length - end).map((line) => [" ", line])];
}

/** Only what changed, with some lines around it; what lies between is one line that says how many. */
function near(lines) {
  const kept = new Set();
  lines.forEach(([sign], place) => {
    if (sign !== " ") for (let at = place - CONTEXT; at <= place + CONTEXT; at += 1) kept.add(at);
  });
  const found = [];
  let left = 0;
  const tell = () => { if (left) found.push(["@", `${counted(left)} as before`]); left = 0; };
  lines.forEach((line, place) => {
    if (kept.has(place)) { tell(); found.push(line); } else left += 1;
  });
  tell();
  return found;
}

/** Return a section with the scripts that differ from those of the first version, null where none does. */
export async function scripts(versions, codeOf, { make, read, link }) {
  const [first, ...others] = versions;
  const own = codeOf(first);
  const pairs = others.flatMap((other) => [...codeOf(other)]
    .filter(([path, digest]) => other.code.includes(path) && own.has(path) && own.get(path) !== digest)
    .map(([path, digest]) => ({ other, path, digests: [own.get(path), digest] })));
  const there = new Set(pairs.length ? (await read("code/index.txt", "text")).split("\n") : []);
  const shown = await Promise.all(pairs.map(async ({ other, path, digests }) => {
    const title = `${path}, from ${first.reference} to ${other.reference}`;
    const names = digests.map((digest) => digest.replace("md5:", ""));
    const texts = names.every((name) => there.has(name))
      ? await Promise.all(names.map((name) => read(`code/${name}.txt`, "text"))) : null;
    const lines = texts && compare(...texts);
    if (!lines) {
      const why = texts ? "too large to show"
        : digests.some((digest) => digest.endsWith(".dir")) ? "a folder, which is not shown line by line"
          : "too large to show, or not in the history of this repository";
      return make("p", { class: "mm-aside" }, `${title}: ${why}. `, ...link(first, other));
    }
    const told = near(lines);
    const count = (wanted) => lines.filter(([sign]) => sign === wanted).length;
    const more = told.length > MOST_LINES ? [`${told.length - MOST_LINES} more lines. `, ...link(first, other)] : [];
    const body = told.slice(0, MOST_LINES).map(([sign, line]) =>
      make("span", { class: `mm-diff__line mm-diff__line--${{ "+": "new", "-": "old", "@": "gap" }[sign] ?? "same"}` }, `${sign === "@" ? "…" : sign} ${line}\n`));
    return make("details", { open: "" }, make("summary", {}, `${title}: ${counted(count("+"))} new, ${count("-")} gone`),
      make("div", { class: "mm-scroll", tabindex: "0", role: "region", "aria-label": title }, make("pre", { class: "mm-diff" }, make("code", {}, ...body))),
      ...(more.length ? [make("p", { class: "mm-aside" }, ...more)] : []));
  }));
  return shown.length ? make("section", {}, make("h3", {}, "Scripts, line by line"), ...shown) : null;
}
