// Talking to the sandbox: acting, and hearing of changes.

/** Call a control endpoint; what it answers, or `{error}` if it cannot be reached. */
export async function post(name, body) {
  try {
    const answer = await fetch(`/sandbox/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await answer.json();
    return answer.ok ? told : { ...told, error: told.message ?? "bad_call" };
  } catch {
    return { error: "the sandbox cannot be reached" };
  }
}

/** Follow what one person sees; `nobody` gets everybody's name if there is no such person. */
export function follow(person, { seen, connected, nobody }) {
  const feed = new EventSource(`/sandbox/feed?as=${encodeURIComponent(person)}`);
  feed.onopen = () => connected(true);
  feed.onerror = () => connected(false);
  feed.onmessage = (message) => seen(JSON.parse(message.data));
  feed.addEventListener("nobody", (message) => {
    feed.close();
    nobody(JSON.parse(message.data));
  });
  return feed;
}
