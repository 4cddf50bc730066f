// Shows what this server says of itself, and sends the form to it. Asks nobody else.
"use strict";

const byId = (id) => document.getElementById(id);
const about = new Map(); // what a model takes, by its name

function cell(text, name) {
  const made = document.createElement("td");
  made.textContent = text ?? "";
  if (name) made.className = name;
  return made;
}

async function ask(address, options = {}) {
  const token = byId("token").value;
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(address, { ...options, headers });
  if (answer.status === 401) byId("token-field").hidden = false;
  return answer;
}

function seconds(value) {
  if (value === null || value === undefined) return "";
  return value < 1 ? `${(value * 1000).toPrecision(2)} ms` : `${value.toPrecision(2)} s`;
}

function showSlots(status) {
  byId("source").textContent = `Following ${status.registry}${status.state ? ` at ${status.state.slice(0, 12)}` : ""}`;
  const trouble = [status.unreachable && `The registry cannot be read: ${status.unreachable}`].filter(Boolean);
  byId("trouble").textContent = trouble.join(" ");
  byId("trouble").hidden = !trouble.length;
  const rows = status.serving.map((slot) => {
    const row = document.createElement("tr");
    const channel = cell(slot.name);
    if (slot.fault) {
      const fault = document.createElement("div");
      fault.className = "fault";
      fault.textContent = slot.fault;
      channel.append(fault);
    }
    const commit = cell((slot.commit ?? "").slice(0, 12));
    commit.title = slot.commit ?? "";
    const since = slot.since ? new Date(slot.since).toLocaleString() : "";
    row.append(channel, cell(slot.version ?? "none"), cell(since), commit, cell(slot.before));
    row.append(cell(slot.requests), cell(seconds(slot.median)), cell(seconds(slot.slowest)));
    return row;
  });
  byId("slots").replaceChildren(...rows);
}

async function refresh() {
  const answer = await ask("status");
  if (!answer.ok) return null;
  const status = await answer.json();
  showSlots(status);
  return status;
}

async function showFields() {
  const name = byId("model").value;
  if (!name) return;
  const answer = await ask(`models/${encodeURIComponent(name)}`);
  if (!answer.ok) return;
  about.set(name, await answer.json());
  const fields = Object.entries(about.get(name).inputs).map(([column, kind]) => {
    const label = document.createElement("label");
    label.textContent = `${column} (${kind})`;
    const input = document.createElement("input");
    input.name = column;
    input.addEventListener("input", showCurl);
    label.append(input);
    return label;
  });
  byId("fields").replaceChildren(...fields);
  showCurl();
}

// A number stays the text that was typed until it is JSON, so that 9007199254740993 arrives as it is.
function asJson(text, kind) {
  if (text === "") return "null";
  if (/^(u?int|float|double|integer|number)/i.test(kind) && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return text;
  if (/^bool/i.test(kind) && /^(true|false)$/i.test(text)) return text.toLowerCase();
  return JSON.stringify(text);
}

function body() {
  const { inputs } = about.get(byId("model").value);
  const values = [...byId("fields").querySelectorAll("input")];
  const pairs = values.map((input) => `${JSON.stringify(input.name)}: ${asJson(input.value, inputs[input.name])}`);
  return `{"rows": [{${pairs.join(", ")}}]}`;
}

function showCurl() {
  const address = new URL(`models/${encodeURIComponent(byId("model").value)}/predict`, location.href);
  byId("curl").textContent =
    `curl ${address} -H 'Content-Type: application/json' -d '${body().replaceAll("'", "'\\''")}'`;
}

async function predict(event) {
  event.preventDefault();
  const address = `models/${encodeURIComponent(byId("model").value)}/predict`;
  const answer = await ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: body() });
  byId("answer").textContent = JSON.stringify(await answer.json(), null, 2);
  byId("answer").className = answer.ok ? "" : "fault";
  byId("answer").hidden = false;
}

async function begin() {
  const status = await refresh();
  if (status === null) return;
  const options = status.serving.filter((slot) => slot.version).map((slot) => new Option(slot.name, slot.name));
  byId("model").replaceChildren(...options);
  await showFields();
}

byId("form").addEventListener("submit", predict);
byId("model").addEventListener("change", showFields);
byId("token").addEventListener("change", begin);
setInterval(refresh, 5000);
begin();
