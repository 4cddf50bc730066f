// What the registry's pages do in the browser: ages, copying, the day that it shows. What other scripts share is in `mintmark`.
// Every page reads the same without it. Data reaches the page as text only (textContent), never as HTML.
(() => {
  "use strict";

  const root = document.documentElement;
  root.classList.add("mm-js");

  const $ = (selector, inside = document) => inside.querySelector(selector);
  const $$ = (selector, inside = document) => Array.from(inside.querySelectorAll(selector));
  const count = (number, one, many = `${one}s`) =>
    `${number ? number.toLocaleString("en") : "no"} ${number === 1 ? one : many}`;
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  /** Text in which what nobody sees, or what turns the direction of the text around it, is written out. */
  const visible = (text) => text.replace(/[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g,
    (sign) => `\\u${sign.codePointAt(0).toString(16).padStart(4, "0")}`);

  /** Make an element: make("a", {href: "…"}, "text", child, …). Texts become text nodes. */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    const told = children.filter((child) => child !== null && child !== "");
    element.append(...told.map((child) => (typeof child === "string" ? visible(child) : child)));
    return element;
  }

  /** Change the query of the address, which makes what is shown shareable; other keys stay. */
  function remember(keys, entries, push) {
    const url = new URL(location.href);
    for (const key of keys) url.searchParams.delete(key);
    for (const [key, value] of entries) if (value) url.searchParams.append(key, value);
    if (url.href !== location.href) history[push ? "pushState" : "replaceState"](null, "", url);
  }

  const reading = new Map();

  /** What a file of this site holds, as JSON or text, read once; asked again after it could not be read. */
  function read(url, as = "json") {
    const key = `${as} ${url}`;
    if (!reading.has(key)) {
      reading.set(key, fetch(url).then((answer) => {
        if (!answer.ok) throw Object.assign(new Error(`HTTP ${answer.status}`), { status: answer.status });
        return answer[as]();
      }).catch((error) => { reading.delete(key); throw error; }));
    }
    return reading.get(key);
  }

  globalThis.mintmark = Object.freeze({ $, $$, make, visible, count, capital, remember, read });

  // Ages ---------------------------------------------------------------------------------------------------------

  const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

  function age(moment, now = Date.now()) {
    const seconds = (Date.parse(moment) - now) / 1000;
    const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) || ["day", 86400];
    return relative.format(Math.trunc(seconds / length), unit);
  }

  /** Inside data-ages the age takes the date's place; in other tables it is a hint, and in a sentence it follows.
   *  A sentence keeps the height that it had with the age of `::after` in registry.css, so that nothing below it moves. */
  function showAges() {
    const times = $$("time[data-age]").filter((time) => !Number.isNaN(Date.parse(time.dateTime)));
    const sentences = new Set(times.filter((time) => !time.closest("table, [data-ages]")).map((time) => time.closest("p, li")));
    sentences.delete(null);
    const heights = [...sentences].map((sentence) => [sentence, getComputedStyle(sentence).height]);
    for (const [sentence, height] of heights) sentence.style.minHeight = height;
    addEventListener("resize", () => { for (const sentence of sentences) sentence.style.minHeight = ""; }, { once: true });
    for (const time of times) {
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

  // As of a day: the address or the visit names it, and every page of the site shows that day ----------------------

  const HERE = document.currentScript.src;
  const SITE = new URL("../", HERE);
  const KEPT = `mm-day:${SITE.pathname}`;
  const other = (name) => import(new URL(name, HERE)); // loaded where it is needed only

  function kept(change) {
    try {
      if (change === null) sessionStorage.removeItem(KEPT);
      else if (change) sessionStorage.setItem(KEPT, change);
      return sessionStorage.getItem(KEPT);
    } catch { return null; } // a browser that keeps nothing; the address still names the day
  }

  function chosenDay() {
    const asked = new URLSearchParams(location.search).get("on") ?? kept();
    const day = asked && /^\d{4}-\d{2}-\d{2}$/.test(asked) && !Number.isNaN(Date.parse(`${asked}T00:00:00Z`)) ? asked : null;
    kept(day);
    if (day) remember(["on"], [["on", day]]);
    return day;
  }

  /** The control in the header: a button that unfolds the question for a day. */
  function addDayControl(day) {
    const header = $(".md-header__inner");
    if (!header) return;
    const field = make("input", { type: "date", name: "on", required: "", value: day || new Date().toISOString().slice(0, 10) });
    const form = make("form", {}, make("label", {}, "At the end of (UTC)", field), make("button", { class: "mm-button" }, "Show the site as of this day"));
    const summary = make("summary", { "aria-label": day ? `As of ${day}: choose another day` : "As of a day" }, make("span", { "aria-hidden": "true" }, day || "As of"));
    const box = make("details", { class: "mm-as-of" }, summary, form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const url = new URL(location.href);
      url.searchParams.set("on", field.value);
      location.assign(url);
    });
    document.addEventListener("click", (event) => { if (!box.contains(event.target)) box.open = false; });
    box.addEventListener("keydown", (event) => { if (event.key === "Escape") { box.open = false; summary.focus(); } });
    const search = $(".md-search", header);
    if (search) search.before(box);
    else header.append(box);
  }

  const day = chosenDay();
  if (day) root.classList.add("mm-as-of-day"); // what is known of today is not shown meanwhile

  async function startDay(tools) {
    addDayControl(day);
    if (!day) return;
    const { show } = await other("day.js");
    await show(day, tools);
    root.classList.remove("mm-as-of-day");
  }

  function start() {
    document.body.append(live);
    // The theme's search is a dialog without a name.
    for (const dialog of $$("[role=dialog]:not([aria-label])")) dialog.setAttribute("aria-label", "Search");
    for (const source of $$("[data-copy]")) addCopyButton(source);
    for (const button of $$("[data-copies]")) startCopying(button);
    const tools = { $, $$, make, count, capital, remember, root: SITE, day, forget: () => kept(null) };
    startDay(tools);
    const audit = $("#mm-audit");
    if (audit) other("audit.js").then((module) => module.start(audit, tools));
    const lineage = $("#mm-lineage");
    if (lineage) other("lineage.js").then((module) => module.start(lineage, tools));
    showAges();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
