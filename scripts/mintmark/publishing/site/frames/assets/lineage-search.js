// The search of the lineage: it reads lineage.json and of the other documents as few as it can. Shows nothing.

const TITLES = { packages: "Packages", data: "Data", scripts: "Code" };
const PARTS = Object.keys(TITLES);
const PAGES = 3; // documents of marks that are read for the beginning of one
const WORD = /"((?:[^"\\]|\\.)*)"|\S+/g;

/** The words of a search. One in quotes, written as JSON writes it, must fit whole. */
export function wordsOf(text) {
  return [...text.matchAll(WORD)].map(([whole, quoted]) => {
    if (quoted === undefined) return { text: whole.toLowerCase(), isWhole: false };
    try { return { text: JSON.parse(whole), isWhole: true }; } catch { return { text: quoted, isWhole: true }; }
  }).filter((word) => word.text);
}

/** What an entry is called, what tells it from others of that name, and how data was used. */
export const namesOf = ({ path, hash, package: name, version, role }) => [path ?? name, hash ?? version, role ?? ""];

/** What may be the beginning of a mark: marks of files stand without the algorithm that a hash begins with. */
const typedAs = (text) => [...new Set([text, text.slice(text.indexOf(":") + 1)])].filter(Boolean);

const markOf = (part, hash) => (part === "packages" ? hash : hash.slice(hash.indexOf(":") + 1) || hash);

const inName = (word, name) => (word.isWhole ? name === word.text : name.toLowerCase().includes(word.text));

function inMark(word, { part, mark = "" }) {
  const texts = part === "packages" ? [word.text] : typedAs(word.text);
  return texts.some((text) => (word.isWhole ? mark === text : mark.toLowerCase().startsWith(text)));
}

/** How well a word fits: 0 whole, 1 the name of a file, 2 its beginning, 3 some part of it. */
function distance(word, found) {
  const { name, mark = "" } = found;
  const [text, known] = [word.text.toLowerCase(), name.toLowerCase()];
  if (known === text || typedAs(text).includes(mark.toLowerCase())) return 0;
  if (known.endsWith(`/${text}`)) return 1;
  return known.startsWith(text) || inMark(word, found) ? 2 : 3;
}

const rank = (words, found) => words.reduce((sum, word) => sum + distance(word, found), 0);

const better = (words) => (a, b) => rank(words, a) - rank(words, b) || PARTS.indexOf(a.part) - PARTS.indexOf(b.part)
  || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || ((a.mark ?? "") < (b.mark ?? "") ? -1 : 1);

/** The documents in which a mark that fits a word would stand; null where those are too many to read. */
function pagesOf(word, marks) {
  const ranges = typedAs(word.text.toLowerCase()).map((from) => [from, word.isWhole ? from : `${from}\uffff`]);
  const found = marks.filter(({ first, last }) => ranges.some(([from, to]) => last.toLowerCase() >= from && first.toLowerCase() <= to));
  return found.length > PAGES && !word.isWhole ? null : found;
}

async function* entriesOf(part, documents, keep, open) {
  for (const path of documents) {
    for (const entry of (await open(path))[part]) if (keep(entry)) yield { ...entry, part, key: namesOf(entry).join("\n") };
  }
}

/** What fits a search: how many entries, whether some were left out as too many, and the entries, the best first. */
export async function find(text, index, open) {
  const words = wordsOf(text);
  const fits = (found) => words.every((word) => inName(word, found.name) || inMark(word, found));
  const named = PARTS.flatMap((part) => index[part].filter(({ name }) => words.length && words.every((word) => inName(word, name)))
    .map((found) => ({ part, ...found })));
  const known = new Set(named.map(({ part, name }) => `${part} ${name}`));
  const pages = new Set();
  let skipped = false;
  for (const word of words) {
    const some = pagesOf(word, index.marks);
    if (some) some.forEach(({ document }) => pages.add(document));
    else skipped = true;
  }
  const marked = new Map();
  let total = named.reduce((sum, { entries }) => sum + entries, 0);
  for (const { marks } of await Promise.all([...pages].map(open))) {
    for (const found of marks) {
      if (known.has(`${found.part} ${found.name}`) || !fits(found)) continue;
      const key = [found.part, found.name, found.mark].join("\n");
      if (!marked.has(key)) marked.set(key, { ...found, documents: new Set() });
      marked.get(key).documents.add(found.document);
      total += 1; // data has an entry for each role
    }
  }
  const ordered = [...named, ...marked.values()].sort(better(words));
  return {
    total,
    skipped,
    async* entries() {
      for (const { part, name, mark, documents } of ordered) {
        const isIt = (entry) => { const [own, its] = namesOf(entry); return own === name && (mark === undefined || markOf(part, its) === mark); };
        yield* entriesOf(part, documents, isIt, open);
      }
    },
  };
}

/** The parts of the lineage, each with all its entries by name. */
export function partsOf(index, open) {
  return PARTS.map((part) => ({
    title: TITLES[part],
    entries: () => entriesOf(part, [...new Set(index[part].flatMap(({ documents }) => documents))], () => true, open),
  }));
}
