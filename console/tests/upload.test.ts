/** Sending a file, with an API that says what became of earlier tries. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ApiFailure } from "../src/api/transport";
import { upload } from "../src/lib/upload";

const FILE = new File(["a film"], "Film s01e01.mp4", { type: "video/mp4" });
const TO = { show: "film", season: 1, episode: 1 };

/** States of the uploads that the API has begun, by the key that each was begun with. */
let known: Map<string, { id: string; state: string }>;
let stored: string[];

function answer(data: object): Response {
  return Response.json({ success: true, data, error: null }, { status: 200 });
}

function view(one: { id: string; state: string }): object {
  const missing = one.state === "open" && !stored.includes(one.id) ? 1 : 0;
  return { upload_id: one.id, ep_id: "film-s01e01", state: one.state, parts: 1, part_bytes: 100, missing, urls: missing ? [{ part: 1, bytes: 6, url: one.id }] : [] };
}

beforeEach(() => {
  known = new Map();
  stored = [];
  vi.stubGlobal("fetch", async (address: string, request: RequestInit) => {
    const path = new URL(address, "http://x").pathname;
    if (path === "/episodes") return answer({ ep_id: "film-s01e01" });
    if (path === "/uploads") {
      const key = new Headers(request.headers).get("Idempotency-Key") ?? "";
      const one = known.get(key) ?? { id: `upload-${known.size + 1}`, state: "open" };
      known.set(key, one);
      return answer(view(one));
    }
    const one = [...known.values()].find((each) => path.includes(each.id)) ?? { id: "", state: "" };
    if (request.method === "DELETE") one.state = "aborted";
    if (path.endsWith("/complete")) one.state = "completed";
    return answer(view(one));
  });
  vi.stubGlobal("XMLHttpRequest", class {
    upload = {};
    status = 200;
    onload = (): void => {};
    private to = "";
    open(_: string, to: string): void { this.to = to; }
    send(): void { stored.push(this.to); queueMicrotask(() => this.onload()); }
    abort(): void {}
  });
});

afterEach(() => vi.unstubAllGlobals());

const send = (mine = { id: null as string | null }): Promise<string> => upload(FILE, TO, () => {}, new AbortController().signal, mine);

test("what was stopped before is sent from the beginning", async () => {
  await send();
  for (const one of known.values()) one.state = "aborted";
  stored = [];
  expect(await send()).toBe("film-s01e01");
  expect(stored).toEqual(["upload-2"]);
});

test("what is open still is gone on with", async () => {
  await send();
  for (const one of known.values()) one.state = "open";
  stored = ["upload-1"];
  await send();
  expect(stored).toEqual(["upload-1"]);
  expect([...known.values()]).toEqual([{ id: "upload-1", state: "completed" }]);
});

test("an upload of this try that is complete is done, one of another time is not this one", async () => {
  const mine = { id: null as string | null };
  await send(mine);
  expect(mine.id).toBe("upload-1");
  stored = [];
  await send(mine);
  expect(stored).toEqual([]);
  await send();
  expect(stored).toEqual(["upload-2"]);
});

test("the same file is another upload for another episode, and under another name", async () => {
  await send();
  await upload(new File(["a film"], "Other s01e01.mp4", { type: "video/mp4" }), TO, () => {}, new AbortController().signal);
  expect(stored).toEqual(["upload-1", "upload-2"]);
});

test("it is said when it cannot be sent once more", async () => {
  await send();
  vi.stubGlobal("fetch", async (address: string) =>
    answer(new URL(address, "http://x").pathname === "/episodes" ? { ep_id: "film-s01e01" } : view({ id: "upload-1", state: "rejected" })));
  const failure = await send().catch((problem: ApiFailure) => problem);
  expect(failure).toMatchObject({ code: "sent_too_often" });
});

test("of a folder, or a file that was moved away, it is said that it cannot be read", async () => {
  const moved = new File(["a film"], "Film s01e01.mp4");
  vi.spyOn(moved, "slice").mockReturnValue({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) } as Blob);
  const failure = await upload(moved, TO, () => {}, new AbortController().signal).catch((problem: ApiFailure) => problem);
  expect(failure).toMatchObject({ code: "unreadable_file" });
  expect(known.size).toBe(0);
});

test("what is stopped while the API is asked where to put it is not sent", async () => {
  const stop = new AbortController();
  const answering = fetch;
  vi.stubGlobal("fetch", async (address: string, request: RequestInit) => {
    if (new URL(address, "http://x").pathname === "/uploads") stop.abort();
    return answering(address, request);
  });
  await expect(upload(FILE, TO, () => {}, stop.signal)).rejects.toThrow();
  expect(stored).toEqual([]);
  expect([...known.values()]).toEqual([{ id: "upload-1", state: "aborted" }]);
});
