/** One episode as everybody sees it: read once, read again when the API says that it changed. */

import * as api from "../api/operations";
import { readReview, readTimeline } from "../api/operations";
import { changesUrl, tellPresence, type Person, type State } from "../api/shapes";
import type { Question, ReviewQueue, Timeline } from "../api/types";
import { ApiFailure, type Answer } from "../api/transport";
import type { EpisodeView, HistoryOutcome, RunStatus } from "../api/types";
import type { Walk, Whose } from "../lib/history";
import { ripple } from "../lib/queue";
import { amount, counted } from "../lib/time";
import { logOf, outbox, type Command, type Log, type Sink, type Unsent } from "./outbox.svelte";
import { session } from "./session.svelte";
import { toasts } from "./toasts.svelte";

const BEAT_MS = 10_000;
const POLL_MS = 2_000;
/** Longest time in which a stored answer has its effect; then a question that is still asked is asked again. */
const FOLLOWS_WITHIN_MS = 20_000;
const CLIENT = crypto.randomUUID().slice(0, 8);

export class Episode implements Sink {
  view = $state.raw<EpisodeView | null>(null);
  status = $state.raw<RunStatus | null>(null);
  timeline = $state.raw<Timeline | null>(null);
  review = $state.raw<ReviewQueue | null>(null);
  people = $state.raw<Person[]>([]);
  failure = $state.raw<ApiFailure | null>(null);
  /** Why there is no timeline yet, where that is no failure. */
  early = $state.raw<ApiFailure | null>(null);
  /** Answered here, and not known to be undone. */
  answered = $state.raw<ReadonlySet<string>>(new Set());
  live = $state(false);
  /** Question that an undo brought back, to be shown first. */
  recalled = $state.raw<Question | null>(null);
  /** What was done in this window, the last at the end. */
  private given: Unsent[] = [];
  /** What of it was taken back, the last at the end. */
  private takenBack: Unsent[] = [];
  /** Questions as they were asked. */
  private readonly asked = new Map<string, Question>();
  private readonly storedAt = new Map<string, number>();
  private versions: Record<Log, number | null> = { links: null, edits: null, none: null };
  private stream: EventSource | null = null;
  private beat: ReturnType<typeof setInterval> | undefined;
  private poll: ReturnType<typeof setInterval> | undefined;
  private disconnect: () => void;
  private reading: Promise<void> | null = null;
  private again = false;
  /** Deleted while it was looked at. */
  private ended = false;
  private told: { command: Unsent; toast: number; before: ReviewQueue | null }[] = [];
  private where: { screen: string; subject: string | null } = { screen: "", subject: null };

  constructor(readonly ep: string) {
    this.disconnect = outbox.connect(ep, this);
    void this.load();
    this.listen();
  }

  get show(): string | null {
    return this.view?.show ?? null;
  }

  close(): void {
    this.stream?.close();
    clearInterval(this.beat);
    clearInterval(this.poll);
    this.disconnect();
    if (this.where.screen) void tellPresence(this.ep, { screen: "", subject: null, client: CLIENT }).catch(() => {});
  }

  /** Read everything again. Calls while it reads are one more reading. */
  refresh(): Promise<void> {
    if (this.reading) {
      this.again = true;
      return this.reading;
    }
    this.reading = this.read().finally(() => {
      this.reading = null;
      if (this.again) {
        this.again = false;
        void this.refresh();
      }
    });
    return this.reading;
  }

  async load(): Promise<void> {
    try {
      this.view = (await api.getEpisode(this.ep)).data;
      if (this.ended) return;
      this.failure = null;
      await this.readStatus();
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      this.failure = failure;
      if (failure.passes) setTimeout(() => void this.load(), 2000);
      return;
    }
    await this.refresh();
  }

  async readStatus(): Promise<void> {
    this.status = (await api.getEpisodeStatus(this.ep)).data.run ?? null;
  }

  private async read(): Promise<void> {
    try {
      const [timeline, review] = await Promise.all([readTimeline(this.ep), readReview(this.ep, { limit: 100 })]);
      this.early = null;
      this.timeline = timeline.data;
      this.take(review.data);
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      if (failure.passes) setTimeout(() => void this.refresh(), 2000);
      else this.early = failure;
    }
  }

  private take(review: ReviewQueue): void {
    const before = this.review;
    this.review = review;
    this.hear(review.links_version, review.edits_version);
    if (before && review.revision !== before.revision) this.sayEffects(review);
    const waiting = new Set(outbox.waiting.map((one) => one.question));
    const asked = new Set(review.questions.map((one) => one.id));
    const isLate = (id: string): boolean => performance.now() - (this.storedAt.get(id) ?? -Infinity) > FOLLOWS_WITHIN_MS;
    this.answered = new Set([...this.answered].filter((id) => waiting.has(id) || !asked.has(id) || !isLate(id)));
  }

  /** True seconds follow an answer when the revision with it is there. */
  private sayEffects(after: ReviewQueue): void {
    const waiting = new Set(outbox.waiting.map((one) => one.key));
    for (const one of this.told) {
      if (!one.before || waiting.has(one.command.key)) continue;
      const { seconds, besides } = ripple(one.before, after, one.command.question ?? "");
      const parts = [`${amount(after.undecided_s)} still undecided`];
      if (seconds >= 0.05) parts.unshift(`${amount(seconds)} settled`);
      if (besides > 0) parts.push(`${counted(besides, "other question")} answered with it`);
      toasts.extend(one.toast, parts.join(" · "));
    }
    this.told = this.told.filter((one) => waiting.has(one.command.key));
  }

  /** Do something, and say so at once. */
  send(command: Omit<Command, "ep">, text: string, more = "stored, seconds follow"): Unsent {
    const before = this.review;
    const unsent = outbox.add({ ...command, ep: this.ep });
    if (command.question) this.answered = new Set([...this.answered, command.question]);
    const asked = before?.questions.find((one) => one.id === command.question);
    if (asked) this.asked.set(asked.id, asked);
    this.recalled = null;
    const toast = toasts.show(text, more, { undo: () => this.undo() });
    this.told.push({ command: unsent, toast, before });
    this.given = [...this.given, unsent];
    this.takenBack = [];
    return unsent;
  }

  /** Take back the last thing that was done in this window, else the caller's last one. */
  undo(): void {
    const last = this.given.at(-1);
    this.given = this.given.slice(0, -1);
    this.unanswer(last?.question ?? null);
    this.recall(this.asked.get(last?.question ?? "") ?? null);
    this.told = this.told.filter((one) => one.command.key !== last?.key);
    if (last && outbox.withdraw(last.key)) {
      toasts.show(`Taken back: ${last.label}`, "it had not been sent yet");
      return;
    }
    if (last) this.takenBack = [...this.takenBack, last];
    const whose = last ? { key: last.key } : { who: session.session?.name ?? "" };
    this.walk("undo", null, last ? `Taken back: ${last.label}` : "Taken back: the last thing you did", whose);
  }

  /** Ask a question again at once; the API does so when the undo has its effect. */
  private recall(question: Question | null): void {
    this.recalled = question;
    if (question) setTimeout(() => { if (this.recalled === question) this.recalled = null; }, FOLLOWS_WITHIN_MS);
  }

  /** Make again what was taken back last: in this window, else by anybody. */
  redo(): void {
    const last = this.takenBack.at(-1);
    this.takenBack = this.takenBack.slice(0, -1);
    if (last) this.given = [...this.given, last];
    this.walk("redo", null, last ? `Done again: ${last.label}` : "Done again: what was taken back last", last && { key: last.key });
  }

  /** Take a step of the history back or make it again. Without a step: that of whom `whose` says, else what comes next. */
  walk(walk: Walk, step: string | null, text: string, whose?: Whose): void {
    outbox.add({
      ep: this.ep, method: "POST", path: `/history/${encodeURIComponent(this.ep)}/${walk}`, body: { step },
      label: text, question: null, about: [], ...(whose ? { walks: { walk, whose } } : {}),
    });
    toasts.show(text, "stored, seconds follow");
  }

  unanswer(question: string | null): void {
    if (!question) return;
    this.storedAt.delete(question);
    this.answered = new Set([...this.answered].filter((id) => id !== question));
  }

  version(log: Log): number | null {
    return this.versions[log];
  }

  stored(command: Unsent, answer: Answer<unknown>): void {
    const log = logOf(command.path);
    if (log !== "none" && answer.version !== null) this.versions[log] = Number(answer.version);
    if (command.path.startsWith("/history/")) {
      const { versions } = answer.data as HistoryOutcome;
      this.hear(versions["links"] ?? null, versions["clusters"] ?? null);
    }
    if (command.question) this.storedAt.set(command.question, performance.now());
    if (!this.live) setTimeout(() => void this.refresh(), 700);
  }

  /** Versions of the logs, of whatever they are told with: the highest counts. */
  private hear(links: number | null, edits: number | null): void {
    this.versions.links = Math.max(this.versions.links ?? 0, links ?? 0);
    this.versions.edits = Math.max(this.versions.edits ?? 0, edits ?? 0);
  }

  refused(command: Unsent, failure: ApiFailure): void {
    this.told = this.told.filter((one) => one.command.key !== command.key);
    this.given = this.given.filter((one) => one.key !== command.key);
    this.unanswer(command.question);
    toasts.show(`Not done: ${command.label}`, failure.message, { tone: "refused" });
    void this.refresh();
  }

  async reread(command: Unsent): Promise<boolean> {
    await this.refresh();
    const known = new Set(this.timeline?.identities.identity_id ?? []);
    return command.about.every((id) => known.has(id));
  }

  /** Tell the others what is looked at. */
  tell(screen: string, subject: string | null): void {
    if (this.where.screen === screen && this.where.subject === subject) return;
    this.where = { screen, subject };
    const say = (): void => void tellPresence(this.ep, { ...this.where, client: CLIENT }).catch(() => {});
    clearInterval(this.beat);
    say();
    this.beat = setInterval(say, BEAT_MS);
  }

  private listen(): void {
    const stream = new EventSource(changesUrl(this.ep));
    this.stream = stream;
    stream.addEventListener("open", () => (this.live = true));
    stream.addEventListener("error", () => (this.live = false));
    // Where a proxy swallows the stream, or the API has none, what changed is asked for.
    this.poll = setInterval(() => {
      if (!this.live && document.visibilityState === "visible") void this.refresh();
    }, POLL_MS);
    stream.addEventListener("state", (event) => this.changed(JSON.parse((event as MessageEvent<string>).data) as State));
    stream.addEventListener("presence", (event) => {
      this.people = (JSON.parse((event as MessageEvent<string>).data) as { people: Person[] }).people;
    });
    stream.addEventListener("end", () => {
      this.ended = true;
      stream.close();
      this.failure = new ApiFailure(404, "episode_deleted", "This episode was deleted.");
    });
  }

  private changed(state: State): void {
    this.hear(state.links_version, state.edits_version);
    const stale = state.changed.length > 0 || (this.review !== null && state.revision !== this.review.revision);
    if (state.changed.includes("run") || state.run_state === "running") void this.readStatus().catch(() => {});
    if (stale) void this.refresh();
  }
}
