// The lineage page in the browser: it finds a package, a path or a hash, and names every version; on a day, those of that
// day. The most common entries are there without it. Data reaches the page as text only, never as HTML.
import { read, readEvents, standing, until } from "./events.js";
import { find, namesOf, partsOf } from "./lineage-search.js";

const FEW = 10; // entries that are read and shown at a time
const MODELS = 5; // of an entry; a button shows the others
const ROLES = { source: "made from, a source", training: "made from", evaluation: "measured on" };

/** Start the page. `day` is the day as of which the whole site is shown, null for today. */
export function start(page, { $, make, count, capital, remember, root, day }) {
  const [form, status, result, lists] = ["form", "status", "result", "lists"].map((name) => $(`#lineage-${name}`));
  const field = form.elements.find;
  const documents = new URL("api/v1/", root);
  const open = (path) => read(new URL(path, documents));
  let turn = 0;

  const place = (...parts) => {
    const url = new URL(`models/${parts.map(encodeURIComponent).join("/")}/`, root);
    if (day) url.searchParams.set("on", day);
    return url.href;
  };

  /** What there was at the end of the day; null for today, which the documents tell. */
  async function past() {
    if (!day) return null;
    const { events } = await readEvents(new URL("audit.json", documents));
    return standing(until(events, day));
  }

  const isThere = (then, name, version) => !then || (then.has(name) && then.get(name).versions.has(version));

  /** The models of an entry, with the champions first; on a day, those that had such a version. */
  const modelsOf = (entry, then) => entry.models.filter(({ name, first }) => isThere(then, name, first))
    .sort((a, b) => (a.champion === null) - (b.champion === null) || (a.name < b.name ? -1 : 1));

  async function versionsOf(entry, { name, document }, then) {
    const own = (await open(document))[entry.part].find((one) => namesOf(one).join("\n") === entry.key);
    const moved = then && then.get(name).channels.get(page.dataset.last);
    const versions = own.versions.filter((version) => isThere(then, name, version));
    return { versions, more: own.more, champion: then ? moved && moved.to : own.champion };
  }

  async function fill(details, entry, model, then) {
    const list = make("p", {});
    details.append(list);
    try {
      const { versions, more, champion } = await versionsOf(entry, model, then);
      for (const version of versions) {
        list.append(make("a", { href: place(model.name, version) }, version === champion ? `★ ${version}` : version), " ");
      }
      if (more) list.append(`and ${count(more, "lower version")}${then ? " of today" : ""}`);
    } catch (error) {
      list.textContent = `The versions could not be read (${error.message}).`;
    }
  }

  function ofModel(entry, model, then) {
    const { name, versions, champion } = model;
    const told = then ? name : `${name}: ${count(versions, "version")}${champion ? `, ★ ${champion}` : ""}`;
    const details = make("details", { class: "mm-fold" }, make("summary", {}, told));
    details.addEventListener("toggle", () => { if (details.children.length === 1) fill(details, entry, model, then); });
    return details;
  }

  function line(entry, then) {
    const models = modelsOf(entry, then);
    const [name, mark, role] = namesOf(entry);
    const section = make("section", { class: "mm-found" }, make("p", {}, make("code", {}, name), " ", make("code", { class: "mm-digest" }, mark),
      role ? make("span", { class: "mm-aside" }, ` ${ROLES[role]}`) : null),
    ...models.slice(0, MODELS).map((model) => ofModel(entry, model, then)));
    if (models.length > MODELS) {
      const button = make("button", { type: "button", class: "mm-button" }, count(models.length - MODELS, "more model"));
      button.addEventListener("click", () => button.replaceWith(...models.slice(MODELS).map((model) => ofModel(entry, model, then))));
      section.append(button);
    }
    return section;
  }

  /** What gives the next few of the entries that there were, and whether there are others after them. */
  function batches(entries, then) {
    let held = [];
    return async () => {
      const found = held;
      while (found.length <= FEW) {
        const { value, done } = await entries.next();
        if (done) return { found, more: false };
        if (modelsOf(value, then).length) found.push(value);
      }
      held = found.splice(FEW);
      return { found, more: true };
    };
  }

  /** The lines of some entries, and a button that reads the next ones. */
  function lines({ found, more }, next, then) {
    const made = found.map((entry) => line(entry, then));
    if (!more) return made;
    const button = make("button", { type: "button", class: "mm-button" }, "Show more");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const others = lines(await next(), next, then);
        button.replaceWith(...others);
        if (others.length) $("summary, a, button", others[0]).focus();
      } catch (error) {
        button.disabled = false;
        button.textContent = `Show more: it could not be read (${error.message})`;
      }
    });
    return [...made, button];
  }

  function saying({ total, skipped }, { found, more }) {
    const known = count(day ? found.length : total, "entry", "entries");
    const dated = day ? ` with versions of ${day}` : "";
    const short = skipped ? " Many more hashes and releases begin so: type more of them, or a whole one in quotes." : "";
    return `${capital(day && more ? `more than ${known}` : known)}${dated}.${short}`;
  }

  async function show() {
    const own = ++turn;
    const text = field.value.trim();
    remember(["find"], [["find", text]]);
    lists.hidden = Boolean(text || day);
    if (!text && !day) { result.replaceChildren(); status.textContent = ""; return; }
    status.textContent = "Reading …";
    try {
      const [then, index] = await Promise.all([past(), open("lineage.json")]);
      if (!text) { showParts(index, then); return; }
      const answer = await find(text, index, open);
      const next = batches(answer.entries(), then);
      const some = await next();
      if (own !== turn) return;
      status.textContent = saying(answer, some);
      result.replaceChildren(...lines(some, next, then));
    } catch (error) {
      if (own === turn) { result.replaceChildren(); status.textContent = `The lineage could not be read (${error.message}).`; }
    }
  }

  /** On a day, without a search: what versions of that day name, part by part, read when one is opened. */
  function showParts(index, then) {
    status.textContent = `What the versions of ${day} name. Versions that were withdrawn later are not on this site any more.`;
    result.replaceChildren(...partsOf(index, open).map(({ title, entries }) => {
      const details = make("details", { class: "mm-fold mm-lineage" }, make("summary", {}, make("h2", {}, title)));
      details.addEventListener("toggle", async () => {
        if (details.children.length > 1) return;
        const box = make("div", {}, make("p", { role: "status" }, "Reading …"));
        details.append(box);
        try {
          const next = batches(entries(), then);
          const some = await next();
          box.replaceChildren(...some.found.length ? lines(some, next, then) : [make("p", { class: "mm-nothing" }, "No version named any.")]);
        } catch (error) { box.textContent = `The lineage could not be read (${error.message}).`; }
      });
      return details;
    }));
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
  field.addEventListener("input", show);
  field.value = new URL(location.href).searchParams.get("find") ?? field.value; // typed before this script was there
  if (field.value || day) show();
}
