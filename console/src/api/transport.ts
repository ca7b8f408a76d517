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

/** A refusal of the API (`status` as HTTP says), or no answer at all (`status` 0, code `unreachable`). */
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

  /** Whether nothing was changed and the same may be tried again. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
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
    if (problem instanceof DOMException && problem.name === "AbortError") throw problem;
    throw new ApiFailure(0, "unreachable", "The API does not answer.");
  }
  return unwrap<T>(response);
}

async function unwrap<T>(response: Response): Promise<Answer<T>> {
  let envelope: Envelope | null = null;
  try {
    envelope = (await response.json()) as Envelope;
  } catch {
    envelope = null;
  }
  if (response.ok && envelope?.success) {
    return { data: envelope.data as T, version: response.headers.get("ETag")?.replaceAll('"', "") ?? null };
  }
  if (response.status === 401) onSignedOut();
  const after = Number(response.headers.get("Retry-After"));
  throw new ApiFailure(
    response.status,
    envelope?.error?.code ?? "no_answer",
    envelope?.error?.message ?? `The API answered ${response.status} without a reason.`,
    envelope?.error?.details ?? {},
    Number.isFinite(after) && after > 0 ? after : null,
  );
}
