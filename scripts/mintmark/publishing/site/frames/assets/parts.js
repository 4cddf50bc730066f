// What a version is made of, part by part and by name, as core/comparison.py tells it. compare.js loads it.

/** Return, by part, what makes a map of names to texts from a version's document.
 *  `plain` writes a value, `exact` an interval with all its digits. */
export function partsOf({ plain, exact }) {
  /** A value as `a.b[0]` with what is there, like `mintmark compare`. */
  function flatten(value, name = "", found = new Map()) {
    const isList = Array.isArray(value);
    const nested = value !== null && typeof value === "object";
    if (nested && !isList && Object.keys(value).length) {
      for (const [key, inner] of Object.entries(value)) flatten(inner, name ? `${name}.${key}` : key, found);
    } else if (isList && value.some((item) => item !== null && typeof item === "object")) {
      value.forEach((inner, place) => flatten(inner, `${name}[${place}]`, found));
    } else if (name && value !== null && value !== undefined) found.set(name, plain(value));
    return found;
  }

  const after = (text, start) => (text.startsWith(start) ? text.slice(start.length) : text);

  function dataOf({ record }) {
    const found = new Map();
    for (const { role, path, hash, rows } of record.data) {
      const name = `${role} ${after(path, `models/${record.model}/`)}`;
      found.set(`${name}: hash`, hash).set(`${name}: rows`, plain(rows));
    }
    return found;
  }

  function codeOf({ record, code }) {
    const found = new Map();
    for (const [stage, entry] of Object.entries(record.stages)) {
      found.set(`${stage.split("@")[0]} cmd`, plain(entry.cmd));
      for (const [path, digest] of Object.entries(entry.deps ?? {})) if (code.includes(path)) found.set(path, digest);
    }
    return found;
  }

  function givenOf(search) {
    return ({ record }) => {
      const said = flatten(record.parameters);
      const found = new Map();
      for (const [stage, entry] of Object.entries(record.stages)) {
        for (const [path, values] of Object.entries(entry.params ?? {})) {
          const file = after(path, `models/${record.model}/`);
          for (const [key, value] of flatten(values)) {
            const name = after(key, `models.${record.model}.`);
            if (said.get(name) === value || name.startsWith("tune.") !== search) continue;
            const full = file === "params.yaml" ? name : `${file}: ${name}`;
            found.set((found.get(full) ?? value) === value ? full : `${stage.split("@")[0]} ${full}`, value);
          }
        }
      }
      return found;
    };
  }

  function slicesOf({ metrics }) {
    const found = new Map();
    for (const [name, slice] of Object.entries(metrics?.slices ?? {})) {
      found.set(`${name}: rows`, plain(slice.rows));
      for (const [metric, value] of Object.entries(slice.metrics)) found.set(`${name}: ${metric}`, exact(value));
    }
    return found;
  }

  function artifactOf({ record, files }) {
    const found = flatten(record.artifact);
    found.set("size of all files", plain(files.reduce((sum, file) => sum + file.size, 0)));
    return found;
  }

  return {
    parameters: ({ record }) => flatten(record.parameters),
    search: givenOf(true),
    stages: givenOf(false),
    data: dataOf,
    code: codeOf,
    environment: ({ record }) => flatten(record.environment),
    signature: ({ record }) => flatten(record.signature),
    artifact: artifactOf,
    slices: slicesOf,
    cost: ({ record, metrics }) => flatten({ ...(record.cost ?? metrics?.cost), size: null }),
  };
}
