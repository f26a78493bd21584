// Making elements. Data only ever becomes text, never markup.

/** Make an element: `el("p.note", {id: "x"}, "text", child)`. */
export function el(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** A round mark with a person's first letter; `name` picks the colour. */
export function avatar(name, { bot = false } = {}) {
  if (bot) {
    return el("img.avatar.bot", { src: "/sandbox/static/icon.svg", alt: "" });
  }
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 8;
  return el(`span.avatar.hue${sum}`, { "aria-hidden": "true" }, name.slice(0, 1).toUpperCase());
}
