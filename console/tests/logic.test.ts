import { describe, expect, test } from "vitest";
import type { AnswerRequest, Boxes, HistoryStep, PersonPresent, Question, ReviewQueue, Timeline } from "../src/api/types";
import { address } from "../src/api/transport";
import { asked, instead, naming, offered, offers } from "../src/lib/answers";
import { BoxIndex } from "../src/lib/boxes";
import { Frames } from "../src/lib/frames";
import { overtaking, stepOf, worded } from "../src/lib/history";
import { KEYS } from "../src/lib/keylist";
import { together, type Somebody } from "../src/lib/people";
import { company, doing } from "../src/lib/presence";
import { about, chosen, foresee, ordered, recalling, ripple, vanishing } from "../src/lib/queue";
import { clicked, moved, nothing, remaining } from "../src/lib/selection";
import { Sha256 } from "../src/lib/sha256";
import { amount, clock, signed } from "../src/lib/time";
import { guess } from "../src/lib/upload";
import { appearances, within, zoomed } from "../src/lib/watching";

const question = (id: string, more: Partial<Question> = {}): Question => ({
  id, kind: "who", worth_s: 4, at_stake_s: 5, doubt: 0.8, keys: 1, later: false, sentence: "", identity_id: `identity-${id}`, identity_ids: [], other_id: null,
  cast_id: null, cast_name: null, track_ids: [], choices: [], evidence: [], against: [], references: [], conflict: null, answers: [], ...more,
});
const review = (questions: Question[], more: Partial<ReviewQueue> = {}): ReviewQueue => ({
  run_id: "r", revision: 1, links_version: 0, edits_version: 0, grouping_revision: 1,
  undecided_s: 10, decided_s: 5, total_s: 15, later: 0, extras_s: 0, pays: 1, total: questions.length, questions, ...more,
});
const held = (answered: string[] = [], later: string[] = []) => ({ current: null, answered: new Set(answered), later });

describe("the queue", () => {
  test("asks in the server's order and skips what was answered here", () => {
    const found = ordered(review([question("a"), question("b"), question("c")]), held(["a"]));
    expect(found.map((one) => one.id)).toEqual(["b", "c"]);
  });
  test("asks what was put off last, in the order in which it was put off", () => {
    const found = ordered(review([question("a"), question("b"), question("c")]), held([], ["b", "a"]));
    expect(found.map((one) => one.id)).toEqual(["c", "b", "a"]);
  });
  test("keeps the question in hand although another one became worth more", () => {
    const before = review([question("a"), question("b")]);
    const after = review([question("new", { worth_s: 99 }), question("a"), question("b")]);
    expect(chosen(ordered(before, held()), "b")?.id).toBe("b");
    expect(chosen(ordered(after, held()), "b")?.id).toBe("b");
  });
  test("does not ask about somebody whom an answer just merged away", () => {
    const same = question("a", { kind: "same", other_id: "identity-b" });
    expect(vanishing(same, "yes")).toEqual(["identity-b"]);
    expect(vanishing(same, "no")).toEqual([]);
    expect(ordered(review([question("b"), question("c")]), held(), new Set(["identity-b"])).map((one) => one.id)).toEqual(["c"]);
  });
  test("does not ask who somebody is whose answer is under way, alone or among others of whom all are", () => {
    const deciding = new Set(["identity-a", "identity-b"]);
    const all = question("all", { kind: "extras", identity_ids: ["identity-a", "identity-b"] });
    const some = question("some", { kind: "extras", identity_ids: ["identity-a", "identity-c"] });
    const two = question("two", { kind: "two", identity_id: "identity-a" });
    const asked = ordered(review([question("a"), all, some, two]), { ...held(), deciding });
    expect(asked.map((one) => one.id)).toEqual(["some", "two"]);
  });
  test("is about everybody whom it names, once", () => {
    expect(about(question("a", { identity_ids: ["identity-a", "identity-b"] }))).toEqual(["identity-a", "identity-b"]);
    expect(about(question("a", { other_id: "identity-z" }))).toEqual(["identity-a", "identity-z"]);
  });
  test("asks again at once what was taken back, and once only when the API asks it, too", () => {
    const back = question("b");
    expect(recalling(review([question("a")]), back)?.questions.map((one) => one.id)).toEqual(["b", "a"]);
    expect(recalling(review([question("a"), question("b")]), back)?.questions.map((one) => one.id)).toEqual(["a", "b"]);
    expect(recalling(review([question("a")]), null)?.questions).toHaveLength(1);
  });
  test("says what answering would cost and bring", () => {
    const some = review([question("a"), question("b", { kind: "same", worth_s: 3 }), question("c", { worth_s: 0.1 })]);
    const ahead = foresee(some, some.questions);
    expect(ahead.questions).toBe(2);
    expect(ahead.seconds).toBeCloseTo(5.7);
    expect(ahead.settles).toBeCloseTo(7 / 7.1);
  });
  test("tells what an answer settled besides", () => {
    expect(ripple(review([question("a"), question("b"), question("c")]), review([question("c")], { undecided_s: 4 }), "a")).toEqual({ seconds: 6, besides: 1 });
  });
});

describe("answers", () => {
  test("of many people are two: all extras, or one by one", () => {
    const many = question("a", {
      kind: "extras", identity_ids: ["identity-a", "identity-b", "identity-c"], choices: [{ cast_id: "ada", name: "Ada", probability: 0.1, distance: null }],
      answers: [
        { answer: "yes", effect_s: 9, method: "POST", path: "/extras/e", body: { identity_ids: ["identity-a", "identity-b", "identity-c"] } },
        { answer: "no", effect_s: 0, method: "POST", path: "/review/e/settle", body: { id: "q-1" } },
      ],
    });
    expect(asked(many)).toBe("Are these 3 people all extras?");
    expect(offers("e", many).map((one) => [one.command, one.send.path])).toEqual([["review.yes", "/extras/e"], ["review.no", "/review/e/settle"]]);
    expect(offered(offers("e", many), "review.extra")?.send.path).toBe("/extras/e"); // E says it of all of them, too
    expect(instead(many)[1]).toContain("each is asked about alone");
  });
  test("that nobody is near is said only where nobody is suggested and somebody is to be named", () => {
    const nobody = "Nobody in the cast is near this face";
    const bo = { cast_id: "bo", name: "Bo", probability: 0.2, distance: null };
    expect(instead(question("a"))[1]).toContain(nobody);
    expect(instead(question("a", { choices: [bo] }))[1]).toBe("It may be Bo, of whom there are no pictures.");
    for (const kind of ["is_this", "same", "two", "belongs", "two_places", "extras"] as const) expect(instead(question("a", { kind }))[1]).not.toContain(nobody);
    expect(instead(question("a", { kind: "leftover", cast_name: "Bo" }))[1]).not.toContain(nobody);
  });
  const choice = (answer: AnswerRequest["answer"], body: Record<string, unknown> | null = {}): AnswerRequest => ({ answer, effect_s: 5, method: "POST", path: `/${answer}`, body });
  test("are those that the API offers, with their keys", () => {
    const asked = question("a", { kind: "is_this", cast_id: "ada", cast_name: "Ada", answers: [choice("yes"), choice("no")], choices: [{ cast_id: "ada", name: "Ada", probability: 0.6, distance: 0.5 }, { cast_id: "bo", name: "Bo", probability: 0.3, distance: 0.6 }] });
    expect(offers("ep", asked).map((one) => one.command)).toEqual(["review.yes", "review.no", "review.pick2"]);
  });
  test("fill in who it is", () => {
    const asked = question("a", { answers: [choice("name", { why: "x" })] });
    expect(naming("ep", asked, "ada", "Ada").send).toEqual({ method: "POST", path: "/name", body: { why: "x", cast_id: "ada" } });
    expect(naming("e p", question("a"), "ada", "Ada").send.path).toBe("/links/e%20p/identity-a");
  });
  test("Enter names nobody of whom nobody is sure", () => {
    const asked = question("a", { answers: [choice("name"), choice("extra")], choices: [{ cast_id: "bo", name: "Bo", probability: 0.1, distance: null }] });
    expect(offered(offers("ep", asked), "review.yes")).toBeUndefined();
    expect(offered(offers("ep", asked), "review.pick1")?.label).toBe("Bo");
  });
});

describe("frames", () => {
  const table = (tick_s: [number, number], delta: number[], count: number[], first = 0) =>
    new Frames({ ep_id: "", sha256: "", frames: count.reduce((sum, one) => sum + one, 0), tick_s, first, delta, count, duration_s: 0, starts_at_s: 0 });
  test("are found by time and sought in their middle, at every rate", () => {
    for (const [numerator, denominator] of [[1001, 24000], [1, 25], [1001, 30000], [1, 50]] as [number, number][]) {
      const frames = table([numerator, denominator], [1], [300]);
      for (let n = 0; n < 300; n += 1) {
        expect(frames.at(frames.middle(n))).toBe(n);
        expect(frames.middle(n)).toBeCloseTo(((n + 0.5) * numerator) / denominator, 9);
      }
    }
  });
  test("are exact where their length varies", () => {
    const frames = table([1, 90_000], [3000, 6000, 1500], [1, 2, 3]);
    expect([0, 1, 2, 3, 4, 5].map((n) => frames.at(frames.middle(n)))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(frames.start(3)).toBeCloseTo(15_000 / 90_000);
    expect(frames.at(-1)).toBe(0);
    expect(frames.at(1e9)).toBe(5);
    expect(frames.at(frames.shown(frames.start(3) - 0.000_001))).toBe(3);
    expect(frames.middle(5)).toBeCloseTo(18_750 / 90_000);
  });
});

describe("boxes", () => {
  const boxes: Boxes = {
    run_id: "r", revision: 1, from_s: 0, to_s: 9, track_ids: ["t"], t_ms: [1000, 1200, 4000], track: [0, 0, 0],
    box: [0, 0, 1000, 1000, 2000, 0, 3000, 1000, 0, 0, 100, 100], confidence: [9, 9, 9],
  };
  test("move in a straight line between samples", () => {
    expect(new BoxIndex(boxes).at(1.1)[0]).toMatchObject({ track: "t", x: 0.1, y: 0, w: 0.1, h: 0.1 });
  });
  test("are not shown where a track pauses", () => {
    expect(new BoxIndex(boxes).at(2.5)).toEqual([]);
  });
});

describe("the hash of a file", () => {
  test.each([0, 1, 55, 56, 63, 64, 65, 1000, 70_001])("of %i bytes is as others have it, however it is read", async (size) => {
    const data = new Uint8Array(size).map((_, at) => (at * 31) % 251);
    const sum = new Sha256();
    for (let at = 0; at < size; at += 333) sum.update(data.subarray(at, at + 333));
    const theirs = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    expect(sum.hex()).toBe([...theirs].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  });
});

describe("selecting", () => {
  const order = ["a", "b", "c", "d"];
  test("by click, with Ctrl and with Shift", () => {
    const one = clicked(nothing(), order, 1, { toggle: false, extend: false });
    expect([...one.ids]).toEqual(["b"]);
    expect([...clicked(one, order, 3, { toggle: false, extend: true }).ids]).toEqual(["b", "c", "d"]);
    expect([...clicked(one, order, 3, { toggle: true, extend: false }).ids]).toEqual(["b", "d"]);
    expect([...clicked(one, order, 1, { toggle: false, extend: false }).ids]).toEqual([]);
  });
  test("by keyboard goes to the ends and no further, and forgets who is gone", () => {
    expect(moved(nothing(), order, -3, false).at).toBe(0);
    const all = moved(nothing(), order, 99, true);
    expect(all.ids.size).toBe(4);
    expect(remaining(all, ["a", "d"])).toEqual({ ids: new Set(["a", "d"]), at: 1, anchor: 0 });
  });
});

describe("the timeline", () => {
  const timeline = {
    duration_s: 60, tracks: { track_id: ["t0", "t1", "t2"], identity: [0, 0, 1], start_ms: [1000, 9000, 9500], end_ms: [3000, 12_000, 10_000], quality: [], distance: [], picture: [], rejection: [] },
  } as unknown as Timeline;
  test("says when two people are in one picture", () => {
    expect(together(timeline, 0, 1)).toEqual({ startS: 9.5, endS: 10 });
    expect(together(timeline, 1, 2)).toBeNull();
  });
  test("says where somebody appears, and which parts of tracks lie in a range", () => {
    expect(appearances(timeline, 0)).toEqual([1, 9]);
    expect(within(timeline, 0, 2, 10)).toEqual([{ track: "t0", startS: 2, endS: 3, whole: false }, { track: "t1", startS: 9, endS: 10, whole: false }]);
    expect(within(timeline, 0, 0, 20).every((one) => one.whole)).toBe(true);
  });
  test("zooms without leaving the episode", () => {
    expect(zoomed(0, 60, 60, 2, 59)).toEqual([30, 60]);
    expect(zoomed(10, 12, 60, 0.01, 11)).toEqual([0, 60]);
  });
});

describe("presence", () => {
  const people = [{ id: "identity-00007", name: "Bo" }, { id: "identity-00008", name: null }] as Somebody[];
  const kim = (screen: string, subject: string | null = null): PersonPresent => ({ id: "p", name: "Kim", screen, subject, since: "" });
  test("says who is at what, with people as they are called", () => {
    expect(doing(kim("review", "identity-00007"), people)).toBe("Kim is reviewing Bo");
    expect(doing(kim("person", "identity-00008"), people)).toBe("Kim is looking at Person 8");
    expect(doing(kim("person", "identity-00099"), people)).toBe("Kim is looking at somebody");
    expect(doing(kim("watch"), people)).toBe("Kim is watching");
    expect(doing(kim("elsewhere"), people)).toBe("Kim is here");
    expect(company([kim("watch")], people)).toBe("Kim is watching");
    expect(company([kim("watch"), kim("history")], people)).toBe("2 others are here: Kim is watching; Kim is reading the history");
  });
});

describe("one history", () => {
  const step = (version: number, more: Partial<HistoryStep> = {}): HistoryStep => ({
    step: `links:${version}`, source: "links", version, action: "do", kind: "link", who: "Kim", at: "2026-01-01T00:00:00Z",
    why: null, sentence: "", active: true, identity_ids: [], command_id: `c-${version}`, ...more,
  });
  test("undo takes back what this window did, whoever did something since", () => {
    const steps = [step(3, { who: "Bo" }), step(2), step(1)];
    expect(stepOf(steps, "undo", { key: "c-2" })).toBe("links:2");
    expect(stepOf(steps, "undo", { who: "Kim" })).toBe("links:2");
  });
  test("what is not in force any more is no step to take back, nor is an undo", () => {
    const steps = [step(3, { action: "undo", command_id: "c-3" }), step(2, { active: false }), step(1)];
    expect(stepOf(steps, "undo", { key: "c-2" })).toBeNull();
    expect(stepOf(steps, "undo", { key: "c-3" })).toBeNull();
    expect(stepOf(steps, "redo", { key: "c-2" })).toBe("links:2");
    expect(stepOf(steps, "redo", { key: "c-1" })).toBeNull();
    expect(stepOf(steps, "undo", { who: "Kim" })).toBe("links:1");
  });
  test("what somebody else decided since about the same people overtakes an answer", () => {
    const about = ["identity-00001"];
    const steps = [step(5, { identity_ids: about, command_id: "mine" }), step(4, { identity_ids: about }), step(3, { identity_ids: ["identity-00002"] })];
    const mine = new Set(["mine"]);
    expect(overtaking(steps, "links", 3, about, mine)?.version).toBe(4);
    expect(overtaking(steps, "links", 4, about, mine)).toBeNull();
    expect(overtaking(steps, "clusters", 3, about, mine)).toBeNull();
    expect(overtaking([step(4, { identity_ids: about, active: false })], "links", 3, about, mine)).toBeNull();
  });
  test("is told as a sentence, and what was taken back says so", () => {
    const merge = step(1, { sentence: "merge of Person 8 into Ada (Person 7)" });
    expect(worded(merge)).toBe("Merge of Person 8 into Ada (Person 7)");
    expect(worded({ ...merge, action: "undo" })).toBe("Taken back: merge of Person 8 into Ada (Person 7)");
  });
});

describe("addresses", () => {
  test("leave out what is not said, and say lists one by one", () => {
    expect(address("/x", { a: 1, b: null, c: undefined, d: ["ada", "bo & co"], e: false })).toBe("/x?a=1&d=ada&d=bo+%26+co&e=false");
    expect(address("/x", {})).toBe("/x");
  });
});

describe("words", () => {
  test("times and amounts", () => {
    expect([clock(8.44), clock(59.96), clock(3723.4), clock(42.8, 0)]).toEqual(["0:08.4", "1:00.0", "1:02:03.4", "0:43"]);
    expect([amount(8.44), amount(723), signed(-1.8), signed(0.01)]).toEqual(["8.4 s", "12:03", "−1.8 s", "±0 s"]);
  });
  test("a file's name says the episode where it can", () => {
    expect(guess("My.Show.S01E02.1080p.mkv")).toEqual({ show: "my-show", season: 1, episode: 2 });
    expect(guess("Übung.mp4")).toEqual({ show: "ubung", season: 1, episode: 1 });
  });
  test("every key has its own name, and no two of one screen are the same", () => {
    expect(new Set(KEYS.map((one) => one.id)).size).toBe(KEYS.length);
    for (const group of new Set(KEYS.map((one) => one.group))) {
      const pressed = KEYS.filter((one) => one.group === group || one.group === "Anywhere" || one.group === "Go to").flatMap((one) => one.keys);
      expect(new Set(pressed).size, group).toBe(pressed.length);
    }
  });
});
