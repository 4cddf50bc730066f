// What the home page does in the browser: search, facets, order, and more rows. Every model is there without it.
// Data reaches the page as text only (textContent), never as HTML.
(() => {
  "use strict";

  const { $, $$, make, count, capital, remember } = mintmark;
  const ROWS = 30; // that are shown at first, and added by "Show more"
  const QUIET = 60; // days without a commit, after which GitHub stops schedules
  const PATIENCE = 3 * 86400000; // what waits for less is no reason to look at it

  const FACETS = {
    task: ".mm-task", owner: ".mm-owner", framework: ".mm-framework", tag: ".mm-tags li", channel: ".mm-channels b",
    health: ".mm-health",
  };

  function readRow(row, place) {
    const texts = (selector) => $$(selector, row).map((found) => found.textContent.trim());
    const first = (selector) => texts(selector).sort((a, b) => a.localeCompare(b, "en"))[0] ?? "\uffff"; // none comes last
    return {
      row, place,
      text: row.textContent.toLowerCase(),
      change: row.dataset.change ? Number(row.dataset.change) : null,
      made: Date.parse(row.dataset.made) || 0,
      grave: Number(row.dataset.grave ?? 0),
      owner: first(".mm-owner"), tag: first(".mm-tags li"),
      values: Object.fromEntries(Object.entries(FACETS).map(([facet, selector]) => [facet, new Set(texts(selector))])),
    };
  }

  const ORDERS = {
    name: (a, b) => a.place - b.place,
    newest: (a, b) => b.made - a.made || a.place - b.place,
    improved: (a, b) => (b.change ?? 0) - (a.change ?? 0) || a.place - b.place,
    worsened: (a, b) => (a.change ?? 0) - (b.change ?? 0) || a.place - b.place,
  };

  ORDERS.health = (a, b) => b.grave - a.grave || a.place - b.place;
  for (const key of ["owner", "tag"]) ORDERS[key] = (a, b) => a[key].localeCompare(b[key], "en") || a.place - b.place;

  function startHome(form) {
    const [body, rest] = $$(".mm-models tbody");
    const folded = rest?.closest("details");
    if (rest) body.append(...rest.rows);
    let rows = $$("tr", body).map(readRow);
    let most = ROWS;
    const more = make("button", { type: "button", class: "mm-button" });
    const place = make("p", { class: "mm-more" }, more);
    if (folded) folded.replaceWith(place);
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
      let shown = 0;
      for (const entry of rows) entry.row.hidden = !found.has(entry) || (folded && ++shown > most);
      place.hidden = !folded || found.size <= most;
      more.textContent = `Show ${Math.min(ROWS, found.size - most)} more of ${found.size - most}`;
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
      rows = [...rows].sort(ORDERS[wanted]);
      body.append(...rows.map((entry) => entry.row));
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

    more.addEventListener("click", () => {
      const next = rows.filter((entry) => !entry.row.hidden).length;
      most += ROWS;
      show();
      $("a", rows.filter((entry) => !entry.row.hidden)[next].row).focus();
    });
    form.addEventListener("input", (event) => {
      most = ROWS;
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

  /** What began to wait a moment ago needs nobody yet; only a reader's clock can tell. */
  function startAttention(box) {
    const young = (item) => Date.now() - Date.parse(item.dataset.waits) < PATIENCE;
    for (const item of $$("[data-waits]", box)) if (young(item)) item.remove();
    const left = $$("li", box).length;
    $(".mm-count", box).textContent = left.toLocaleString("en");
    const more = $("details", box);
    const folded = more ? $$("li", more).length : 0;
    if (more) $("summary", more).textContent = `${folded} more`;
    if (more && !folded) more.remove();
    if (!left) box.remove();
  }

  /** GitHub stops a schedule where nothing is committed for 60 days, and tells that to nobody who reads the site. */
  function startVerifying(said) {
    const days = Math.floor((Date.now() - Date.parse(said.dataset.changed)) / 86400000);
    if (!(days > QUIET)) return;
    said.prepend(make("span", { class: "mm-badge mm-badge--warn" }, "stale"), " ");
    said.append(` No change of the registry for ${days.toLocaleString("en")} days: see whether it still runs.`);
  }

  function start() {
    const [form, attention, verifying] = [$("#mm-filter"), $("#mm-needs"), $("#mm-verifying")];
    if (verifying) startVerifying(verifying);
    if (attention) startAttention(attention);
    if (form) startHome(form);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
