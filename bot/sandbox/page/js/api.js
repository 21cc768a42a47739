/** Talking to the workspace's server. */

const HEADERS = { "X-Workspace": "1" };

/** What went wrong, in words for a person. */
export class Refused extends Error {}

/** @param {string} user @returns {Promise<import("./types.js").State>} */
export async function fetchState(user) {
  const answer = await fetch(`/_workspace/state?user=${encodeURIComponent(user)}`, { headers: HEADERS });
  if (!answer.ok) throw new Refused(`The workspace answered ${answer.status}.`);
  return answer.json();
}

/** @param {Response} answer */
async function decoded(answer) {
  let body = null;
  try {
    body = await answer.json();
  } catch {
    throw new Refused(`The workspace answered ${answer.status} without words.`);
  }
  if (body.ok === false) throw new Refused(body.error || "The workspace refused this.");
  if (!answer.ok) throw new Refused(`The workspace answered ${answer.status}.`);
  return body;
}

/** @param {string} address @param {RequestInit} options */
async function reach(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    throw new Refused("The workspace does not answer. Is it still running?");
  }
}

/**
 * One thing that a person did.
 * @param {string} user @param {string} kind @param {Record<string, any>} details
 * @returns {Promise<any>} the answer; throws {@link Refused}
 */
export async function act(user, kind, details = {}) {
  const answer = await reach("/_workspace/act", {
    method: "POST",
    headers: { ...HEADERS, "Content-Type": "application/json" },
    body: JSON.stringify({ user, kind, ...details }),
  });
  return decoded(answer);
}

/**
 * @param {string} user @param {File} file @param {Record<string, string>} where channel, thread_ts, comment, purpose
 * @returns {Promise<import("./types.js").FileInfo>}
 */
export async function upload(user, file, where = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ user, ...where })) form.append(name, value ?? "");
  form.append("file", file, file.name);
  const body = await decoded(await reach("/_workspace/upload", { method: "POST", headers: HEADERS, body: form }));
  return body.file;
}

const AGAIN_MS = 3000;

/**
 * Listen for changes. The browser connects again by itself after a cut, and this does after a refusal.
 * @param {string} user @param {(version: number) => void} changed @param {(live: boolean) => void} connected
 * @returns {() => void} stop
 */
export function listen(user, changed, connected) {
  let stopped = false;
  /** @type {EventSource} */
  let source;
  const open = () => {
    source = new EventSource(`/_workspace/events?user=${encodeURIComponent(user)}`);
    source.addEventListener("open", () => connected(true));
    source.addEventListener("error", () => {
      connected(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => stopped || open(), AGAIN_MS);
    });
    source.addEventListener("message", (event) => changed(Number(JSON.parse(event.data).version)));
  };
  open();
  return () => {
    stopped = true;
    source.close();
  };
}
