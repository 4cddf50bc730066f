// What the pages of models and versions do in the browser: words and order of the versions, another
// metric's chart, the raw record. Every page reads the same without it. Data reaches the page as text only (textContent), never as HTML.
(() => {
  "use strict";

  const { $, $$, make, read } = mintmark;
  const remember = (key, value) => mintmark.remember([key], [[key, value]]);

  // The table of versions: words and order ---------------------------------------------------------------------------

  function startVersions(form) {
    const table = $(".mm-versions");
    const [body] = table.tBodies;
    const rows = Array.from(body.rows, (row, place) => ({ row, place, text: row.textContent.toLowerCase() }));
    const further = $$(".mm-further > li");
    const status = $("#versions-status");
    const whole = status.textContent;
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
      status.textContent = words.length ? `${found} of ${all} versions` : whole;
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

  // Versions that are ticked, for the page that compares them --------------------------------------------------------

  function startTicks(form) {
    const status = $("#compare-status");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const names = $$(".mm-pick:checked").map((pick) => `v=${encodeURIComponent(pick.value).replace("%40", "@")}`);
      if (names.length < 2 || names.length > 5) status.textContent = "Tick two to five versions in the table first.";
      else location.assign(`../../compare/?${names.reverse().join("&")}`);
    });
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
        code.textContent = JSON.stringify(await read(details.dataset.record), null, 2);
        details.dataset.shown = "yes";
      } catch (error) {
        code.textContent = `The record could not be read (${error.message}).`;
      }
    });
  }

  function start() {
    for (const part of $$("[data-address]")) part.textContent = new URL(part.dataset.address, location.href).href;
    for (const details of $$("details[data-record]")) startRecord(details);
    const box = $("#metric-chart");
    const versions = $("#versions-form");
    if (versions) startVersions(versions);
    if (box) startMetrics(box);
    const ticked = $("#compare-ticked");
    if (ticked) startTicks(ticked);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
