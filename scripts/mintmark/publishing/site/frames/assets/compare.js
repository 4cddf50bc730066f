// The page that compares versions: what the address names is read from the API's documents and set side by side.
// The address is the only state. Data reaches the page as text only (textContent), never as HTML.
(() => {
  "use strict";

  const page = document.getElementById("mm-compare");
  if (!page) return;

  const HERE = document.currentScript.src;
  const FEWEST = 2;
  const MOST = 5;
  const MANY = 15; // rows that are folded
  const ALL_DIGITS = 17; // of a number: what differs never looks alike
  const ABSENT = "–";
  const REFERENCE = /^([a-z][a-z0-9-]{0,99})@(\d[0-9A-Za-z.+-]{0,99})$/;
  const { $, make } = mintmark;
  const { api, repository } = page.dataset;
  const words = JSON.parse(page.dataset.words);
  const form = $("#compare-form");
  const status = $("#compare-status");
  const result = $("#compare-result");
  const chosen = $("#compare-chosen");

  const read = (path, as) => mintmark.read(api + path, as).catch((error) => {
    throw error.status === 404 ? new Error("it is not on this site") : error;
  });

  // The address ------------------------------------------------------------------------------------------------------

  function asked() {
    const query = new URL(location.href).searchParams;
    const named = [...new Set(query.getAll("v"))];
    const good = named.filter((name) => REFERENCE.test(name));
    const notes = [];
    const strange = named.length - good.length;
    if (strange) notes.push(`${strange === 1 ? "One value" : `${strange} values`} in the address ${strange === 1 ? "is" : "are"} not of the form MODEL@VERSION and ${strange === 1 ? "was" : "were"} ignored.`);
    if (good.length > MOST) notes.push(`Only the first ${MOST} versions of the address are compared.`);
    return { names: good.slice(0, MOST), all: query.get("rows") === "all", notes };
  }

  function go(names, all) {
    const url = new URL(location.href);
    url.search = "";
    for (const name of names) url.searchParams.append("v", name);
    if (all) url.searchParams.set("rows", "all");
    url.search = url.search.replaceAll("%40", "@");
    if (url.href !== location.href) history.pushState(null, "", url);
    show();
  }

  // Values in words --------------------------------------------------------------------------------------------------

  /** Python's `%.4g`, written out where powers of ten would read worse. */
  function number(value, digits = 4) {
    const rounded = Number(value.toPrecision(digits));
    const exponent = rounded === 0 ? 0 : Number(rounded.toExponential().split("e")[1]);
    if (exponent >= digits && Math.abs(value) < 1e9) return value.toFixed(0);
    if (exponent >= -4 && exponent < digits) return String(rounded);
    const [mantissa, power] = rounded.toExponential().split("e");
    return `${mantissa}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }

  const signed = (value) => (value === 0 ? "0" : `${value > 0 ? "+" : ""}${number(value, 3)}`);

  function interval(found, digits = 4) {
    if (!found) return ABSENT;
    const bounds = "low" in found && "high" in found;
    const value = number(found.value, digits);
    return bounds ? `${value} [${number(found.low, digits)}, ${number(found.high, digits)}]` : value;
  }

  /** Intervals in as few digits as tell those apart that differ. */
  function apart(found) {
    const different = new Set(found.map((one) => interval(one, ALL_DIGITS))).size;
    const digits = [4, 6, 8, 12].find((few) => new Set(found.map((one) => interval(one, few))).size === different);
    return found.map((one) => interval(one, digits ?? ALL_DIGITS));
  }

  /** A value in full: numbers that differ never look alike. */
  function plain(value) {
    if (value === undefined) return ABSENT;
    if (typeof value === "number") return Number.isInteger(value) ? value.toLocaleString("en") : String(value);
    return typeof value === "string" ? value : value === null ? "none" : JSON.stringify(value);
  }

  // Metrics ----------------------------------------------------------------------------------------------------------

  /** The rows that a version was measured on: without the same ones on both sides there is no difference to tell. */
  function rowsOf({ files, record }) {
    const stored = files.find((file) => file.name === "evaluation.parquet");
    if (stored) return `sha256:${stored.sha256}`;
    return record.data.filter((entry) => entry.role === "evaluation").map((entry) => entry.hash).join(" ");
  }

  function basisOf(first, second) {
    if (first.model !== second.model) return "other models";
    return rowsOf(first) !== "" && rowsOf(first) === rowsOf(second) ? "same rows" : "other rows";
  }

  /** What a review's paired test says of a version against the first, by the metric that it judged. */
  function testOf(first, second, metric) {
    const { fault, report } = second.review ?? { fault: "none" };
    const held = fault ? null : report?.comparison;
    return held && held.metric === metric && held.against === first.reference ? held.difference : null;
  }

  function toFirst(first, second, metric) {
    const [old, fresh] = [first.record.metrics[metric], second.record.metrics[metric]];
    if (!old || !fresh) return null;
    const basis = basisOf(first, second);
    const test = basis === "same rows" ? testOf(first, second, metric) : null;
    if (test) return make("span", { class: `mm-${test.standing === "better" ? "better" : test.standing === "worse" ? "worse" : "unsure"}` }, `${signed(test.value)} ${test.standing}`);
    const amount = basis === "same rows" ? `${signed(fresh.value - old.value)} ` : "";
    return make("span", { class: "mm-aside" }, `${amount}${words.bases[basis]}`);
  }

  function bar(found, low, high) {
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [key, value] of Object.entries({ viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" })) drawing.setAttribute(key, value);
    const at = (value) => (high > low ? 4 + (92 * (value - low)) / (high - low) : 50);
    const line = (x1, x2, y1, y2, name) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", "line");
      for (const [key, value] of Object.entries({ x1, x2, y1, y2, ...(name ? { class: name } : {}) })) element.setAttribute(key, value);
      drawing.append(element);
    };
    if (found) {
      if ("low" in found && "high" in found) line(at(found.low), at(found.high), 5, 5);
      line(at(found.value), at(found.value), 2, 8, "mm-forest__point");
    }
    return drawing;
  }

  /** One metric of all versions on one scale, with what may be said of each against the first. */
  function forest(metric, versions) {
    const values = versions.map(({ record }) => record.metrics[metric]);
    const ends = values.filter(Boolean).flatMap((one) => [one.value, one.low ?? one.value, one.high ?? one.value]);
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const texts = apart(values);
    const rows = versions.map((version, place) => [
      make("dt", {}, make("span", {}, version.reference)),
      make("dd", {}, make("span", { class: "mm-forest__bar" }, bar(values[place], low, high)),
        make("span", { class: "mm-forest__value" }, texts[place], " ",
          place ? toFirst(versions[0], version, metric) : make("span", { class: "mm-forest__first" }, "the first"))),
    ]);
    return make("section", { class: "mm-forest" }, make("h3", {}, make("code", {}, metric)),
      make("dl", { class: "mm-forest__rows" }, ...rows.flat()),
      make("div", { class: "mm-forest__scale" }, make("span", {}, number(low)), make("span", {}, number(high))));
  }

  // The result -------------------------------------------------------------------------------------------------------

  function scroll(title, table) {
    return make("div", { class: "mm-scroll", tabindex: "0", role: "region", "aria-label": title }, table);
  }

  function columns(title, versions) {
    return make("thead", {}, make("tr", {}, ...[title, ...versions.map((one) => one.reference)].map((text) => make("th", { scope: "col" }, text))));
  }

  const folder = ({ model, version }) => `../models/${model}/${encodeURIComponent(version)}/`;

  function commitLink(commit) {
    const short = make("code", {}, commit.slice(0, 7));
    return repository ? make("a", { href: `${repository}/commit/${commit}` }, short) : short;
  }

  function about(versions) {
    const row = (title, of) => make("tr", {}, make("th", { scope: "row" }, title), ...versions.map((one) => make("td", {}, of(one))));
    const body = make("tbody", {},
      row("Page", (one) => make("a", { href: folder(one) }, `${one.model} ${one.version}`)),
      row("Created", (one) => `${one.record.created.slice(0, 10)} ${one.record.author}`),
      row("What is new", (one) => one.record.summary.trim()),
      row("Commit", (one) => (one.registered?.commit ? commitLink(one.registered.commit) : "no commit yet")),
      row("Status", (one) => (one.status ? make("strong", {}, "yanked") : "registered")));
    return scroll("Versions", make("table", { class: "mm-table" }, make("caption", {}, "Versions"), columns("What", versions), body));
  }

  function repositoryLink(first, { registered, reference }) {
    const [from, to] = [first.registered?.commit, registered?.commit];
    if (!repository || !from || !to || from === to) return [];
    return [make("a", { href: `${repository}/compare/${from}...${to}` }, `The repository from ${first.reference} to ${reference}`)];
  }

  function changedAt(versions) {
    const [first, ...others] = versions;
    const links = others.flatMap((one) => repositoryLink(first, one));
    return links.length ? make("ul", {}, ...links.map((link) => make("li", {}, link))) : null;
  }

  function cell(text) {
    return make("td", {}, /^[0-9a-f]{32,64}$|^(md5|sha256):/.test(text) ? make("code", { class: "mm-digest" }, text) : text);
  }

  function part(title, versions, of, all) {
    const found = versions.map(of);
    const names = [...new Set(found.flatMap((one) => [...one.keys()]))];
    const rows = names.map((name) => ({ name, cells: found.map((one) => one.get(name) ?? ABSENT) }));
    const differing = rows.filter(({ cells }) => new Set(cells).size > 1);
    const shown = all ? rows : differing;
    const told = rows.length ? `the same in ${rows.length === 1 ? "its one row" : `all ${rows.length} rows`}` : "nothing is recorded";
    const body = shown.map((row) => make("tr", differing.includes(row) ? { class: "mm-differs" } : {}, make("th", { scope: "row" }, row.name), ...row.cells.map(cell)));
    if (!shown.length) return { element: make("p", { class: "mm-aside" }, `${title}: ${told}.`), count: 0 };
    const element = make("details", shown.length > MANY ? {} : { open: "" },
      make("summary", {}, `${title}: ${differing.length} of ${rows.length} differ`),
      scroll(title, make("table", { class: "mm-table" }, columns(title, versions), make("tbody", {}, ...body))));
    return { element, count: differing.length };
  }

  function metricsOf(versions, all) {
    const names = [...new Set(versions.flatMap(({ record }) => Object.keys(record.metrics)))];
    const differing = names.filter((name) => new Set(versions.map(({ record }) => JSON.stringify(record.metrics[name]))).size > 1);
    const shown = all ? names : differing;
    const told = shown.length ? null : make("p", { class: "mm-aside" }, `All ${names.length} metrics are the same.`);
    return { element: make("section", {}, make("h2", {}, "Metrics"), told, ...shown.map((name) => forest(name, versions))), count: differing.length };
  }

  async function curvesOf(versions) {
    const { overlay } = await import(new URL("curves.js", HERE));
    return overlay(versions, { make, read, number, basisOf, bases: words.bases });
  }

  async function scriptsOf(versions, codeOf) {
    const { scripts } = await import(new URL("code.js", HERE));
    return scripts(versions, codeOf, { make, read, link: repositoryLink });
  }

  async function resultOf(versions, all) {
    const metrics = metricsOf(versions, all);
    const { partsOf } = await import(new URL("parts.js", HERE));
    const made = partsOf({ plain, exact: (found) => interval(found, ALL_DIGITS) });
    const parts = Object.entries(made).map(([key, of]) => part(words.parts[key], versions, of, all));
    const count = [metrics, ...parts].reduce((sum, one) => sum + one.count, 0);
    const elements = [about(versions), metrics.element, await curvesOf(versions), make("h2", {}, "What they are made of"), changedAt(versions),
      ...parts.map(({ element }) => element), await scriptsOf(versions, made.code)];
    return { elements: elements.filter(Boolean), count };
  }

  let turn = 0;

  async function show() {
    const own = ++turn;
    const { names, all, notes } = asked();
    form.elements.all.checked = all;
    chosen.replaceChildren(...names.map((name) => {
      const button = make("button", { type: "button", "aria-label": `Leave out ${name}` }, "×");
      button.addEventListener("click", () => {
        go(names.filter((one) => one !== name), all);
        ($("button", chosen) ?? form.elements.version).focus();
      });
      return make("li", {}, name, button);
    }));
    if (names.length) status.textContent = "Reading the records …";
    const answers = await Promise.allSettled(names.map((name) => {
      const [, model, version] = REFERENCE.exec(name);
      return read(`models/${model}/versions/${encodeURIComponent(version)}.json`);
    }));
    if (own !== turn) return; // others were chosen in the meantime
    const versions = answers.filter((one) => one.status === "fulfilled").map((one) => one.value);
    answers.forEach((one, place) => {
      if (one.status === "rejected") notes.push(`${names[place]} could not be read: ${one.reason.message}.`);
    });
    if (versions.length < FEWEST) {
      result.replaceChildren();
      notes.push(versions.length ? "Add another version to compare it with." : "Choose two to five versions.");
    } else {
      try {
        const { elements, count } = await resultOf(versions, all);
        if (own !== turn) return;
        result.replaceChildren(...elements);
        notes.unshift(`${versions.length} versions, ${count} difference${count === 1 ? "" : "s"}.`);
      } catch {
        result.replaceChildren();
        notes.push("A record has another form than this page knows.");
      }
    }
    status.textContent = notes.join(" ");
  }

  // Choosing ---------------------------------------------------------------------------------------------------------

  let isLeftAlone = true; // the list of all versions of a model is long, and who came to read a result needs none

  async function offer() {
    const model = form.elements.model.value;
    if (!model) return;
    const select = form.elements.version;
    const held = form.elements.model.selectedOptions[0].dataset.version;
    select.replaceChildren(make("option", { value: held }, held || (isLeftAlone ? "" : "Reading …")));
    if (isLeftAlone) return;
    try {
      const found = [];
      for (let name = "index.json"; name && found.length < 5000;) {
        const index = await read(`models/${model}/${name}`);
        found.push(...index.versions.map((row) => row.version));
        name = index.older;
      }
      if (model !== form.elements.model.value) return;
      select.replaceChildren(...found.map((version) => make("option", {}, version)));
      if (found.includes(held)) select.value = held;
    } catch (error) {
      select.replaceChildren();
      status.textContent = `The versions of ${model} could not be read: ${error.message}.`;
    }
  }

  const touches = ["pointermove", "pointerdown", "focusin", "keydown"];
  function touched() {
    for (const kind of touches) removeEventListener(kind, touched);
    isLeftAlone = false;
    offer();
  }
  for (const kind of touches) addEventListener(kind, touched, { passive: true });
  form.elements.model.addEventListener("change", () => { isLeftAlone = false; offer(); });
  form.elements.all.addEventListener("change", () => go(asked().names, form.elements.all.checked));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { names, all } = asked();
    const name = `${form.elements.model.value}@${form.elements.version.value}`;
    if (!REFERENCE.test(name) || names.includes(name)) {
      status.textContent = names.includes(name) ? `${name} is among them already.` : "Choose a version first.";
    } else if (names.length >= MOST) status.textContent = `At most ${MOST} versions are compared. Leave one out first.`;
    else go([...names, name], all);
  });
  addEventListener("popstate", show);
  const [first] = asked().names;
  const model = first?.split("@")[0];
  if ([...form.elements.model.options].some((option) => option.value === model)) form.elements.model.value = model;
  offer();
  show();
})();
