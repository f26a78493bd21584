// The sidebar: conversations, and whom to act as.
import { avatar, byId, el } from "/sandbox/static/dom.js";

/** What the address names where App Home is open. */
export const HOME = "home";

/** Draw it. `unread` tells how many new messages a conversation has. */
export function drawSidebar(seen, { current, unread }) {
  const conversation = (one) => {
    const count = one.id === current ? 0 : unread(one);
    return el("li", {},
      el("a.item", { href: `#${one.id}`, "aria-current": one.id === current ? "page" : undefined },
        one.is_im ? avatar("j", { bot: true }) : el("span.sign", { "aria-hidden": "true" }, "#"),
        el("span.text", {}, one.is_im ? seen.bot.name : one.name),
        count ? el("span.count", { "aria-label": `${count} new` }, count > 99 ? "99+" : String(count)) : null));
  };
  const person = (one) =>
    el("li", {},
      el("a.item.person", {
        href: `?as=${encodeURIComponent(one.name)}`,
        "aria-current": one.name === seen.me.name ? "true" : undefined,
        title: one.email ?? "no e-mail",
      },
        avatar(one.name),
        el("span.text", {}, one.display_name || one.name,
          el("small", {}, one.deleted ? "Deactivated" : one.title))));
  const channels = seen.conversations.filter((one) => !one.is_im);
  const direct = seen.conversations.filter((one) => one.is_im);
  const nodes = [
    el("div.brand", {},
      el("strong", {}, seen.team.name),
      el("span", {}, "a stand-in for Slack")),
    group("Channels", channels.map(conversation)),
    group("Direct messages", direct.map(conversation)),
    group("Apps", [home(seen, current)]),
    group("Act as", seen.people.map(person)),
  ];
  replace(byId("sidebar"), nodes);
}

/** Draw anew only what differs, and keep the focus where it was. */
function replace(sidebar, nodes) {
  const isSame = sidebar.innerHTML === nodes.map((node) => node.outerHTML).join("");
  if (isSame) return;
  const focused = sidebar.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  sidebar.replaceChildren(...nodes);
  if (focused) [...sidebar.querySelectorAll("a")].find((one) => one.getAttribute("href") === focused)?.focus();
}

/** App Home has an address of its own. */
const home = (seen, current) =>
  el("li", {},
    el("a.item", { href: `#${HOME}`, "aria-current": current === HOME ? "page" : undefined },
      avatar("j", { bot: true }), el("span.text", {}, `${seen.bot.name} Home`)));

function group(title, items) {
  const id = `group-${title.replace(/\W/g, "")}`;
  return el("section", {}, el("h2", { id }, title), el("ul", { "aria-labelledby": id }, items));
}

/** Let the menu button of a narrow screen show and hide it. */
export function prepareSidebar() {
  const button = byId("menu");
  const toggle = (isOpen) => {
    document.body.classList.toggle("with-sidebar", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
    button.setAttribute("aria-label", isOpen ? "Hide the sidebar" : "Show the sidebar");
    if (isOpen) byId("sidebar").querySelector("a")?.focus();
  };
  button.addEventListener("click", () => toggle(!document.body.classList.contains("with-sidebar")));
  byId("shade").addEventListener("click", () => toggle(false));
  byId("sidebar").addEventListener("click", (event) => {
    if (event.target.closest("a")) toggle(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.classList.contains("with-sidebar")) {
      toggle(false);
      button.focus();
    }
  });
}
