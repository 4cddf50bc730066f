// What the pages of models and versions do in the browser: words and order of the versions, another
// metric's chart, two versions side by side, the raw
// record. Every page reads the same without it. Data reaches the page as text only (textContent), never as HTML.
(() => {
  "use strict";

  const $ = (selector, inside = document) => inside.querySelector(selector);
  const $$ = (selector, inside = document) => Array.from(inside.querySelectorAll(selector));
  const ABSENT = "–";

  /** Make an element: make("a", {href: "…"}, "text", child, …). Texts become text nodes. */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  }

  async function read(url, as) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer[as]();
  }

  function remember(key, value) {
    const url = new URL(location.href);
    url.searchParams.delete(key);
    if (value) url.searchParams.set(key, value);
    if (url.href !== location.href) history.replaceState(null, "", url);
  }

  // Numbers, as core/words/numbers.py writes them ------------------------------------------------------------------

  /** Python's `%.4g`, written out where powers of ten would read worse. */
  function number(value, digits = 4) {
    if (typeof value !== "number") return ABSENT;
    const rounded = Number(value.toPrecision(digits));
    const exponent = rounded === 0 ? 0 : Number(rounded.toExponential().split("e")[1]);
    if (exponent >= digits && Math.abs(value) < 1e9) return value.toFixed(0);
    if (exponent >= -4 && exponent < digits) return String(rounded);
    const [mantissa, power] = rounded.toExponential().split("e");
    return `${mantissa}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }

  const signed = (value) => (value === 0 ? "0" : `${value > 0 ? "+" : ""}${number(value, 3)}`);

  function interval(found) {
    if (!found) return ABSENT;
    const bounds = "low" in found && "high" in found;
    return bounds ? `${number(found.value)} [${number(found.low)}, ${number(found.high)}]` : number(found.value);
  }

  function size(bytes) {
    for (const [unit, length] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
      if (Number(bytes.toPrecision(3)) >= length) return `${number(bytes / length, 3)} ${unit}`;
    }
    return `${bytes} B`;
  }

  function plain(value) {
    if (value === undefined) return ABSENT;
    return typeof value === "string" ? value : value === null ? "none" : JSON.stringify(value);
  }

  // Two versions side by side --------------------------------------------------------------------------------------

  /** A value as `a.b[0]` with what is there, like `mintmark compare`. */
  function flatten(value, name = "", found = new Map()) {
    const isList = Array.isArray(value);
    const nested = value !== null && typeof value === "object";
    if (nested && !isList && Object.keys(value).length) {
      for (const [key, inner] of Object.entries(value)) flatten(inner, name ? `${name}.${key}` : key, found);
    } else if (isList && value.some((item) => item !== null && typeof item === "object")) {
      value.forEach((inner, place) => flatten(inner, `${name}[${place}]`, found));
    } else if (value !== null && value !== undefined) found.set(name, plain(value));
    return found;
  }

  function dataOf(record) {
    const found = {};
    for (const { role, path, hash, rows } of record.data) found[`${role} ${path}`] = { hash, rows };
    return found;
  }

  function filesOf(version) {
    const found = new Map([["size of all files", size(version.files.reduce((sum, file) => sum + file.size, 0))]]);
    for (const file of version.files) {
      found.set(`${file.name}: size`, size(file.size));
      found.set(`${file.name}: sha256`, file.sha256);
    }
    return found;
  }

  const GROUPS = [
    ["Parameters", (version) => flatten(version.record.parameters)],
    ["Data", (version) => flatten(dataOf(version.record))],
    ["Environment", (version) => flatten(version.record.environment)],
    ["Signature", (version) => flatten(version.record.signature)],
    ["Size", filesOf],
  ];

  /** The rows that a version was measured on: without the same ones on both sides there is no difference to tell. */
  function rowsOf({ files, record }) {
    const stored = files.find((file) => file.name === "evaluation.parquet");
    if (stored) return `sha256:${stored.sha256}`;
    return record.data.filter((entry) => entry.role === "evaluation").map((entry) => entry.hash).join(" ");
  }

  function metricRows(first, second, form) {
    const sameRows = rowsOf(first) !== "" && rowsOf(first) === rowsOf(second);
    const [before, after] = [first.record.metrics, second.record.metrics];
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    names.sort((a, b) => (b === form.dataset.primary) - (a === form.dataset.primary));
    return names.map((name) => {
      const [old, fresh] = [before[name], after[name]];
      const difference = old && fresh && sameRows ? fresh.value - old.value : null;
      const words = old && fresh ? (sameRows ? form.dataset.notTested : form.dataset.otherRows) : "";
      return { name, cells: [interval(old), interval(fresh)], difference, words, differs: difference !== 0 };
    });
  }

  function groupRows(first, second, of) {
    const [before, after] = [of(first), of(second)];
    return [...new Set([...before.keys(), ...after.keys()])].map((name) => {
      const cells = [before.get(name) ?? ABSENT, after.get(name) ?? ABSENT];
      return { name, cells, differs: cells[0] !== cells[1] };
    });
  }

  function cell(text) {
    return make("td", {}, /^[0-9a-f]{32,64}$|^(md5|sha256):/.test(text) ? make("code", { class: "mm-digest" }, text) : text);
  }

  function table(title, names, rows, last) {
    const head = make("tr", {}, ...[title, ...names, last].map((text) => make("th", { scope: "col" }, text)));
    const body = rows.map((row) => {
      const told = row.words === undefined
        ? make("td", { class: row.differs ? "mm-unsure" : "mm-same" }, row.differs ? "≠ differs" : "= same")
        : make("td", {}, row.difference === null ? ABSENT : `${signed(row.difference)} `,
          make("span", { class: "mm-aside" }, row.words));
      return make("tr", row.differs ? { class: "mm-differs" } : {},
        make("th", { scope: "row" }, row.name), ...row.cells.map(cell), told);
    });
    return make("div", { class: "mm-scroll", tabindex: "0", role: "region", "aria-label": title },
      make("table", { class: "mm-table" }, make("caption", {}, title), make("thead", {}, head), make("tbody", {}, ...body)));
  }

  function compare(first, second, form, onlyDifferences) {
    const groups = [["Metrics", metricRows(first, second, form), "Difference"],
      ...GROUPS.map(([title, of]) => [title, groupRows(first, second, of), "Differs"])];
    const names = [first.version, second.version];
    const parts = [];
    let differences = 0;
    for (const [title, rows, last] of groups) {
      differences += rows.filter((row) => row.differs).length;
      const shown = onlyDifferences ? rows.filter((row) => row.differs) : rows;
      parts.push(shown.length ? table(title, names, shown, last)
        : make("p", { class: "mm-aside" }, `${title}: ${rows.length ? "no difference" : "nothing to compare"}`));
    }
    return { parts, differences };
  }

  function choice(label, name, versions) {
    const select = make("select", { name }, ...versions.map((version) => make("option", { value: version }, version)));
    return make("label", {}, label, select);
  }

  function startCompare(form) {
    const versions = $$(".mm-versions tbody th > a, .mm-further a").map((link) => link.textContent);
    const result = $("#compare-result");
    const status = $("#compare-status");
    const loaded = new Map();
    let asked = 0;

    const only = make("input", { type: "checkbox", name: "only" });
    const swap = make("button", { type: "button", class: "mm-button" }, "Swap");
    form.append(choice("From", "from", versions), choice("To", "to", versions),
      make("button", { type: "submit", class: "mm-button mm-button--main" }, "Compare"), swap,
      make("label", { class: "mm-tick" }, only, "Only differences"));
    const { from, to } = form.elements;

    function load(version) {
      const url = `${form.dataset.documents}${encodeURIComponent(version)}.json`;
      if (!loaded.has(version)) {
        loaded.set(version, read(url, "json").catch((error) => { loaded.delete(version); throw error; }));
      }
      return loaded.get(version);
    }

    async function show() {
      const turn = ++asked;
      remember("compare", `${from.value}..${to.value}`);
      status.textContent = "Reading both records …";
      try {
        const [first, second] = await Promise.all([load(from.value), load(to.value)]);
        if (turn !== asked) return; // another pair was chosen in the meantime
        const { parts, differences } = compare(first, second, form, only.checked);
        result.replaceChildren(...parts);
        status.textContent = `${first.version} beside ${second.version}: ${differences} difference${differences === 1 ? "" : "s"}.`;
      } catch (error) {
        if (turn !== asked) return;
        result.replaceChildren();
        status.textContent = `The records could not be read (${error.message}). The command above compares them too.`;
      }
    }

    const again = () => { if (result.firstChild) show(); };
    form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
    form.addEventListener("change", again);
    swap.addEventListener("click", () => { [from.value, to.value] = [to.value, from.value]; show(); });

    const [first, second] = (new URL(location.href).searchParams.get("compare") ?? "").split("..");
    const wanted = versions.includes(first) && versions.includes(second);
    from.value = wanted ? first : form.dataset.from;
    to.value = wanted ? second : form.dataset.to;
    form.hidden = false;
    if (wanted) show();
  }

  // The table of versions: words and order ---------------------------------------------------------------------------

  function startVersions(form) {
    const table = $(".mm-versions");
    const [body] = table.tBodies;
    const rows = Array.from(body.rows, (row, place) => ({ row, place, text: row.textContent.toLowerCase() }));
    const further = $$(".mm-further > li");
    const status = $("#versions-status");
    const { find, sort } = form.elements;
    const less = table.dataset.better === "minimize";
    const amount = ({ row }, key) => (key in row.dataset ? Number(row.dataset[key]) : null);
    const time = ({ row }) => Date.parse($("td time", row)?.dateTime ?? "") || 0;
    const last = (a, b) => (a === null) - (b === null); // what has no number comes after what has one
    const ORDERS = {
      version: (a, b) => a.place - b.place,
      created: (a, b) => time(b) - time(a) || a.place - b.place,
      measured(a, b) {
        const [x, y] = [amount(a, "measured"), amount(b, "measured")];
        return last(x, y) || (less ? x - y : y - x) || a.place - b.place;
      },
      size: (a, b) => amount(b, "size") - amount(a, "size") || a.place - b.place,
    };

    function show() {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const has = (text) => words.every((word) => text.includes(word));
      for (const { row, text } of rows) row.hidden = !has(text);
      for (const item of further) item.hidden = !has(item.textContent.toLowerCase());
      if (words.length && further.length) further[0].closest("details").open = further.some((item) => !item.hidden);
      const all = rows.length + further.length;
      const found = rows.filter(({ row }) => !row.hidden).length + further.filter((item) => !item.hidden).length;
      status.textContent = words.length ? `${found} of ${all} versions` : `${all} version${all === 1 ? "" : "s"}`;
      remember("versions", find.value.trim());
    }

    function order() {
      body.append(...[...rows].sort(ORDERS[sort.value]).map(({ row }) => row));
      remember("order", sort.value === "version" ? "" : sort.value);
    }

    const query = new URL(location.href).searchParams;
    find.value = query.get("versions") ?? "";
    if (query.get("order") in ORDERS) { sort.value = query.get("order"); order(); }
    show();
    form.addEventListener("submit", (event) => event.preventDefault());
    find.addEventListener("input", show);
    sort.addEventListener("change", order);
  }

  // The chart of another metric ------------------------------------------------------------------------------------

  const DRAWN = new Set(["svg", "g", "title", "desc", "path", "text", "tspan", "circle", "rect", "line", "polyline", "a"]);

  /** A drawing of this site as nodes of this page: only shapes and texts, links as seen from the file. */
  function parseDrawing(text, url) {
    const drawing = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (drawing.localName !== "svg") throw new Error("it is no drawing");
    for (const element of [drawing, ...$$("*", drawing)]) {
      if (!DRAWN.has(element.localName)) element.remove();
      for (const { name } of Array.from(element.attributes)) if (name.startsWith("on")) element.removeAttribute(name);
      if (element.localName !== "a") continue;
      const target = new URL(element.getAttribute("href") ?? "", new URL(url, location.href));
      if (target.origin === location.origin) element.setAttribute("href", target.href);
      else element.removeAttribute("href");
    }
    return document.importNode(drawing, true);
  }

  function startMetrics(box) {
    const links = $(".mm-metric-links", box);
    if (!links) return;
    const { folder, primary } = box.dataset;
    const own = $("svg", box);
    const label = $(".mm-metric-name", box);
    const names = [primary, ...$$("[data-metric]", links).map((link) => link.dataset.metric)];
    const select = make("select", { name: "metric" }, ...names.map((name) => make("option", { value: name }, name)));
    const status = make("p", { class: "mm-status", role: "status" });
    let asked = 0;

    async function show(name) {
      const turn = ++asked;
      const url = `${folder}${encodeURIComponent(name)}.svg`;
      try {
        const drawing = name === primary && own ? own : parseDrawing(await read(url, "text"), url);
        if (turn !== asked) return;
        $("svg", box).replaceWith(drawing);
        label.textContent = name;
        status.textContent = "";
        remember("metric", name === primary ? "" : name);
      } catch (error) {
        if (turn === asked) status.textContent = `The chart of ${name} could not be read (${error.message}).`;
      }
    }

    select.addEventListener("change", () => show(select.value));
    box.prepend(make("form", { class: "mm-form" }, make("label", {}, "Metric", select)));
    links.replaceWith(status);
    const wanted = new URL(location.href).searchParams.get("metric");
    if (!names.includes(wanted) || wanted === primary) return;
    select.value = wanted;
    show(wanted);
  }

  // Addresses and the raw record -----------------------------------------------------------------------------------

  function startRecord(details) {
    const code = $("code", details);
    details.addEventListener("toggle", async () => {
      if (!details.open || details.dataset.shown) return;
      try {
        code.textContent = JSON.stringify(await read(details.dataset.record, "json"), null, 2);
        details.dataset.shown = "yes";
      } catch (error) {
        code.textContent = `The record could not be read (${error.message}).`;
      }
    });
  }

  function start() {
    for (const part of $$("[data-address]")) part.textContent = new URL(part.dataset.address, location.href).href;
    for (const details of $$("details[data-record]")) startRecord(details);
    const [box, form] = [$("#metric-chart"), $("#compare-form")];
    const versions = $("#versions-form");
    if (versions) startVersions(versions);
    if (box) startMetrics(box);
    if (form) startCompare(form);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
