// What the registry's pages do in the browser: ages, copying, the audit. What other scripts share is in `mintmark`.
// Every page reads the same without it. Data reaches the page as text only (textContent), never as HTML.
(() => {
  "use strict";

  const root = document.documentElement;
  root.classList.add("mm-js");

  const PAGE = 200;
  const $ = (selector, inside = document) => inside.querySelector(selector);
  const $$ = (selector, inside = document) => Array.from(inside.querySelectorAll(selector));
  const count = (number, one, many = `${one}s`) =>
    `${number ? number.toLocaleString("en") : "no"} ${number === 1 ? one : many}`;
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  /** Make an element: make("a", {href: "…"}, "text", child, …). Texts become text nodes. */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  }

  /** Change the query of the address, which makes what is shown shareable; other keys stay. */
  function remember(keys, entries, push) {
    const url = new URL(location.href);
    for (const key of keys) url.searchParams.delete(key);
    for (const [key, value] of entries) if (value) url.searchParams.append(key, value);
    if (url.href !== location.href) history[push ? "pushState" : "replaceState"](null, "", url);
  }

  globalThis.mintmark = Object.freeze({ $, $$, make, count, capital, remember });

  // Ages ---------------------------------------------------------------------------------------------------------

  const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

  function age(moment, now = Date.now()) {
    const seconds = (Date.parse(moment) - now) / 1000;
    const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) || ["day", 86400];
    return relative.format(Math.trunc(seconds / length), unit);
  }

  /** Inside data-ages the age takes the date's place; in other tables it is a hint, and in a sentence it follows. */
  function showAges() {
    for (const time of $$("time[data-age]")) {
      if (Number.isNaN(Date.parse(time.dateTime))) continue;
      const old = age(time.dateTime);
      if (time.closest("[data-ages]")) {
        time.title = time.textContent;
        time.textContent = old;
      } else if (time.closest("table")) time.title = old;
      else time.append(` (${old})`);
      time.dataset.aged = "";
    }
  }

  // Copying ------------------------------------------------------------------------------------------------------

  const live = make("p", { class: "mm-hidden", role: "status", "aria-live": "polite" });

  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = make("textarea", { class: "mm-hidden", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy"); // the only way on a site without https
    area.remove();
    if (!done) throw new Error("the browser does not let a page copy");
  }

  function addCopyButton(source) {
    const what = source.dataset.copy;
    const button = make("button", { type: "button", class: "mm-copy", "aria-label": `Copy ${what}` }, "Copy");
    button.addEventListener("click", async () => {
      let said = "Copied";
      try {
        await copy(source.textContent);
      } catch {
        said = "Not copied";
        getSelection().selectAllChildren(source);
      }
      button.textContent = said;
      live.textContent = `${said}: ${what}`;
      setTimeout(() => { button.textContent = "Copy"; live.textContent = ""; }, 2000);
    });
    source.after(button);
  }

  /** A button of the page that copies what stands elsewhere on it, even where that is folded away. */
  function startCopying(button) {
    const source = document.getElementById(button.dataset.copies);
    const label = button.textContent;
    button.addEventListener("click", async () => {
      let said = "Copied";
      try { await copy(source.textContent); } catch { said = "Not copied"; }
      button.textContent = said;
      live.textContent = `${said}: ${source.dataset.copy}`;
      setTimeout(() => { button.textContent = label; live.textContent = ""; }, 2000);
    });
  }

  // The audit: what was where on a day, and every event -----------------------------------------------------------

  const MOVES = new Set(["promote", "rollback", "close"]);

  function startAudit(page) {
    const names = new Set($$("#mm-ask [name=model] option").map((option) => option.value));
    const base = page.dataset.repository;
    let loading = null;
    const load = () => (loading ??= fetch(page.dataset.audit).then((answer) => {
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      return answer.json();
    }).then((document_) => document_.events).catch((error) => { loading = null; throw error; }));

    const modelLink = (name) => (names.has(name) ? make("a", { href: `../models/${encodeURIComponent(name)}/` }, name) : name);
    const versionLink = (name, version) => (names.has(name)
      ? make("a", { href: `../models/${encodeURIComponent(name)}/${encodeURIComponent(version)}/` }, version) : version);
    const outside = (path, child) => (base ? make("a", { href: `${base}/${path}` }, child) : child);

    function commit(event) {
      const short = outside(`commit/${encodeURIComponent(event.commit)}`, make("code", {}, event.commit.slice(0, 7)));
      const request = event.pull_request;
      return request ? [short, " (", outside(`pull/${Number(request)}`, `#${request}`), ")"] : [short];
    }

    const minute = (time) => make("time", { datetime: time }, `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`);

    startQuestion($("#mm-ask"), load, { modelLink, versionLink, commit });
    startEvents($("#mm-events"), load, { modelLink, commit, minute });
  }

  function failed(status, error) {
    status.textContent = `The list of events could not be read (${error.message}). The terminal answers too; see above.`;
  }

  /** The last move of each model's channel up to the end of a day in UTC. Events come newest first. */
  function held(events, day, channel, model) {
    const end = Date.parse(`${day}T00:00:00Z`) + 86400000;
    const last = new Map();
    for (const event of events) {
      if (!MOVES.has(event.kind) || event.channel !== channel || (model && event.model !== model)) continue;
      if (Date.parse(event.time) < end && !last.has(event.model)) last.set(event.model, event);
    }
    return [...last.values()].filter((event) => event.to).sort((a, b) => (a.model < b.model ? -1 : 1));
  }

  /** "yanked 2026-06-02" when the version's last yank is not taken back. */
  function yankedNote(events, { model, to }) {
    const event = events.find((e) => (e.kind === "yank" || e.kind === "unyank") && e.model === model && e.version === to);
    return event && event.kind === "yank" ? make("span", { class: "mm-badge mm-badge--bad" }, `yanked ${event.time.slice(0, 10)}`) : null;
  }

  function startQuestion(form, load, links) {
    const status = $("#mm-answer-status");
    const region = $("#mm-answer");
    const command = $(".mm-command code", form.parentElement);
    const today = () => new Date().toISOString().slice(0, 10);

    function line(events, event) {
      const note = yankedNote(events, event);
      return make("tr", {},
        make("th", { scope: "row" }, links.modelLink(event.model)),
        make("td", {}, links.versionLink(event.model, event.to), note ? " " : "", note),
        make("td", { class: "mm-time" }, make("time", { datetime: event.time }, event.time.slice(0, 10))),
        make("td", {}, event.by || "–"),
        make("td", {}, ...links.commit(event)));
    }

    async function answer() {
      const { on, channel, model } = Object.fromEntries(new FormData(form));
      if (Number.isNaN(Date.parse(`${on}T00:00:00Z`))) { status.textContent = "Choose a day."; return; }
      command.textContent = `mintmark list --at ${on}`;
      status.textContent = "Reading…";
      let events;
      try { events = await load(); } catch (error) { region.hidden = true; failed(status, error); return; }
      const found = held(events, on, channel, model);
      const now = on >= today(); // a day that has not ended yet
      const when = now ? "now, as far as this site knows" : `at the end of ${on} (UTC)`;
      const who = found.length || !model ? capital(count(found.length, "model")) : model;
      const verb = !now ? "had" : found.length > 1 || (!found.length && !model) ? "have" : "has";
      status.textContent = `${who} ${verb} ${found.length || !model ? "a" : "no"} version in ${channel} ${when}.`;
      $("caption", region).textContent = `In ${channel} ${when}`;
      $("tbody", region).replaceChildren(...found.map((event) => line(events, event)));
      region.hidden = !found.length;
    }

    const choose = (name, value) => {
      const field = form.elements[name];
      field.value = value;
      if (field.selectedIndex === -1) field.selectedIndex = field.dataset.first ? Number(field.dataset.first) : 0;
    };

    function read() {
      const query = new URLSearchParams(location.search);
      form.elements.on.value = /^\d{4}-\d{2}-\d{2}$/.test(query.get("on") || "") ? query.get("on") : today();
      choose("channel", query.get("channel") || "");
      choose("model", query.get("model") || "");
      if (query.has("on")) answer();
      else { status.textContent = ""; region.hidden = true; }
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      remember(["on", "channel", "model"], new FormData(form), true);
      answer();
    });
    addEventListener("popstate", read);
    read();
  }

  function startEvents(form, load, links) {
    const body = $("#mm-log tbody");
    const still = [...body.children];
    const status = $("#mm-log-status");
    const first = status.textContent;
    const more = $("#mm-more");
    const KEYS = ["kind", "of", "by", "find"];
    let shown = PAGE;

    function line(event) {
      return make("tr", {},
        make("td", { class: "mm-time" }, links.minute(event.time)),
        make("td", {}, event.by || "–"),
        make("td", {}, make("span", { class: "mm-badge mm-badge--plain" }, event.kind)),
        make("td", {}, links.modelLink(event.model)),
        make("td", {}, event.sentence, make("span", { class: "mm-sub" }, event.subject || ""),
          event.approval ? make("span", { class: "mm-sub" }, event.approval.sentence) : null),
        make("td", { class: "mm-time" }, ...links.commit(event)));
    }

    function keep(event, { kind, of, by, find }) {
      const has = (text, part) => text.toLowerCase().includes(part.trim().toLowerCase());
      return (!kind || event.kind === kind) && (!of || event.model === of) && (!by || has(event.by || "", by)) &&
        (!find || has([event.model, event.version, event.reason, event.subject, event.commit, event.channel,
          event.sentence, event.approval ? event.approval.sentence : ""].join(" "), find));
    }

    async function show() {
      const wanted = Object.fromEntries(new FormData(form));
      if (shown === PAGE && !KEYS.some((key) => wanted[key])) {
        body.replaceChildren(...still);
        status.textContent = first;
        more.hidden = !more.dataset.more;
        return;
      }
      let events;
      try { events = await load(); } catch (error) { failed(status, error); return; }
      const found = events.filter((event) => keep(event, wanted));
      body.replaceChildren(...found.slice(0, shown).map(line));
      const part = Math.min(shown, found.length);
      status.textContent = part < found.length
        ? `The newest ${part.toLocaleString("en")} of ${count(found.length, "event")}` : capital(count(found.length, "event"));
      more.hidden = part >= found.length;
    }

    function read() {
      const query = new URLSearchParams(location.search);
      shown = PAGE;
      for (const key of KEYS) form.elements[key].value = query.get(key) || "";
      show();
    }

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => {
      shown = PAGE;
      remember(KEYS, new FormData(form), event.target.tagName === "SELECT");
      show();
    });
    more.addEventListener("click", () => { shown += PAGE; show(); });
    addEventListener("popstate", read);
    read();
  }

  function start() {
    document.body.append(live);
    // The theme's search is a dialog without a name.
    for (const dialog of $$("[role=dialog]:not([aria-label])")) dialog.setAttribute("aria-label", "Search");
    for (const source of $$("[data-copy]")) addCopyButton(source);
    for (const button of $$("[data-copies]")) startCopying(button);
    const audit = $("#mm-audit");
    if (audit) startAudit(audit);
    showAges();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
