// What the lineage page does in the browser: it finds a package, a path or a hash among all entries, and names every
// version. The most common entries are there without it. Data reaches the page as text only, never as HTML.
(() => {
  "use strict";

  const { $, make, count, remember } = mintmark;
  const MOST = 50; // entries that are shown

  async function read(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.json();
  }

  function start(form) {
    const field = form.elements.find;
    const [status, result] = [$("#lineage-status"), $("#lineage-result")];
    const documents = new URL(form.dataset.documents, location.href);
    const models = new Map();
    let entries = null;
    let turn = 0;

    async function load() {
      const found = [];
      for (let page = "lineage.json"; page; ) {
        const document = await read(new URL(page, documents));
        for (const part of ["packages", "data", "scripts"]) {
          for (const { path, hash, package: name, version, models: of } of document[part]) {
            const [title, mark] = [path ?? name, hash ?? version];
            found.push({ part, title, mark, of, text: `${title} ${mark}`.toLowerCase(), digest: mark.split(":").pop() });
          }
        }
        page = document.older;
      }
      return found;
    }

    /** Every word is part of the name or begins what marks it: "scikit-learn 1.5", "train.parquet", "70a01e". */
    function fits(entry, words) {
      return words.every((word) => entry.title.toLowerCase().includes(word) || entry.mark.toLowerCase().startsWith(word)
        || entry.digest.startsWith(word));
    }

    const page = (model, version) =>
      new URL(`${[model, version].filter(Boolean).map(encodeURIComponent).join("/")}/`, new URL(form.dataset.models, location.href)).href;

    async function versionsOf(model, entry) {
      if (!models.has(model)) models.set(model, read(new URL(`models/${encodeURIComponent(model)}/lineage.json`, documents)));
      const own = (await models.get(model))[entry.part];
      return own.find((one) => (one.path ?? one.package) === entry.title && (one.hash ?? one.version) === entry.mark);
    }

    function line(entry) {
      const parts = entry.of.map(({ name, versions, champion }) => {
        const details = make("details", { class: "mm-fold" },
          make("summary", {}, `${name}: ${count(versions, "version")}${champion ? `, ★ ${champion}` : ""}`));
        details.addEventListener("toggle", async () => {
          if (details.children.length > 1) return;
          const list = make("p", {});
          details.append(list);
          try {
            const { versions: all, more } = await versionsOf(name, entry);
            for (const version of all) {
              list.append(make("a", { href: page(name, version) }, version === champion ? `★ ${version}` : version), " ");
            }
            if (more) list.append(`and ${more} more`);
          } catch (error) {
            list.textContent = `The versions could not be read (${error.message}).`;
          }
        });
        return details;
      });
      return make("section", {}, make("p", {}, make("code", {}, entry.title), " ",
        make("code", { class: "mm-digest" }, entry.mark)), ...parts);
    }

    async function show() {
      const own = ++turn;
      const words = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      remember(["find"], [["find", field.value.trim()]]);
      result.replaceChildren();
      status.textContent = "";
      if (!words.length) return;
      try {
        status.textContent = "Reading …";
        entries ??= load();
        const found = (await entries).filter((entry) => fits(entry, words));
        if (own !== turn) return;
        status.textContent = found.length > MOST ? `${count(found.length, "entry", "entries")}; the first ${MOST} are shown.`
          : `${count(found.length, "entry", "entries")}.`;
        result.replaceChildren(...found.slice(0, MOST).map(line));
      } catch (error) {
        entries = null;
        if (own === turn) status.textContent = `The lineage could not be read (${error.message}).`;
      }
    }

    form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
    field.addEventListener("input", show);
    field.value = new URL(location.href).searchParams.get("find") ?? "";
    if (field.value) show();
  }

  const form = $("#lineage-form");
  if (form) start(form);
})();
