// The audit in the browser: every event, by model, channel, kind, person and days, and as a table for a spreadsheet.
import { isDay, linking, readEvents, until } from "./events.js";

const { visible } = globalThis.mintmark;
const PAGE = 150; // as many as audit_page.py shows
const KEYS = ["of", "channel", "kind", "by", "from", "to", "find"];
const COLUMNS = ["time", "kind", "model", "version", "channel", "from", "to", "by", "sentence", "reason", "subject", "commit",
  "pull_request"];

/** A cell as publishing/site/api/audit_table.py writes it: no spreadsheet takes it for a formula. */
function cell(value) {
  const text = value === null || value === undefined ? "" : visible(String(value));
  return `"${(/^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

export function table(events) {
  const lines = [COLUMNS, ...events.map((event) => COLUMNS.map((name) => event[name]))];
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

/** Start the page. `day` is the day as of which the whole site is shown, null for today. */
export function start(page, { $, $$, make, count, capital, remember, root, day }) {
  const form = $("#mm-events");
  if (!form) return;
  const body = $("#mm-log tbody");
  const still = [...body.children];
  const status = $("#mm-log-status");
  const first = status.textContent;
  const more = $("#mm-more");
  const known = new Set($$("[name=of] option", form).map((option) => option.value));
  const links = linking({ make }, root, page.dataset.repository, known);
  let shown = PAGE;

  function line(event) {
    return make("tr", {},
      make("td", { class: "mm-time" }, links.minute(event.time)),
      make("td", {}, event.by || "–"),
      make("td", {}, make("span", { class: "mm-badge mm-badge--plain" }, event.kind)),
      make("td", {}, links.model(event.model)),
      make("td", {}, event.sentence, make("span", { class: "mm-sub" }, event.subject || ""),
        event.approval ? make("span", { class: "mm-sub" }, event.approval.sentence) : null),
      make("td", { class: "mm-time" }, ...links.commit(event)));
  }

  function keep(event, { of, channel, kind, by, from, to, find }) {
    const has = (text, part) => text.toLowerCase().includes(part.trim().toLowerCase());
    const on = event.time.slice(0, 10);
    return (!kind || event.kind === kind) && (!of || event.model === of) && (!channel || event.channel === channel) &&
      (!from || on >= from) && (!to || on <= to) && (!by || has(event.by || "", by)) &&
      (!find || has([event.model, event.version, event.reason, event.subject, event.commit, event.channel,
        event.sentence, event.approval ? event.approval.sentence : ""].join(" "), find));
  }

  const wanted = () => Object.fromEntries(new FormData(form));
  const isFiltered = (some) => KEYS.some((key) => some[key]);

  /** The events that are wanted, the newest first, and how many they are; no older document is read in vain. */
  async function found(enough = Infinity) {
    const some = wanted();
    const isIn = ({ from, to }) => (!some.from || to.slice(0, 10) >= some.from) && (!some.to || from.slice(0, 10) <= some.to);
    if (!day && !isFiltered(some)) {
      return readEvents(page.dataset.audit, isIn, enough);
    }
    const { events } = await readEvents(page.dataset.audit, day ? undefined : isIn);
    const kept = (day ? until(events, day) : events).filter((event) => keep(event, some));
    return { events: kept, total: kept.length };
  }

  let asked = 0;
  async function show() {
    if (!day && shown === PAGE && !isFiltered(wanted())) {
      asked += 1;
      body.replaceChildren(...still);
      status.textContent = first;
      more.hidden = !more.dataset.more;
      return;
    }
    const number = asked += 1;
    let events, total;
    try { ({ events, total } = await found(shown)); } catch (error) { failed(error); return; }
    if (number !== asked) return; // somebody has asked for something else meanwhile
    body.replaceChildren(...events.slice(0, shown).map(line));
    status.textContent = shown < total
      ? `The newest ${shown.toLocaleString("en")} of ${count(total, "event")}` : capital(count(total, "event"));
    more.hidden = shown >= total;
  }

  function failed(error) {
    status.textContent = `The list of events could not be read (${error.message}). In a terminal, mintmark history answers too.`;
  }

  async function download() {
    let events;
    try { ({ events } = await found()); } catch (error) { failed(error); return; }
    const url = URL.createObjectURL(new Blob([table(events)], { type: "text/csv;charset=utf-8" }));
    make("a", { href: url, download: day ? `audit-${day}.csv` : "audit.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function readAddress() {
    const query = new URLSearchParams(location.search);
    shown = PAGE;
    for (const key of KEYS) {
      const value = query.get(key) || "";
      form.elements[key].value = form.elements[key].type !== "date" || isDay(value) ? value : "";
      if (form.elements[key].selectedIndex === -1) form.elements[key].selectedIndex = 0;
    }
    show();
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    shown = PAGE;
    const isTyped = ["by", "find"].includes(event.target.name); // a word that is being typed is no step to go back to
    remember(KEYS, new FormData(form), !isTyped);
    show();
  });
  $("#mm-download").addEventListener("click", download);
  more.addEventListener("click", () => { shown += PAGE; show(); });
  addEventListener("popstate", readAddress);
  const query = new URLSearchParams(location.search);
  if (isFiltered(wanted()) && !KEYS.some((key) => query.has(key))) { // somebody has chosen before this script was there
    remember(KEYS, new FormData(form));
    show();
  } else readAddress();
}
