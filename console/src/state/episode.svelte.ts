/** One episode as everybody sees it: read once, read again when the API says that it changed. */

import * as api from "../api/operations";
import { readReview, readTimeline } from "../api/operations";
import type { Question, ReviewQueue, Timeline } from "../api/types";
import { ApiFailure, type Answer } from "../api/transport";
import type { EpisodeView, ExtrasOutcome, HistoryOutcome, RunStatus } from "../api/types";
import type { Walk, Whose } from "../lib/history";
import { ripple } from "../lib/queue";
import { amount, counted } from "../lib/time";
import { Live, type Listener, type Versions } from "./live.svelte";
import { logOf, outbox, type Command, type Log, type Sink, type Unsent } from "./outbox.svelte";
import { session } from "./session.svelte";
import { toasts } from "./toasts.svelte";

const POLL_MS = 2_000;
/** Until something that got no answer is asked for again. */
const AGAIN_MS = 2_000;
/** Until a stored answer may have its effect, where nobody tells when it has. */
const FOLLOWS_SOON_MS = 700;
/** Longest time in which a stored answer has its effect; then a question that is still asked is asked again. */
const FOLLOWS_WITHIN_MS = 20_000;

const saying = (...parts: string[]): string => parts.filter((one) => one !== "").join(" · ");

export class Episode implements Sink, Listener {
  view = $state.raw<EpisodeView | null>(null);
  status = $state.raw<RunStatus | null>(null);
  timeline = $state.raw<Timeline | null>(null);
  review = $state.raw<ReviewQueue | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  /** Why there is no timeline yet, where that is no failure. */
  early = $state.raw<ApiFailure | null>(null);
  /** Answered here, and not known to be undone. */
  answered = $state.raw<ReadonlySet<string>>(new Set());
  /** People about whom an answer of this window is under way: its effect is not in what is read yet. */
  deciding = $state.raw<ReadonlySet<string>>(new Set());
  /** Of whom it is that is looked at, for the others to know. */
  subject = $state<string | null>(null);
  /** Counts what was decided by anybody since it was opened. */
  decisions = $state(0);
  readonly live: Live;
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
  /** Versions that commands of this window made. */
  private readonly made: Record<Log, Set<number>> = { links: new Set(), edits: new Set(), none: new Set() };
  /** Decisions that the last revision carries, as far as it was told. */
  private included: Versions | null = null;
  private readonly poll: ReturnType<typeof setInterval>;
  private readonly disconnect: () => void;
  private reading: Promise<void> | null = null;
  private again = false;
  /** Why what is shown could not be read last. */
  private unread: ApiFailure | null = null;
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private closed = false;
  /** Deleted while it was looked at. */
  private ended = false;
  /** What was said to be done; `version` is that of its log, once it is stored. */
  private told: { command: Unsent; toast: number; more: string; before: ReviewQueue | null; version: number | null; storedAt: number | null }[] = [];

  constructor(readonly ep: string) {
    this.disconnect = outbox.connect(ep, this);
    this.live = new Live(ep, this);
    // Where a proxy swallows the stream what changed is asked for.
    this.poll = setInterval(() => {
      if (!this.live.connected && document.visibilityState === "visible") void this.refresh();
    }, POLL_MS);
    void this.load();
  }

  get show(): string | null {
    return this.view?.show ?? null;
  }

  close(): void {
    this.closed = true;
    this.live.close();
    clearInterval(this.poll);
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.disconnect();
  }

  /** Do something in a while: **once, however often it is put off**, and not when the episode is left or deleted meanwhile. */
  private later(what: string, ms: number, work: () => Promise<void>): void {
    clearTimeout(this.timers.get(what));
    if (this.closed || this.ended) return;
    this.timers.set(what, setTimeout(() => void work(), ms));
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
      if (failure.passes) this.later("load", AGAIN_MS, () => this.load());
      return;
    }
    await this.refresh();
  }

  /** How far the run is; again while it is under way. */
  async readStatus(): Promise<void> {
    this.status = (await api.getEpisodeStatus(this.ep)).data.run ?? null;
    if (this.status?.state === "running") this.followStatus();
  }

  private followStatus(): void {
    this.later("status", POLL_MS, () => this.readStatus().catch(() => this.followStatus()));
  }

  private async read(): Promise<void> {
    try {
      const [timeline, review] = await Promise.all([readTimeline(this.ep), readReview(this.ep, { limit: 100 })]);
      this.early = this.unread = null;
      this.timeline = timeline.data;
      this.take(review.data);
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      this.unread = failure;
      if (failure.passes) this.later("read", AGAIN_MS, () => this.refresh());
      else this.early = failure;
    }
  }

  private take(review: ReviewQueue): void {
    const before = this.review;
    this.review = review;
    this.versions.links = Math.max(this.versions.links ?? 0, review.links_version);
    this.versions.edits = Math.max(this.versions.edits ?? 0, review.edits_version);
    if (before && review.revision !== before.revision) this.sayEffects(review);
    const waiting = new Set(outbox.own.map((one) => one.question));
    const asked = new Set(review.questions.map((one) => one.id));
    const isLate = (id: string): boolean => performance.now() - (this.storedAt.get(id) ?? -Infinity) > FOLLOWS_WITHIN_MS;
    this.answered = new Set([...this.answered].filter((id) => waiting.has(id) || !asked.has(id) || !isLate(id)));
    this.follow();
  }

  /** Whose answers are under way: of those that are stored for as long as their effect may take. */
  private follow(): void {
    const since = performance.now() - FOLLOWS_WITHIN_MS;
    const open = this.told.filter((one) => logOf(one.command.path) === "links" && (one.storedAt === null || one.storedAt > since));
    this.deciding = new Set(open.flatMap((one) => (one.command.question ? one.command.about : [])));
  }

  /** True seconds follow an answer when the revision with it is there. */
  private sayEffects(after: ReviewQueue): void {
    const carries = (one: { command: Unsent; version: number | null }): boolean => {
      if (one.version === null) return false;
      const log = logOf(one.command.path);
      return !this.included || log === "none" || (log === "edits" ? this.included.clusters : this.included.links) >= one.version;
    };
    for (const one of this.told.filter(carries)) {
      if (!one.before) continue;
      const { seconds, besides } = ripple(one.before, after, one.command.question ?? "");
      const parts = [`${amount(after.undecided_s)} still undecided`];
      if (seconds >= 0.05) parts.unshift(`${amount(seconds)} settled`);
      if (besides > 0) parts.push(`${counted(besides, "other question")} answered with it`);
      toasts.extend(one.toast, parts.join(" · "));
    }
    this.told = this.told.filter((one) => !carries(one));
  }

  /** Do something, and say so at once. */
  send(command: Omit<Command, "ep">, text: string, more = ""): Unsent {
    const before = this.review;
    const unsent = outbox.add({ ...command, ep: this.ep, since: this.seen(logOf(command.path)) });
    if (command.question) this.answered = new Set([...this.answered, command.question]);
    const asked = before?.questions.find((one) => one.id === command.question);
    if (asked) this.asked.set(asked.id, asked);
    this.recalled = null;
    const toast = toasts.show(text, saying(more, "saving…"), { undo: () => this.undo(), waits: true });
    this.told.push({ command: unsent, toast, more, before, version: null, storedAt: null });
    this.follow();
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
    this.follow();
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
    toasts.show(text, "seconds follow");
  }

  unanswer(question: string | null): void {
    if (!question) return;
    this.storedAt.delete(question);
    this.answered = new Set([...this.answered].filter((id) => id !== question));
  }

  version(log: Log): number | null {
    return this.versions[log];
  }

  /** Version of a log that the questions are of: others that were told since are not in what is shown. */
  private seen(log: Log): number | null {
    if (log === "none" || !this.review) return this.versions[log];
    return log === "links" ? this.review.links_version : this.review.edits_version;
  }

  isOvertaken(command: Unsent): boolean {
    const log = logOf(command.path);
    if (!command.question || command.since == null || log === "none") return false;
    const now = this.versions[log];
    if (now === null) return true;
    const later = Array.from({ length: Math.max(0, now - command.since) }, (_, at) => now - at);
    return later.some((version) => !this.made[log].has(version));
  }

  stored(command: Unsent, answer: Answer<unknown>): void {
    const log = logOf(command.path);
    const version = answer.version === null ? null : Number(answer.version);
    if (log !== "none" && version !== null) {
      this.versions[log] = Math.max(version, this.versions[log] ?? 0);
      this.made[log].add(version);
    }
    for (const one of this.told) {
      if (one.command.key !== command.key) continue;
      [one.version, one.storedAt] = [version ?? 0, performance.now()];
      toasts.extend(one.toast, saying(one.more, "stored, seconds follow"), { waits: true });
    }
    const { changed, skipped } = (answer.data ?? {}) as Partial<ExtrasOutcome>;
    if (changed === false) this.changedNothing(command, skipped ?? []);
    if (command.path.startsWith("/history/")) {
      const { step, versions } = answer.data as HistoryOutcome;
      this.decided(versions);
      if (step.source !== "sign_off") this.made[step.source === "links" ? "links" : "edits"].add(versions[step.source] ?? 0);
    }
    if (command.question) this.storedAt.set(command.question, performance.now());
    if (!this.live.connected) this.later("read", FOLLOWS_SOON_MS, () => this.refresh());
  }

  /** Versions of the logs, of whatever they are told with: the highest counts. */
  decided(versions: Partial<Versions>): void {
    this.versions.links = Math.max(this.versions.links ?? 0, versions.links ?? 0);
    this.versions.edits = Math.max(this.versions.edits ?? 0, versions.clusters ?? 0);
    this.decisions += 1;
  }

  revised(runId: string, revision: number, includes: Versions): void {
    this.included = includes;
    if (runId !== this.status?.run_id) void this.readStatus().catch(() => {});
    if (runId !== this.review?.run_id || revision !== this.review.revision) void this.refresh();
  }

  deleted(): void {
    this.ended = true;
    this.failure = new ApiFailure(404, "episode_deleted", "This episode was deleted.");
  }

  /** There is nothing that could be taken back, and where something stands in the way it is asked again. */
  private changedNothing(command: Unsent, skipped: ExtrasOutcome["skipped"]): void {
    this.forget(command);
    if (skipped.some((one) => one.code !== "extra")) this.unanswer(command.question);
    toasts.show(`Nothing to change: ${command.label}`, [...new Set(skipped.map((one) => one.reason))].join(" ") || "It was so already.", { tone: "note" });
  }

  private forget(command: Unsent): void {
    this.told = this.told.filter((one) => one.command.key !== command.key);
    this.given = this.given.filter((one) => one.key !== command.key);
    this.follow();
  }

  refused(command: Unsent, failure: ApiFailure): void {
    this.forget(command);
    this.unanswer(command.question);
    toasts.show(`Not done: ${command.label}`, failure.message, { tone: "refused" });
    void this.refresh();
  }

  async reread(command: Unsent): Promise<ApiFailure | null> {
    await this.refresh();
    if (this.unread?.passes && !this.timeline) throw this.unread;
    const known = new Set(this.timeline?.identities.identity_id ?? []);
    if (!command.about.every((id) => known.has(id))) {
      return new ApiFailure(409, "nobody_there", "Whom it is about is not there any more: the history says by whom they were merged or split.");
    }
    return null;
  }
}
