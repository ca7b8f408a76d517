/** What is asked for again, and how often, while an API does not answer or a video does not play. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";

const EP = "a-show-s01e01";
const MINUTES = 10;
let asked: string[] = [];
let answers: (path: string) => unknown;

class Stream {
  static readonly CLOSED = 2;
  readyState = 0;
  addEventListener(): void {}
  close(): void {}
}

beforeEach(() => {
  asked = [];
  answers = () => null;
  vi.resetModules();
  vi.useFakeTimers();
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("removeEventListener", () => {});
  vi.stubGlobal("document", { visibilityState: "visible" });
  vi.stubGlobal("EventSource", Stream);
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path.split("/")[1] ?? "");
    const data = answers(path);
    if (data === null) throw new TypeError("refused");
    return Response.json({ success: true, data, error: null });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const times = (what: string): number => asked.filter((one) => one === what).length;
const timeline = { identities: { identity_id: [] }, run_id: "run-1" };
const review = { questions: [], links_version: 1, edits_version: 1, revision: 1, run_id: "run-1" };
const running = (path: string): unknown => {
  if (path.endsWith("/status")) return { run: { state: "running", run_id: "run-1" } };
  return { episodes: { ep_id: EP }, timeline, review }[path.split("/")[1] ?? ""] ?? null;
};

test("what is shown is asked for as often after ten minutes without an answer as at first", async () => {
  answers = running;
  const { Episode } = await import("../src/state/episode.svelte");
  const episode = new Episode(EP);
  await vi.advanceTimersByTimeAsync(1000);
  expect(episode.review).toEqual(review);
  answers = () => null;
  asked = [];
  await vi.advanceTimersByTimeAsync(60_000);
  const first = times("review");
  await vi.advanceTimersByTimeAsync((MINUTES - 2) * 60_000);
  asked = [];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(first).toBeGreaterThan(20);
  expect(first).toBeLessThan(65);
  expect(times("review")).toBeLessThanOrEqual(first + 1);
  answers = running;
  await vi.advanceTimersByTimeAsync(5000);
  expect(episode.status?.state, "how far the run is, too, is asked for again").toBe("running");
  asked = [];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(times("episodes"), "how far it is: once every two seconds").toBeLessThanOrEqual(31);
  episode.close();
});

test.each([["that runs", running], ["of an API that is away", (): unknown => null]])("an episode %s is not asked about when it is left", async (_, says) => {
  answers = says;
  const { Episode } = await import("../src/state/episode.svelte");
  const episode = new Episode(EP);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.length).toBeGreaterThan(3);
  episode.close();
  asked = [];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([]);
});

test("an answer is not refused because what it is about could not be read", async () => {
  const { Episode } = await import("../src/state/episode.svelte");
  const episode = new Episode(EP);
  const unread = episode.reread({ ep: EP, key: "k", method: "PUT", path: `/links/${EP}/identity-00001`, body: {}, label: "Ada", question: "q", about: ["identity-00001"] });
  await expect(unread).rejects.toMatchObject({ code: "unreachable" });
  answers = running;
  const read = episode.reread({ ep: EP, key: "k", method: "PUT", path: `/links/${EP}/identity-00001`, body: {}, label: "Ada", question: "q", about: ["identity-00001"] });
  await expect(read).resolves.toMatchObject({ code: "nobody_there" });
  episode.close();
});

test("a video that breaks each time is not asked for without end, one whose address ran out is", async () => {
  let at = 0;
  answers = (path) => (path.endsWith("/playback") ? { state: "ready", starts_at_s: 0, url: `http://store/video?signed=${(at += 1)}`, url_expires_in_s: 300 } : null);
  const { Video } = await import("../src/state/video.svelte");
  const video = new Video(EP);
  video.open();
  await vi.advanceTimersByTimeAsync(100);
  const breaks = async (): Promise<boolean> => {
    const renewed = video.renew();
    await vi.advanceTimersByTimeAsync(100);
    return renewed;
  };
  for (let hour = 0; hour < 12; hour += 1) {
    await vi.advanceTimersByTimeAsync(300_000);
    expect(await breaks()).toBe(true);
  }
  expect(video.url).toBe("http://store/video?signed=13");
  const tries = [await breaks(), await breaks(), await breaks(), await breaks()];
  expect(tries).toEqual([true, false, false, false]);
});

test("what is looked at is not written over the address that somebody goes to", async () => {
  const place = { hash: "#/ep/a/review" };
  const written: string[] = [];
  vi.stubGlobal("location", place);
  vi.stubGlobal("history", { replaceState: (_state: null, _title: string, to: string) => { written.push(to); place.hash = to; } });
  const { router } = await import("../src/lib/router.svelte");
  router.note("#/ep/a/review?q=1");
  expect(written).toEqual(["#/ep/a/review?q=1"]);
  router.go("#/ep/a/people");
  router.note("#/ep/a/review?q=2");
  expect(place.hash).toBe("#/ep/a/people");
});
