// What the search of the theme lacks: its index and its worker are fetched when somebody turns to the search, and
// NAME@VERSION leads to that page, whichever of ten thousand versions it is. It stands before the scripts of the theme.
(() => {
  "use strict";

  const INDEX = "/search/search_index.json";
  const FIELD = '[data-md-component="search-query"]';
  const REFERENCE = /^\s*([a-z][a-z0-9-]*)[@\s]+(\d[0-9A-Za-z.+-]*|[a-z][a-z0-9-]*)\s*$/;
  const ROOT = new URL("..", document.currentScript.src); // this file lies in assets/
  const { open, send } = XMLHttpRequest.prototype;
  const Now = globalThis.Worker;
  const waiting = [], workers = [];
  let wanted = new URL(location.href).searchParams.has("q");

  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.mmWaits = String(url).split("?")[0].endsWith(INDEX);
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (this.mmWaits && !wanted) waiting.push(this);
    else send.call(this, body);
  };

  /** Takes the place of the worker that the theme starts with each page, and keeps what it is told until then. */
  class Later extends EventTarget {
    constructor(...what) {
      super();
      this.what = what;
      this.told = [];
      workers.push(this);
      if (wanted) this.start();
    }

    start() {
      if (this.worker) return;
      this.worker = new Now(...this.what);
      this.worker.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent("message", { data }));
      for (const message of this.told.splice(0)) this.worker.postMessage(message);
    }

    postMessage(message) {
      if (this.worker) this.worker.postMessage(message);
      else this.told.push(message);
    }

    terminate() { this.worker?.terminate(); }
  }
  globalThis.Worker = Later;

  function load() {
    wanted = true;
    for (const request of waiting.splice(0)) send.call(request);
    for (const worker of workers) worker.start();
  }

  const isField = (target) => target instanceof Element && target.matches(FIELD);
  document.addEventListener("focusin", ({ target }) => { if (isField(target)) load(); });

  /** The page of NAME@VERSION or NAME@CHANNEL, null where there is none. */
  async function find(model, version) {
    const documents = new URL(`api/v1/models/${model}/`, ROOT);
    let place = version;
    if (!/^\d/.test(version)) {
      const answer = await fetch(new URL(version === "latest" ? "index.json" : `channels/${version}.json`, documents));
      if (!answer.ok) return null;
      const told = await answer.json();
      place = version === "latest" ? told.latest : told.version;
    }
    if (!place) return null;
    const page = new URL(`models/${model}/${encodeURIComponent(place)}/`, ROOT);
    const answer = await fetch(page); // which the browser then has already
    await answer.text();
    return answer.ok ? page : null;
  }

  document.addEventListener("keydown", async (event) => {
    const typed = event.key === "Enter" && isField(event.target) ? REFERENCE.exec(event.target.value) : null;
    if (!typed || (!event.target.value.includes("@") && !/^\d/.test(typed[2]))) return;
    event.preventDefault();
    event.stopPropagation();
    const field = event.target;
    const page = await find(typed[1], typed[2]).catch(() => null);
    const best = document.querySelector(".md-search-result__link"); // what is no whole reference was a search
    if (page) location.assign(page);
    else if (best && !field.value.includes("@")) location.assign(best.href);
    else {
      field.setCustomValidity(`There is no ${typed[1]}@${typed[2]} here.`);
      field.reportValidity();
      field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
    }
  }, true);
})();
