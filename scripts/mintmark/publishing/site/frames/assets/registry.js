// What the registry's pages do in the browser: ages, copying, search and facets on the home page, the audit.
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

  // The home page: search, facets, order ---------------------------------------------------------------------------

  const FACETS = {
    task: ".mm-task", owner: ".mm-owner", framework: ".mm-framework", tag: ".mm-tags li", channel: ".mm-channels b",
  };

  function readRow(row, place) {
    const texts = (selector) => $$(selector, row).map((found) => found.textContent.trim());
    const made = $("time", row);
    return {
      row, place,
      text: row.textContent.toLowerCase(),
      change: row.dataset.change ? Number(row.dataset.change) : null,
      made: made ? Date.parse(made.dateTime) : 0,
      values: Object.fromEntries(Object.entries(FACETS).map(([facet, selector]) => [facet, new Set(texts(selector))])),
    };
  }

  const ORDERS = {
    name: (a, b) => a.place - b.place,
    newest: (a, b) => b.made - a.made || a.place - b.place,
    improved: (a, b) => (b.change ?? 0) - (a.change ?? 0) || a.place - b.place,
    worsened: (a, b) => (a.change ?? 0) - (b.change ?? 0) || a.place - b.place,
  };

  function startHome(form) {
    const body = $(".mm-models tbody");
    const rows = $$("tr", body).map(readRow);
    const status = $("#mm-found");
    const empty = $("#mm-none");
    const active = $("#mm-active");
    const facets = $$(".mm-facet", form).map((box) => startFacet(box, rows));
    const chosen = () => Object.fromEntries(facets.map((facet) => [facet.name, facet.chosen()]));

    function matching(words, wanted, except) {
      return rows.filter(({ text, values }) =>
        words.every((word) => text.includes(word)) &&
        Object.entries(wanted).every(([facet, some]) =>
          facet === except || !some.length || some.some((value) => values[facet].has(value))));
    }

    function show() {
      const words = form.elements.find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = chosen();
      const found = new Set(matching(words, wanted));
      for (const entry of rows) entry.row.hidden = !found.has(entry);
      for (const facet of facets) facet.show(matching(words, wanted, facet.name));
      const filtered = words.length || facets.some((facet) => facet.chosen().length);
      status.textContent = filtered
        ? `${capital(count(found.size, "model"))} of ${rows.length.toLocaleString("en")}` : capital(count(rows.length, "model"));
      empty.hidden = found.size > 0;
      $(".mm-models").hidden = !found.size;
      showActive(filtered);
    }

    function showActive(filtered) {
      const chips = facets.flatMap((facet) => facet.chosen().map((value) => {
        const button = make("button", { type: "button", "aria-label": `Remove ${facet.label}: ${value}` }, `${facet.label}: ${value} ×`);
        button.addEventListener("click", () => { facet.drop(value); changed(true); status.focus(); });
        return make("li", {}, button);
      }));
      if (filtered) {
        const button = make("button", { type: "button" }, "Clear all");
        button.addEventListener("click", clear);
        chips.push(make("li", {}, button));
      }
      active.replaceChildren(...chips);
      active.hidden = !chips.length;
    }

    let ordered = "name"; // as the page comes
    function order() {
      const wanted = form.elements.sort.value;
      if (wanted === ordered) return;
      ordered = wanted;
      body.append(...[...rows].sort(ORDERS[wanted]).map((entry) => entry.row));
    }

    function changed(push) {
      show();
      const entries = Object.entries(chosen()).flatMap(([facet, some]) => some.map((value) => [facet, value]));
      const sort = form.elements.sort.value;
      entries.unshift(["find", form.elements.find.value.trim()], ["sort", sort === "name" ? "" : sort]);
      remember(["find", "sort", ...Object.keys(FACETS)], entries, push);
    }

    function clear() {
      form.elements.find.value = "";
      for (const facet of facets) facet.choose([]);
      changed(true);
      form.elements.find.focus();
    }

    function read() {
      const query = new URLSearchParams(location.search);
      form.elements.find.value = query.get("find") || "";
      form.elements.sort.value = query.get("sort") in ORDERS ? query.get("sort") : "name";
      for (const facet of facets) facet.choose(query.getAll(facet.name));
      order();
      show();
    }

    form.addEventListener("input", (event) => {
      if (event.target.name === "sort") order();
      changed(event.target.name !== "find"); // a word that is being typed is not a step to go back to
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    $("button", empty).addEventListener("click", clear);
    addEventListener("popstate", read);
    closeOutside(form);
    read();
  }

  /** Fill a facet with the values that the rows have; its counts tell what choosing a value would give. */
  function startFacet(box, rows) {
    const name = box.dataset.facet;
    const title = $("summary span", box);
    const label = title.textContent;
    const all = [...new Set(rows.flatMap((entry) => [...entry.values[name]]))].sort((a, b) => a.localeCompare(b, "en"));
    const lines = new Map(all.map((value) => {
      const input = make("input", { type: "checkbox", name, value });
      const number = make("b");
      const line = make("label", {}, input, make("span", {}, value), number);
      $("fieldset", box).append(line);
      return [value, { input, number, line }];
    }));
    box.hidden = !all.length;
    const inputs = () => [...lines.values()].map((line) => line.input);
    return {
      name, label,
      chosen: () => inputs().filter((input) => input.checked).map((input) => input.value),
      choose: (values) => { for (const input of inputs()) input.checked = values.includes(input.value); },
      drop: (value) => { lines.get(value).input.checked = false; },
      show(found) {
        const sizes = new Map();
        for (const entry of found) for (const value of entry.values[name]) sizes.set(value, (sizes.get(value) || 0) + 1);
        for (const [value, { input, number, line }] of lines) {
          const size = sizes.get(value) || 0;
          number.textContent = size.toLocaleString("en");
          line.hidden = !size && !input.checked;
        }
        const some = this.chosen().length;
        box.classList.toggle("mm-facet--set", some > 0);
        title.textContent = some ? `${label} (${some})` : label;
      },
    };
  }

  function closeOutside(form) {
    const close = (except) => { for (const box of $$(".mm-facet[open]", form)) if (box !== except) box.open = false; };
    document.addEventListener("click", (event) => close(event.target.closest(".mm-facet")));
    form.addEventListener("focusin", (event) => close(event.target.closest(".mm-facet")));
    form.addEventListener("keydown", (event) => {
      const open = event.key === "Escape" && event.target.closest(".mm-facet[open]");
      if (open) { open.open = false; $("summary", open).focus(); }
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
    const home = $("#mm-filter");
    if (home) startHome(home);
    const audit = $("#mm-audit");
    if (audit) startAudit(audit);
    showAges();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
