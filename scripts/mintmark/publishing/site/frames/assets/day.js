// The site as of a day: what was in the channels at its end, and which versions there were. Tells of that day only.
// All of it comes from audit.json and its older parts. Data reaches the page as text only (textContent), never as HTML.
import { latest, linking, read, readEvents, standing, today, until } from "./events.js";

const EVENTS = 50;
const ABSENT = "–";

/** Put the page into the state of a day. `place` is the page's path from the root of the site. */
export async function show(day, tools) {
  const { $, make, root } = tools;
  const place = decodeURIComponent(location.pathname.slice(root.pathname.length)).replace(/index\.html$/, "");
  const page = $(".mm-page");
  const banner = bannerOf(day, tools);
  (page ? page.parentElement : $("article")).prepend(banner);
  keepInLinks(day, root);
  if (!page) { banner.append(" This page is the one of today."); return; }
  if (place === "audit/" || place === "lineage/") return; // audit.js and lineage.js show that day themselves
  const said = make("div", { class: "mm-on-day" });
  page.replaceChildren(said);
  let config, events;
  try {
    [config, { events }] = await Promise.all([read(new URL("api/v1/config.json", root)), readEvents(new URL("api/v1/audit.json", root))]);
  } catch (error) {
    said.append(make("p", { class: "mm-nothing" }, `What happened could not be read (${error.message}). In a terminal, mintmark list --at ${day} answers too.`));
    return;
  }
  const models = standing(until(events, day));
  const now = standing(events);
  const links = linking(tools, root, config.repository, new Set(now.keys()));
  const view = { models, now, links, config, said, ...tools };
  const [folder, name, version] = place.split("/");
  if (place === "") home(view);
  else if (folder === "models" && version) await versionOn(view, name, version);
  else if (folder === "models" && name) modelOn(view, name);
  else said.append(make("p", { class: "mm-nothing" }, "What this page says is known of today only."));
  said.append(make("p", { class: "mm-sub" }, "In a terminal: ", make("code", {}, `mintmark list --at ${day}`)));
  keepInLinks(day, root);
}

function bannerOf(day, { make, forget }) {
  const address = new URL(location.href);
  address.searchParams.delete("on");
  const back = make("a", { href: address.href, "data-today": "" }, "Back to today");
  back.addEventListener("click", forget);
  const future = day > today() ? " This day has not come yet, and this is what the site knows now." : "";
  return make("p", { class: "mm-day", role: "status" }, make("strong", {}, `As of ${day}`), `, at the end of the day in UTC.${future} `, back, ".");
}

/** A link that is opened in another tab has no memory of the visit, so each carries the day. */
function keepInLinks(day, root) {
  for (const link of document.querySelectorAll("a[href]:not([data-today])")) {
    const url = new URL(link.href, location.href);
    const inside = url.origin === root.origin && url.pathname.startsWith(root.pathname) && !url.pathname.startsWith(`${root.pathname}api/`);
    const isHere = url.pathname === location.pathname && url.hash;
    if (!inside || isHere || !/\/$|\.html$/.test(url.pathname)) continue;
    url.searchParams.set("on", day);
    link.href = url.href;
  }
}

const order = (config, models) => {
  const declared = config.channels.map((channel) => channel.name);
  const others = [...models.values()].flatMap((model) => [...model.channels.keys()]);
  return [...new Set([...declared.filter((name) => others.includes(name)), ...others])];
};

function tableOf({ make }, caption, heads, lines) {
  return make("div", { class: "mm-scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", { class: "mm-table" }, make("caption", { class: "mm-hidden" }, caption),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...lines.map(([first, ...rest]) =>
        make("tr", {}, make("th", { scope: "row" }, ...first), ...rest.map((cell) => make("td", cell[0] instanceof HTMLTimeElement ? { class: "mm-time" } : {}, ...cell)))))));
}

/** A version that a model had: a link, and whether it was yanked or damaged by then. */
function versionCell({ make, links }, model, version) {
  const own = model.versions.get(version);
  const marks = ["yanked", "damaged"].filter((word) => own && own[word]);
  return [links.version(model.name, version), ...marks.flatMap((word) =>
    [" ", make("span", { class: "mm-badge mm-badge--bad" }, `${word} ${own[word].time.slice(0, 10)}`)])];
}

function home(view) {
  const { make, said, models, links, config, count, capital } = view;
  const found = [...models.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const versions = found.reduce((sum, model) => sum + model.versions.size, 0);
  if (!found.length) { said.append(make("p", { class: "mm-nothing" }, "There was no model yet.")); return; }
  const channels = order(config, models);
  said.append(make("p", { class: "mm-status" }, `${capital(count(found.length, "model"))}, ${count(versions, "version")}`));
  said.append(tableOf(view, "Models", ["Model", ...channels.map(view.capital), "Latest", "Versions"], found.map((model) => [
    [links.model(model.name)],
    ...channels.map((channel) => {
      const event = model.channels.get(channel);
      return event ? [...versionCell(view, model, event.to), make("small", {}, `since ${event.time.slice(0, 10)}, by ${event.by || "nobody"}`)] : [ABSENT];
    }),
    [latest(model) ? links.version(model.name, latest(model)) : ABSENT],
    [String(model.versions.size)],
  ])));
}

function modelOn(view, name) {
  const { make, said, models, links, config, count } = view;
  const model = models.get(name);
  document.querySelector("article h1").textContent = name;
  if (!model) { said.append(make("p", { class: "mm-nothing" }, `There was no model ${name}.`)); return; }
  const channels = order(config, new Map([[name, model]]));
  said.append(make("h2", {}, "Channels"));
  if (channels.length) {
    said.append(tableOf(view, "Channels", ["Channel", "Version", "Since", "Moved by", "Commit"], channels.map((channel) => {
      const event = model.channels.get(channel);
      return [[channel], versionCell(view, model, event.to), [links.day(event.time)], [event.by || ABSENT], links.commit(event)];
    })));
  } else said.append(make("p", { class: "mm-nothing" }, "No channel pointed to a version."));
  said.append(make("h2", {}, "Versions"));
  const rows = [...model.versions].reverse().map(([version, { registered, yanked }]) => [
    versionCell(view, model, version), [links.day(registered.time)], [registered.by || ABSENT],
    [yanked && yanked.reason ? yanked.reason : ""], links.commit(registered)]);
  const gone = [...model.withdrawn].reverse().map(([version, event]) => [
    [make("s", {}, links.version(name, version)), " ", make("span", { class: "mm-badge mm-badge--bad" }, "withdrawn")],
    [links.day(event.time)], [event.by || ABSENT], [event.sentence], links.commit(event)]);
  if (rows.length + gone.length) said.append(tableOf(view, "Versions", ["Version", "When", "By", "Why it was yanked or is gone", "Commit"], [...rows, ...gone]));
  else said.append(make("p", { class: "mm-nothing" }, "No version was registered yet."));
  happened(view, model.events, `../../audit/?of=${encodeURIComponent(name)}`);
}

function happened({ make, said, links, count }, events, more) {
  said.append(make("h2", {}, "What had happened"));
  said.append(make("ol", { class: "mm-moves" }, ...events.slice(0, EVENTS).map((event) =>
    make("li", {}, `${event.sentence} `, make("span", { class: "mm-aside" }, links.day(event.time), ` ${event.by || "nobody"}, `, ...links.commit(event))))));
  if (events.length > EVENTS) said.append(make("p", {}, make("a", { href: more }, `All ${count(events.length, "event")}`)));
}

async function versionOn(view, name, version) {
  const { make, said, models, now, links, root } = view;
  const model = models.get(name);
  const own = model && model.versions.get(version);
  const gone = model && model.withdrawn.get(version);
  document.querySelector("article h1").textContent = `${name} ${version}`;
  if (!own) {
    said.append(make("p", { class: "mm-nothing" }, ...(gone
      ? [`${version} was withdrawn on `, links.day(gone.time), ` by ${gone.by || "nobody"} in `, ...links.commit(gone), "."]
      : [`${version} was not registered yet.`])));
    said.append(make("p", {}, "See ", links.model(name), "."));
    return;
  }
  const channels = [...model.channels].filter(([, event]) => event.to === version).map(([channel]) => channel);
  const { registered, yanked, damaged } = own;
  const lines = [
    ["Registered ", links.day(registered.time), ` by ${registered.by || "nobody"} in `, ...links.commit(registered), "."],
    channels.length ? [`In ${channels.join(" and ")}.`] : ["In no channel."],
    ...(yanked ? [[make("strong", {}, "Yanked"), " on ", links.day(yanked.time), ` by ${yanked.by || "nobody"}${yanked.reason ? `: ${yanked.reason}` : "."}`]] : []),
    ...(damaged ? [[make("strong", {}, "Damaged"), " on ", links.day(damaged.time), ` by ${damaged.by || "nobody"} in `, ...links.commit(damaged), "."]] : []),
  ];
  said.append(make("ul", { class: "mm-facts-on-day" }, ...lines.map((line) => make("li", {}, ...line))));
  said.append(make("p", {}, "See ", links.model(name), "."));
  const isKept = now.has(name) && now.get(name).versions.has(version);
  await record(view, isKept && new URL(`api/v1/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}.json`, root));
  happened(view, model.events.filter((event) => event.version === version || event.to === version || event.from === version), "../../../audit/");
}

/** A record never changes, so it was that day as it is now; one that is gone cannot be shown. */
async function record(view, url) {
  const { make, said } = view;
  const { record: found } = url ? await read(url).catch(() => ({})) : {};
  if (!found) { said.append(make("p", { class: "mm-nothing" }, "Its record is not on this site today.")); return; }
  const round = (value) => (typeof value === "number" ? String(Number(value.toPrecision(4))) : ABSENT);
  said.append(make("h2", {}, "Record"), make("p", {}, found.summary));
  const metrics = Object.entries(found.metrics).map(([name, { value, low, high }]) => [
    [name], [round(value)], [typeof low === "number" && typeof high === "number" ? `[${round(low)}, ${round(high)}]` : ABSENT]]);
  if (metrics.length) said.append(tableOf(view, "Metrics", ["Metric", "Value", "95% interval"], metrics));
}
