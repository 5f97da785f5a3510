// Calls of the public API. The key is in a cookie that no script reads; the header says that a terminal asks.
export class Offline extends Error {}
export class Refused extends Error {
  constructor(status, problem) { super(problem.detail ?? problem.code); this.status = status; this.problem = problem; }
}

const PATIENCE = 6000;

export async function call(method, path, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "x-goen-terminal": "1", "accept-language": document.documentElement.lang, ...(body ? { "content-type": "application/json" } : {}), ...headers },
      body: body ? JSON.stringify(body) : undefined,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch { throw new Offline(); }
  if (answer.status >= 500) throw new Offline();
  const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told ?? {});
  return told;
}
