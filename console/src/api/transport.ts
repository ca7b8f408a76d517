/** One way to the API: it unwraps envelopes, carries versions and credentials, and turns refusals into `ApiFailure`. */

export interface Options {
  /** Version the command is meant for, or `*`. */
  ifMatch?: string | number | undefined;
  /** Idempotency key: the same command sent again with it changes nothing. */
  key?: string | undefined;
  /** API key or token in place of the session. */
  credential?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Sent to its end though the page is left. */
  keepalive?: boolean | undefined;
}

export interface Answer<T> {
  data: T;
  /** Version that the answer is of, without its quotes. */
  version: string | null;
}

export interface Envelope {
  success: boolean;
  data: unknown;
  error: { code: string; message: string; details?: Record<string, unknown> } | null;
}

/** No answer, a server in between that gave up waiting, too many at once, a server that is away. */
const PASSING = new Set([0, 408, 429, 502, 503, 504]);
const SERVER_ERROR = 500;

/** A refusal of the API (`status` as HTTP says), or no answer of it (`status` 0): it cannot be reached, also by a server
 * in between (code `unreachable`), or its answer did not come whole (code `broken_off`). Nobody knows then what was done. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
  }

  /** Whether the same may be tried again: it was not refused for what it is. */
  get passes(): boolean {
    return PASSING.has(this.status) || (this.status === 409 && this.code.endsWith("busy"));
  }
}

type Query = Record<string, string | number | boolean | readonly (string | number)[] | null | undefined>;

let csrf = "";
let onSignedOut: () => void = () => {};

/** What unsafe requests carry, as the session said it. */
export function setCsrf(token: string): void {
  csrf = token;
}

/** Called when the API says that nobody is signed in (any more). */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

export const segment = (value: string): string => encodeURIComponent(value);

/** Path with its query; what is null or undefined is left out, a list is one pair each. */
export function address(path: string, query?: Query): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [value].flat().map((one) => [name, String(one)]),
  );
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}

/** Send a request and unwrap its answer. Raises `ApiFailure`. */
export async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  query?: Query,
  options: Options = {},
): Promise<Answer<T>> {
  const headers = new Headers({ Accept: "application/json" });
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers.set("Content-Type", "application/json");
  if (options.ifMatch !== undefined) headers.set("If-Match", options.ifMatch === "*" ? "*" : `"${options.ifMatch}"`);
  if (options.key) headers.set("Idempotency-Key", options.key);
  if (options.credential) headers.set("X-API-Key", options.credential);
  if (csrf && method !== "GET") headers.set("X-CSRF-Token", csrf);
  const request: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) request.body = isForm ? body : JSON.stringify(body);
  if (options.keepalive) request.keepalive = true;
  if (options.signal) request.signal = options.signal;
  let response: Response;
  try {
    response = await fetch(address(path, query), request);
  } catch (problem) {
    if (isAborted(problem)) throw problem;
    throw new ApiFailure(0, "unreachable", "The API does not answer.");
  }
  return unwrap<T>(response);
}

/** **Only a whole envelope answers**: what came in pieces, and a page that a server in between wrote, say nothing of what was done. */
async function unwrap<T>(response: Response): Promise<Answer<T>> {
  if (response.status === 401) onSignedOut();
  const envelope = await read(response);
  if (response.ok && envelope?.success) {
    return { data: envelope.data as T, version: response.headers.get("ETag")?.replaceAll('"', "") ?? null };
  }
  if (response.ok && envelope === null) throw brokenOff();
  const after = Number(response.headers.get("Retry-After"));
  const retryAfterS = Number.isFinite(after) && after > 0 ? after : null;
  if (response.status >= SERVER_ERROR && envelope === null) {
    throw new ApiFailure(0, "unreachable", `The API does not answer: a server on the way to it says ${response.status}.`, {}, retryAfterS);
  }
  throw new ApiFailure(
    response.status,
    envelope?.error?.code ?? "no_reason",
    envelope?.error?.message ?? `The API answered ${response.status} without a reason.`,
    envelope?.error?.details ?? {},
    retryAfterS,
  );
}

/** The envelope of an answer, null where it has none. Throws where the answer broke off, or is not wanted any more. */
async function read(response: Response): Promise<Envelope | null> {
  let text: string;
  try {
    text = await response.text();
  } catch (problem) {
    if (isAborted(problem)) throw problem;
    throw brokenOff();
  }
  try {
    const found = JSON.parse(text) as Partial<Envelope> | null;
    return typeof found?.success === "boolean" ? (found as Envelope) : null;
  } catch {
    return null;
  }
}

const isAborted = (problem: unknown): boolean => problem instanceof DOMException && problem.name === "AbortError";
const brokenOff = (): ApiFailure => new ApiFailure(0, "broken_off", "The answer of the API did not arrive whole.");
