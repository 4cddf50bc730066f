// What happened to the registry, read from audit.json and its older parts: who did what, and what was where on a day. Shows nothing.

/** Whether a text is a day of the calendar: 2026-06-01. */
export function isDay(text) {
  const found = /^\d{4}-\d{2}-\d{2}$/.test(text || "") ? new Date(`${text}T00:00:00Z`) : null;
  return found !== null && !Number.isNaN(found.getTime()) && found.toISOString().slice(0, 10) === text;
}

export const today = () => new Date().toISOString().slice(0, 10);

export const { read } = globalThis.mintmark;

/** The events of audit.json and of the older documents that it names, newest first, and how many there are in all.
 *  `isWanted` is asked of each older document; `enough` is how many events will do. */
export async function readEvents(address, isWanted = () => true, enough = Infinity) {
  const { events, parts } = await read(address);
  let missing = enough - events.length;
  const wanted = parts.filter(isWanted).filter((part) => {
    const isMissing = missing > 0;
    missing -= part.events;
    return isMissing;
  });
  const older = await Promise.all(wanted.map(({ path }) => read(new URL(path, new URL(address, location.href)))));
  return {
    events: [...events, ...older.flatMap((part) => part.events)],
    total: events.length + parts.reduce((sum, part) => sum + part.events, 0),
  };
}

/** The events up to the end of a day in UTC. They come newest first, in the order of the commits.
 *  What a commit was made on top of was there before it, whatever the clock of its author said. */
export function until(events, day) {
  const end = Date.parse(`${day}T00:00:00Z`) + 86400000;
  const newest = events.findIndex((event) => Date.parse(event.time) < end);
  return newest < 0 ? [] : events.slice(newest);
}

/** What each model had after these events: its versions, what was withdrawn, and what its channels pointed to. */
export function standing(events) {
  const models = new Map();
  const model = (name) => {
    if (!models.has(name)) models.set(name, { name, versions: new Map(), withdrawn: new Map(), channels: new Map(), events: [] });
    return models.get(name);
  };
  for (const event of [...events].reverse()) {
    if (event.kind === "remove") { models.delete(event.model); continue; }
    const found = model(event.model);
    found.events.unshift(event);
    const version = found.versions.get(event.version);
    if (event.kind === "propose") {
      found.versions.set(event.version, { registered: event, yanked: null, damaged: null });
      found.withdrawn.delete(event.version);
    } else if (event.kind === "withdraw") {
      found.versions.delete(event.version);
      found.withdrawn.set(event.version, event);
    } else if (event.kind === "yank" && version) version.yanked = event;
    else if (event.kind === "unyank" && version) version.yanked = null;
    else if (event.kind === "damage" && version) version.damaged = event;
    else if (event.kind === "mend" && version) version.damaged = null;
    else if (event.kind === "close") found.channels.delete(event.channel);
    else if (event.to && event.channel) found.channels.set(event.channel, event);
  }
  return models;
}

/** The highest version that is neither yanked nor a pre-release, null when there is none. */
export function latest(model) {
  const numbers = (version) => version.split("+")[0].split(".").map(BigInt);
  const usable = [...model.versions].filter(([version, { yanked }]) => !yanked && !version.split("+")[0].includes("-"));
  const names = usable.map(([version]) => version).sort((a, b) => {
    const [left, right] = [numbers(a), numbers(b)];
    const place = [0, 1, 2].find((part) => left[part] !== right[part]);
    return place === undefined ? 0 : left[place] < right[place] ? 1 : -1;
  });
  return names[0] || null;
}

/** Links to what an event names. `known` are the models that have a page, `repository` an address of http(s) or none. */
export function linking({ make }, root, repository, known) {
  const base = /^https?:\/\/[^\s"'<>\\]+$/.test(repository || "") ? repository.replace(/\/+$/, "") : "";
  const outside = (path, child) => (base ? make("a", { href: `${base}/${path}` }, child) : child);
  const place = (...parts) => new URL(`models/${parts.map(encodeURIComponent).join("/")}/`, root).href;
  return {
    model: (name) => (known.has(name) ? make("a", { href: place(name) }, name) : name),
    version: (name, version) => (known.has(name) ? make("a", { href: place(name, version) }, version) : version),
    commit(event) {
      const short = outside(`commit/${encodeURIComponent(event.commit)}`, make("code", {}, event.commit.slice(0, 7)));
      const request = event.pull_request;
      return request ? [short, " (", outside(`pull/${Number(request)}`, `#${request}`), ")"] : [short];
    },
    day: (time) => make("time", { datetime: time }, time.slice(0, 10)),
    minute: (time) => make("time", { datetime: time }, `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`),
  };
}
