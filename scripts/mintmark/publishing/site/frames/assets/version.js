// What the page of a version does in the browser: a form from its signature that writes requests for a server, and sends
// them where registry.yaml names one. Nothing is sent before a click. Answers reach the page as text only.
(() => {
  "use strict";

  const { $, make, read } = mintmark;
  const MOST_SHOWN = 20000;
  const PATIENCE = 30000;
  const INTEGER = /^[+-]?\d+$/;
  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

  // Values: null is missing, and a number keeps the digits that were typed, which a float would not -------------------

  class Digits {
    constructor(text) { this.text = text; }
  }

  const ascii = (text, astral) => Array.from(text, (letter) => {
    if (letter === '"' || letter === "\\") return `\\${letter}`;
    if (letter >= " " && letter <= "~") return letter;
    if (letter.length > 1 && astral) return `\\U${letter.codePointAt(0).toString(16).padStart(8, "0")}`;
    return Array.from({ length: letter.length }, (_, at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");
  }).join("");

  /** A value as JSON, or as Python writes the same. */
  function write(value, words) {
    if (value instanceof Digits) return value.text;
    if (value === null || typeof value === "boolean") return words[String(value)];
    if (typeof value === "string") return `"${ascii(value, words.astral)}"`;
    if (Array.isArray(value)) return `[${value.map((inner) => write(inner, words)).join(", ")}]`;
    const pairs = value instanceof Map ? [...value] : Object.entries(value);
    return `{${pairs.map(([name, inner]) => `"${ascii(name, words.astral)}": ${write(inner, words)}`).join(", ")}}`;
  }
  const JSON_WORDS = { null: "null", true: "true", false: "false", astral: false };
  const PYTHON_WORDS = { null: "None", true: "True", false: "False", astral: true };

  const quoted = (text) => `'${text.replaceAll("'", "'\"'\"'")}'`;

  // The signature ----------------------------------------------------------------------------------------------------

  const TYPES = { bool: "BOOL", boolean: "BOOL", float16: "FP16", float32: "FP32", float64: "FP64", double: "FP64" };

  function datatype(kind) {
    const whole = /^(u?)int(8|16|32|64)$/.exec(kind);
    return whole ? `${whole[1].toUpperCase()}INT${whole[2]}` : (Object.hasOwn(TYPES, kind) ? TYPES[kind] : "BYTES");
  }

  function limits(type) {
    const [, unsigned, bits] = /^(U?)INT(\d+)$/.exec(type);
    const size = 1n << BigInt(bits);
    return unsigned ? [0n, size - 1n] : [-(size / 2n), size / 2n - 1n];
  }

  /** What is in a field, as a value; throws a sentence where the signature does not allow it. */
  function parse(text, type) {
    if (text === "") return null;
    if (type === "BYTES") return text;
    if (type === "BOOL") return text === "true";
    const typed = text.trim();
    if (type.includes("INT")) {
      if (!INTEGER.test(typed)) throw new Error("wants a whole number");
      const value = BigInt(typed.replace("+", ""));
      const [low, high] = limits(type);
      if (value < low || value > high) throw new Error(`wants a whole number from ${low} to ${high}`);
      return new Digits(String(value));
    }
    if (!NUMBER.test(typed) || !Number.isFinite(Number(typed))) throw new Error("wants a number");
    return new Digits(JSON.stringify(Number(typed)));
  }

  function hint(typical) {
    if (!typical) return "";
    const missing = typical.missing ? "" : ", never missing";
    return "median" in typical ? `mostly ${typical.low} to ${typical.high}${missing}` : `in training${missing}`;
  }

  function field(name, kind, typical, number) {
    const type = datatype(kind.toLowerCase());
    const id = `mm-try-${number}`;
    let input;
    if (type === "BOOL") {
      input = make("select", { id }, ...[["", "missing"], ["true", "true"], ["false", "false"]]
        .map(([value, word]) => make("option", { value }, word)));
    } else {
      input = make("input", { id, autocomplete: "off", spellcheck: "false", placeholder: "missing",
        ...(type === "BYTES" ? {} : { inputmode: type.includes("INT") ? "numeric" : "decimal" }) });
    }
    const parts = [make("label", { for: id }, name), input];
    if (typical && typical.categories && type === "BYTES") {
      input.setAttribute("list", `${id}-known`);
      parts.push(make("datalist", { id: `${id}-known` }, ...typical.categories.map((value) => make("option", { value }))));
    }
    const note = make("small", { id: `${id}-note` }, `${kind}${hint(typical) ? `, ${hint(typical)}` : ""}`);
    input.setAttribute("aria-describedby", note.id);
    return { name, type, input, note, usual: note.textContent, element: make("div", { class: "mm-try__field" }, ...parts, note) };
  }

  function shown(value) {
    return value === null || value === undefined ? "" : String(value);
  }

  function startingValue(type, typical) {
    if (typical && "median" in typical) return type.includes("INT") ? Math.round(typical.median) : typical.median;
    if (typical && typical.categories.length) return type === "BOOL" ? typical.categories[0] === "True" : typical.categories[0];
    return type === "BYTES" ? "" : type === "BOOL" ? false : 0;
  }

  // The form ---------------------------------------------------------------------------------------------------------

  function build(box, version) {
    const { inputs } = version.record.signature;
    const typical = version.typical ?? {};
    const own = (name) => (Object.hasOwn(typical, name) ? typical[name] : null);
    const fields = Object.entries(inputs).map(([name, kind], number) => field(name, kind, own(name), number));
    const presets = JSON.parse(box.dataset.presets);
    const server = box.dataset.server || box.dataset.example;
    const status = make("p", { class: "mm-status", role: "status" });
    const answer = make("pre", { class: "mm-try__answer", tabindex: "0", role: "region", "aria-label": "The answer", hidden: "" });

    /** The row that the form holds, as a map of names in the order of the signature; null where a field is wrong. */
    function row() {
      const found = new Map();
      let wrong = 0;
      for (const each of fields) {
        try {
          found.set(each.name, parse(each.input.value, each.type));
          each.note.textContent = each.usual;
          each.input.removeAttribute("aria-invalid");
        } catch (error) {
          wrong += 1;
          each.note.textContent = error.message;
          each.input.setAttribute("aria-invalid", "true");
        }
      }
      status.textContent = wrong ? `${wrong} field${wrong === 1 ? " does" : "s do"} not fit the signature.` : "";
      return wrong ? null : found;
    }

    function bodies(found) {
      const tensors = fields.map((each) => new Map([["name", each.name], ["shape", [new Digits("1")]],
        ["datatype", each.type], ["data", [found.get(each.name)]]]));
      return {
        rows: [`${server}/models/${version.model}/predict`, { rows: [found] }],
        v2: [`${server}/v2/models/${version.model}/infer`, { inputs: tensors }],
      };
    }

    function rewrite() {
      const found = row();
      if (!found) return;
      for (const [key, [url, body]] of Object.entries(bodies(found))) {
        const json = write(body, JSON_WORDS);
        $(`[data-request="${key}-curl"]`, box).textContent =
          `curl -sS ${quoted(url)} -H 'Content-Type: application/json' -d ${quoted(json)}`;
        $(`[data-request="${key}-python"]`, box).textContent = ["import json, urllib.request", "",
          `body = json.dumps(${write(body, PYTHON_WORDS)}).encode()`, 'kind = {"Content-Type": "application/json"}',
          `request = urllib.request.Request(${write(url, PYTHON_WORDS)}, body, kind)`,
          "print(json.load(urllib.request.urlopen(request)))"].join("\n");
      }
    }

    function fill(values) {
      for (const each of fields) {
        const value = Object.hasOwn(values, each.name) ? values[each.name] : startingValue(each.type, own(each.name));
        each.input.value = shown(value);
      }
      rewrite();
    }

    async function send(protocol) {
      const found = row();
      if (!found) return;
      const [url, body] = bodies(found)[protocol];
      status.textContent = `Asking ${server} …`;
      answer.hidden = true;
      try {
        const asked = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" },
          body: write(body, JSON_WORDS), credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
          signal: AbortSignal.timeout(PATIENCE) });
        const text = await asked.text();
        status.textContent = `${server} answered ${asked.status}.`;
        answer.textContent = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
        answer.hidden = false;
      } catch (error) {
        status.textContent = `No answer from ${server} (${error.message}). It must be up, and allow this page's origin, ${location.origin}.`;
      }
    }

    const form = make("form", { class: "mm-try__fields", "aria-label": "A row to ask about" });
    const choice = make("select", { id: "mm-try-preset" }, ...presets.map(([name], at) => make("option", { value: at }, name)),
      make("option", { value: "typical" }, "a typical row"));
    choice.addEventListener("change", () => fill(choice.value === "typical" ? {} : presets[Number(choice.value)][1]));
    form.append(make("div", { class: "mm-try__field" }, make("label", { for: "mm-try-preset" }, "Begin with"), choice,
      make("small", {}, "the behaviour tests of model.yaml")), ...fields.map((each) => each.element));
    form.addEventListener("input", (event) => { if (event.target !== choice) rewrite(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    const buttons = make("div", { class: "mm-try__buttons" });
    if (box.dataset.server) {
      for (const [protocol, label] of [["rows", "Send rows"], ["v2", "Send as v2"]]) {
        const button = make("button", { type: "button", class: "mm-button" }, label);
        button.addEventListener("click", () => send(protocol));
        buttons.append(button);
      }
    }
    const place = $(".mm-try__form", box);
    place.replaceChildren(form, buttons, status, answer);
    place.hidden = false;
    fill(presets.length ? presets[0][1] : {});
  }

  function start() {
    const box = $(".mm-try");
    if (!box) return;
    box.addEventListener("toggle", async () => {
      if (!box.open || box.dataset.built) return;
      box.dataset.built = "yes";
      const place = $(".mm-try__form", box);
      try {
        build(box, await read(box.dataset.document));
      } catch (error) {
        delete box.dataset.built;
        place.hidden = false;
        place.replaceChildren(make("p", { role: "status" }, `The signature could not be read (${error.message}).`));
      }
    });
    // A link to what is folded unfolds it, where the browser does not by itself.
    const unfold = () => {
      const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
      const folded = target && target.closest("details");
      if (folded && folded.closest(".mm-version")) folded.open = true;
    };
    addEventListener("hashchange", unfold);
    unfold();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
