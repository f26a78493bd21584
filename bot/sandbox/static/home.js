// App Home: what the app shows to one person, and only to them.
import { post } from "/sandbox/static/api.js";
import { renderBlocks } from "/sandbox/static/blocks.js";
import { byId, el } from "/sandbox/static/dom.js";

let drawn = null;

/** Say that somebody has come; the app may draw something. */
export async function openHome(person) {
  const told = await post("home", { user: person });
  if (told.error) byId("home").replaceChildren(trouble(told.error));
}

/** Draw `view`, or that there is none yet. */
export function drawHome(view, context) {
  const print = view ? view.hash : "";
  if (drawn === print) return;
  drawn = print;
  const failure = el("p.failure", { role: "alert", hidden: true });
  const press = async (actionId, value) => {
    failure.hidden = true;
    const told = await post("click", { user: context.person, home: true, action_id: actionId, value });
    if (told.error) {
      failure.textContent = `⚠ That did not work (${told.error}). Press again.`;
      failure.hidden = false;
    }
  };
  const look = { names: context.names, held: {}, errors: {}, press };
  const content = view
    ? el("div.blocks", {}, renderBlocks(view.blocks, look))
    : el("p.empty", {}, "The app shows nothing here yet.");
  byId("home").replaceChildren(content, failure);
}

const trouble = (why) => el("p.failure", { role: "alert" }, `⚠ The app did not answer (${why}).`);
