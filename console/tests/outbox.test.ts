/** Answers on their way, with an API that says what a test wants. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ApiFailure } from "../src/api/transport";
import type { Command, Sink } from "../src/state/outbox.svelte";

const EP = "a-show-s01e01";
const LOCK: Command = {
  ep: EP, method: "POST", path: `/clusters/${EP}/lock`, body: { identity_id: "identity-00001" },
  label: "lock", question: null, about: ["identity-00001"],
};

const kept = new Map<string, string>();
const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) };

beforeEach(() => {
  kept.clear();
  vi.resetModules();
  vi.useFakeTimers();
  vi.stubGlobal("localStorage", storage);
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => setTimeout(work, 16));
  vi.stubGlobal("cancelAnimationFrame", (frame: ReturnType<typeof setTimeout>) => clearTimeout(frame));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function said(status: number, code: string): Response {
  const error = status < 400 ? null : { code, message: code };
  return Response.json({ success: status < 400, data: {}, error }, { status, headers: { ETag: '"7"' } });
}

/** Give the API an answer to everything and send a command; what came of it, and the keys that were sent. */
async function sent(answers: Response[], reason: ApiFailure | null = null, fails: Error[] = []): Promise<{ became: string; keys: string[]; rereads: number }> {
  const keys: string[] = [];
  vi.stubGlobal("fetch", async (_: string, request: RequestInit) => {
    keys.push(new Headers(request.headers).get("Idempotency-Key") ?? "");
    return answers.shift() ?? said(200, "");
  });
  const { Outbox } = await import("../src/state/outbox.svelte");
  const outbox = new Outbox();
  let rereads = 0;
  const became = new Promise<string>((done) => {
    const sink: Sink = {
      version: () => rereads,
      isOvertaken: () => false,
      stored: () => done("stored"),
      refused: (_, failure: ApiFailure) => done(failure.code),
      reread: async () => {
        rereads += 1;
        const failure = fails.shift();
        if (failure) throw failure;
        return reason;
      },
    };
    outbox.connect(EP, sink);
  });
  outbox.add(LOCK);
  await vi.runAllTimersAsync();
  return { became: await Promise.race([became, Promise.resolve("nothing")]), keys, rereads };
}

const stale = (count: number): Response[] => Array.from({ length: count }, () => said(412, "stale_version"));

test("what others are faster than is sent again with its key until it is stored, however often that is", async () => {
  const { became, keys, rereads } = await sent(stale(20));
  expect(became).toBe("stored");
  expect(rereads).toBe(20);
  expect(keys).toHaveLength(21);
  expect(new Set(keys).size).toBe(1);
});

test("what makes no sense any more after somebody else's change is not sent again", async () => {
  const { ApiFailure } = await import("../src/api/transport");
  const { became, keys } = await sent(stale(1), new ApiFailure(409, "decided_meanwhile", "Kim decided meanwhile."));
  expect(became).toBe("decided_meanwhile");
  expect(keys).toHaveLength(1);
});

test("what the API is too busy for is sent again", async () => {
  const { became, keys } = await sent([said(409, "too_busy"), said(503, "down"), said(429, "slow_down")]);
  expect(became).toBe("stored");
  expect(keys).toHaveLength(4);
});

test("what is refused is not sent again, and what comes after it is", async () => {
  const { became, keys } = await sent([said(409, "nothing_to_change")]);
  expect(became).toBe("nothing_to_change");
  expect(keys).toHaveLength(1);
  expect(kept.get("screenalytics.unsent")).toBe("[]");
});

test("what cannot be read up because the API is away or asks who one is is sent again", async () => {
  const { ApiFailure } = await import("../src/api/transport");
  const { became, keys } = await sent(stale(2), null, [new ApiFailure(503, "down", "down"), new ApiFailure(401, "unauthorized", "Sign in.")]);
  expect(became).toBe("stored");
  expect(keys).toHaveLength(3);
});

test("what must not be read up is refused, and what comes after it is sent", async () => {
  const { ApiFailure } = await import("../src/api/transport");
  const { became } = await sent(stale(1), null, [new ApiFailure(403, "forbidden", "Not yours.")]);
  expect(became).toBe("forbidden");
  expect(kept.get("screenalytics.unsent")).toBe("[]");
});

/** An answer whose body ends before it is whole. */
function cutOff(status: number, code: string): Response {
  const whole = said(status, code);
  const body = new ReadableStream({ start: (stream) => stream.error(new TypeError("network error")) });
  return new Response(body, { status, headers: whole.headers });
}

const PAGE = "<html><body>Bad gateway</body></html>";

test.each([
  ["an answer that broke off", () => cutOff(200, "")],
  ["half an answer", () => new Response('{"success":true,"da', { status: 200 })],
  ["an answer without a body", () => new Response(null, { status: 200 })],
  ["the page of a server in between", () => new Response(PAGE, { status: 200 })],
  ["JSON that is no answer of the API", () => new Response("null", { status: 200 })],
  ["an error page of a server in between", () => new Response(PAGE, { status: 500 })],
  ["a server in between that got no answer", () => new Response(PAGE, { status: 502 })],
  ["a server in between that waited in vain", () => new Response(PAGE, { status: 408 })],
  ["a refusal that broke off", () => cutOff(409, "too_busy")],
])("%s is no answer: it is sent again with its key", async (_, answer) => {
  const { became, keys } = await sent([answer(), answer()]);
  expect(became).toBe("stored");
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

test("what a server in between refuses for what it is, is refused", async () => {
  const { became } = await sent([new Response(PAGE, { status: 413 })]);
  expect(became).toBe("no_reason");
});

test("an error that the API itself tells is a refusal", async () => {
  const { became } = await sent([said(500, "internal")]);
  expect(became).toBe("internal");
});

test("what is not wanted any more amid its answer is no failure of the API", async () => {
  const { call } = await import("../src/api/transport");
  const body = new ReadableStream({ start: (stream) => stream.error(new DOMException("aborted", "AbortError")) });
  vi.stubGlobal("fetch", async () => new Response(body));
  await expect(call("GET", "/shows")).rejects.toThrow(DOMException);
});

const ANSWER: Command = {
  ep: EP, method: "PUT", path: `/links/${EP}/identity-00001`, body: { cast_id: "ada" },
  label: "Ada", question: "who:identity-00001", about: ["identity-00001"], since: 4,
};

/** Give an answer that was asked at version 4 where Kim decided version 5 about somebody; what came of it, and what was sent. */
async function answered(about: string, { isOpen }: { isOpen: boolean }): Promise<{ became: string; sent: string[] }> {
  const sent: string[] = [];
  const theirs = { step: "links:5", source: "links", version: 5, action: "do", active: true, who: "Kim", command_id: "k", identity_ids: [about], sentence: "it is Bob" };
  vi.stubGlobal("fetch", async (url: string, request: RequestInit) => {
    if (url.startsWith("/history/")) return Response.json({ success: true, data: { items: [theirs], versions: { links: 5 } }, error: null });
    const version = new Headers(request.headers).get("If-Match") ?? "";
    sent.push(version);
    return version === '"5"' || version === "*" ? said(200, "") : said(412, "stale_version");
  });
  const { Outbox } = await import("../src/state/outbox.svelte");
  const outbox = new Outbox();
  let became = outbox.waiting.length ? "waits" : "";
  if (isOpen) {
    outbox.connect(EP, {
      version: () => 5,
      isOvertaken: (command) => (command.since ?? 0) < 5,
      stored: () => (became = "stored"),
      refused: (_, failure) => (became = failure.code),
      reread: async () => null,
    });
  }
  outbox.add(ANSWER);
  await vi.runAllTimersAsync();
  expect(outbox.waiting).toEqual([]);
  return { became, sent };
}

test("an answer is not sent where somebody else's decision was told after it was asked, and not read yet", async () => {
  expect(await answered("identity-00001", { isOpen: true })).toEqual({ became: "decided_meanwhile", sent: [] });
});

test("an answer is sent where what was told is about somebody else", async () => {
  expect(await answered("identity-00002", { isOpen: true })).toEqual({ became: "stored", sent: ['"5"'] });
});

test("an answer to an episode that is not looked at any more does not overrule what was decided since", async () => {
  expect((await answered("identity-00001", { isOpen: false })).sent).toEqual(['"4"']);
  expect((await answered("identity-00002", { isOpen: false })).sent).toEqual(['"4"', '"5"']);
});

test("an answer is kept at once, and sent when the next question is on the screen", async () => {
  let sent = 0;
  vi.stubGlobal("fetch", async () => { sent += 1; return said(200, ""); });
  const { Outbox } = await import("../src/state/outbox.svelte");
  const outbox = new Outbox();
  outbox.add(LOCK);
  expect(JSON.parse(kept.get("screenalytics.unsent") ?? "[]")).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2 * 16 + 40);
  expect(sent, "the frame is painted, and may be drawn yet").toBe(0);
  await vi.advanceTimersByTimeAsync(40);
  expect(sent).toBe(1);
});

test("an answer is sent from a page in the background, too, which paints nothing", async () => {
  let sent = 0;
  vi.stubGlobal("fetch", async () => { sent += 1; return said(200, ""); });
  vi.stubGlobal("requestAnimationFrame", () => 0);
  const { Outbox } = await import("../src/state/outbox.svelte");
  new Outbox().add(LOCK);
  await vi.advanceTimersByTimeAsync(250);
  expect(sent).toBe(1);
});

test("what one person left in the browser is not sent in the name of another, and is there when they come back", async () => {
  const keys: string[] = [];
  vi.stubGlobal("fetch", async (_: string, request: RequestInit) => {
    keys.push(new Headers(request.headers).get("Idempotency-Key") ?? "");
    return said(200, "");
  });
  const left = { ...LOCK, key: "of-kim", by: "Kim" };
  kept.set("screenalytics.unsent", JSON.stringify([left]));
  const { Outbox } = await import("../src/state/outbox.svelte");
  const outbox = new Outbox();
  outbox.signedIn("Lee");
  const own = outbox.add({ ...LOCK, question: "q-1" });
  await vi.runAllTimersAsync();
  expect(keys).toEqual([own.key]);
  expect(outbox.others).toEqual([{ who: "Kim", count: 1 }]);
  expect(outbox.own).toEqual([]);
  expect(JSON.parse(kept.get("screenalytics.unsent") ?? "")).toEqual([left]);
  outbox.signedIn("Kim");
  await vi.runAllTimersAsync();
  expect(keys).toEqual([own.key, "of-kim"]);
  expect(outbox.waiting).toEqual([]);
});

test("another person who signs in while answers wait for the API does not send them", async () => {
  const keys: string[] = [];
  const answers = [said(401, "unauthenticated"), said(401, "unauthenticated")];
  vi.stubGlobal("fetch", async (_: string, request: RequestInit) => {
    keys.push(new Headers(request.headers).get("Idempotency-Key") ?? "");
    return answers.shift() ?? said(200, "");
  });
  const { Outbox } = await import("../src/state/outbox.svelte");
  const outbox = new Outbox();
  outbox.signedIn("Kim");
  outbox.add(LOCK);
  await vi.advanceTimersByTimeAsync(100);
  expect(keys).toHaveLength(1);
  outbox.signedIn("Lee");
  await vi.runAllTimersAsync();
  expect(keys).toHaveLength(1);
  expect(outbox.others).toEqual([{ who: "Kim", count: 1 }]);
});

test("what two windows of a browser keep is all there when one of them is opened again", async () => {
  const down = new Set(["one", "two"]);
  vi.stubGlobal("fetch", async () => {
    if (down.size) throw new TypeError("refused");
    return said(200, "");
  });
  const { Outbox } = await import("../src/state/outbox.svelte");
  const [one, two] = [new Outbox(), new Outbox()];
  const first = one.add({ ...LOCK, label: "in one window" });
  const second = two.add({ ...LOCK, label: "in the other" });
  const stored = (): string[] => (JSON.parse(kept.get("screenalytics.unsent") ?? "[]") as { key: string }[]).map((each) => each.key);
  expect(new Set(stored())).toEqual(new Set([first.key, second.key]));
  await vi.advanceTimersByTimeAsync(1000);
  expect(new Outbox().waiting).toHaveLength(2);
  down.clear();
  await vi.runAllTimersAsync();
  expect(stored()).toEqual([]);
});

const LEFT = [{ ...LOCK, key: "of-kim-1", by: "Kim" }, { ...LOCK, key: "of-kim-2", by: "Kim" }, { ...LOCK, key: "of-ada", by: "Ada" }];
const stored = (): string[] => (JSON.parse(kept.get("screenalytics.unsent") ?? "[]") as { key: string }[]).map((one) => one.key);

test("what somebody left is thrown away, not sent any more, and brought back", async () => {
  const keys: string[] = [];
  vi.stubGlobal("fetch", async (_: string, request: RequestInit) => {
    keys.push(new Headers(request.headers).get("Idempotency-Key") ?? "");
    return said(200, "");
  });
  kept.set("screenalytics.unsent", JSON.stringify(LEFT));
  const { Outbox, leftBy } = await import("../src/state/outbox.svelte");
  const outbox = new Outbox();
  outbox.signedIn("Lee");
  outbox.throwAway("Kim");
  expect(outbox.others).toEqual([{ who: "Ada", count: 1 }]);
  expect(leftBy(outbox.thrown)).toEqual([{ who: "Kim", count: 2 }]);
  expect(stored()).toEqual(["of-ada"]);
  outbox.signedIn("Kim");
  await vi.runAllTimersAsync();
  expect(keys).toEqual([]);
  outbox.signedIn("Lee");
  outbox.bringBack("Kim");
  expect(outbox.thrown).toEqual([]);
  expect(stored()).toEqual(["of-ada", "of-kim-1", "of-kim-2"]);
  await vi.runAllTimersAsync();
  expect(keys).toEqual([]);
  outbox.signedIn("Kim");
  await vi.runAllTimersAsync();
  expect(keys).toEqual(["of-kim-1", "of-kim-2"]);
});

test("nobody throws away their own answers as what others left", async () => {
  kept.set("screenalytics.unsent", JSON.stringify(LEFT));
  vi.stubGlobal("fetch", async () => { throw new TypeError("refused"); });
  const { Outbox } = await import("../src/state/outbox.svelte");
  const outbox = new Outbox();
  outbox.signedIn("Kim");
  outbox.throwAway("Kim");
  expect(outbox.own).toHaveLength(2);
  expect(stored()).toEqual(["of-kim-1", "of-kim-2", "of-ada"]);
});

test("what one window throws away is not kept by another one", async () => {
  const hears: ((event: { key: string }) => void)[] = [];
  vi.stubGlobal("addEventListener", (_: string, hear: (event: { key: string }) => void) => hears.push(hear));
  vi.stubGlobal("fetch", async () => { throw new TypeError("refused"); });
  kept.set("screenalytics.unsent", JSON.stringify(LEFT));
  const { Outbox } = await import("../src/state/outbox.svelte");
  hears.length = 0; // of the one that the page has
  const [one, other] = [new Outbox(), new Outbox()];
  one.signedIn("Lee");
  other.signedIn("Lee");
  one.throwAway("Kim");
  hears[1]?.({ key: "screenalytics.unsent" });
  expect(other.others).toEqual([{ who: "Ada", count: 1 }]);
  const own = other.add(LOCK);
  expect(stored()).toEqual(["of-ada", own.key]);
});

test("an answer that is overtaken whatever is read is not looked at without a pause", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ success: true, data: { items: [], versions: {} }, error: null }));
  const { Outbox } = await import("../src/state/outbox.svelte");
  const outbox = new Outbox();
  let rereads = 0;
  outbox.connect(EP, {
    version: () => null,
    isOvertaken: () => rereads < 5000,
    stored: () => {},
    refused: () => {},
    reread: async () => { rereads += 1; return null; },
  });
  outbox.add(ANSWER);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(rereads).toBeGreaterThan(10);
  expect(rereads).toBeLessThan(400);
});

test.each([[3, [50]], [180, [50, 500]]])("an undo %i steps back reads as much of the history as it takes", async (back, read) => {
  const steps = Array.from({ length: 200 }, (_, at) => ({ action: "do", active: true, command_id: `k-${at}`, who: "Kim", step: `links:${at}` }));
  const limits: number[] = [];
  const bodies: unknown[] = [];
  vi.stubGlobal("fetch", async (path: string, request: RequestInit) => {
    if (request.method !== "GET") {
      bodies.push(JSON.parse(String(request.body)));
      return said(200, "");
    }
    const limit = Number(new URL(path, "http://api").searchParams.get("limit"));
    limits.push(limit);
    return Response.json({ success: true, data: { items: steps.slice(0, limit), versions: {} }, error: null });
  });
  const { Outbox } = await import("../src/state/outbox.svelte");
  new Outbox().add({ ...LOCK, path: `/history/${EP}/undo`, walks: { walk: "undo", whose: { key: `k-${back}` } } });
  await vi.runAllTimersAsync();
  expect(limits).toEqual(read);
  expect(bodies).toEqual([{ step: `links:${back}` }]);
});
