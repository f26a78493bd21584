// The command line: slash commands, with a history.
import { post } from "/sandbox/static/api.js";
import { byId, el } from "/sandbox/static/dom.js";

const COMMAND = "/jitsudo";
const HINTS = [
  ["help"],
  ["status"],
  ["request"],
  ['request --provider local --role infra-admin --scope staging --reason "try it"', "request --role …"],
];
const KEPT = 50;

let history = [];
let place = 0;

/** Set up once. `where()` tells who types, and in which conversation. */
export function prepareComposer(where) {
  history = remembered();
  place = history.length;
  const line = byId("line");
  byId("hints").replaceChildren(...HINTS.map(([text, label]) => hint(text, label ?? text)));
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    void send(where());
  });
  line.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const next = place + (event.key === "ArrowUp" ? -1 : 1);
    if (next < 0 || next > history.length) return;
    event.preventDefault();
    place = next;
    line.value = history[place] ?? "";
  });
}

function hint(text, label) {
  const fill = () => {
    const line = byId("line");
    line.value = `${COMMAND} ${text}`;
    line.focus();
  };
  return el("button.chip", { type: "button", onclick: fill }, `${COMMAND} ${label}`);
}

async function send({ person, conversation }) {
  const line = byId("line");
  const typed = line.value.trim();
  if (!typed || !conversation) return;
  const match = /^\/jitsudo(?:\s+([\s\S]*))?$/.exec(typed);
  if (!match) {
    note(`Only ${COMMAND} works here: try ${COMMAND} help.`);
    return;
  }
  remember(typed);
  line.value = "";
  note("");
  byId("composer").setAttribute("aria-busy", "true");
  const told = await post("command", { user: person, channel: conversation, text: match[1] ?? "" });
  byId("composer").removeAttribute("aria-busy");
  if (told.error) note(`${COMMAND} failed with the error “${told.error}”.`);
}

function note(text) {
  byId("note").textContent = text;
}

function remember(typed) {
  history = [...history.filter((one) => one !== typed), typed].slice(-KEPT);
  place = history.length;
  try {
    sessionStorage.setItem("history", JSON.stringify(history));
  } catch {
    // A browser that keeps nothing still has the history of this page.
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem("history")) ?? [];
  } catch {
    return [];
  }
}
