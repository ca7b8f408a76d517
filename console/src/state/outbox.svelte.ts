/** Answers on their way. **An answer is kept here until the API has stored or refused it**: a reload, a restart or a broken line loses none.

**It is sent in the name of who gave it**: what somebody else left in this browser waits until they are signed in again.
They go one after another, each with the version that the one before left, and with its own idempotency key. **An answer
is sent only where nobody decided about the same people since it was asked**: the history says so, whenever a log has a
version that the question did not know of.
*/

import { readHistory } from "../api/operations";
import { ApiFailure, call, type Answer } from "../api/transport";
import { afterPaint } from "../lib/painted";
import { overtaking, stepOf, worded, type Walk, type Whose } from "../lib/history";

export interface Command {
  ep: string;
  method: string;
  path: string;
  body: unknown;
  /** What was done, in words. */
  label: string;
  /** Question that it answers. */
  question: string | null;
  /** Identities without which it makes no sense any more. */
  about: string[];
  /** Version of its log that somebody saw who gave it, or up to which it was looked for what others decided. */
  since?: number | null;
  /** Whose step it takes back or makes again: looked up when everything before it is stored. */
  walks?: { walk: Walk; whose: Whose };
}

export interface Unsent extends Command {
  key: string;
  /** Who gave it; nobody's where nobody signs in, and missing in what was kept before that was noted. */
  by?: string | null;
}

/** How many answers of somebody are kept, or were thrown away. */
export interface Left {
  who: string;
  count: number;
}

export type Log = "links" | "edits" | "none";

export interface Sink {
  version(log: Log): number | null;
  /** Whether its log has versions that neither who gave it knew nor this window made. */
  isOvertaken(command: Unsent): boolean;
  stored(command: Unsent, answer: Answer<unknown>): void;
  refused(command: Unsent, failure: ApiFailure): void;
  /** Read again what the command is about; why that is not there any more, null where it is. Throws ApiFailure. */
  reread(command: Unsent): Promise<ApiFailure | null>;
}

const STORED = "screenalytics.unsent";
/** As often as somebody else may be faster; what still makes sense is not refused before. */
const TRIES_AFTER_CONFLICT = 50;
/** Longest pause before the first of them, and before any: a random part, so that two who contend do not keep step. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;
/** The latest steps first, and more only where it is not among them: a history grows long. */
const STEPS_LOOKED_AT = [50, 500];
const DECISIONS_LOOKED_AT = 100;

/** Which version a command is meant for. */
export function logOf(path: string): Log {
  if (path.startsWith("/clusters/") || path.startsWith("/edits/")) return "edits";
  if (/^\/(links|suggestions|extras)\/|^\/review\/[^/]+\/settle$/.test(path)) return "links";
  return "none";
}

function kept(): Unsent[] {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "[]") as Unsent[];
  } catch {
    return [];
  }
}

/** Whose answers they are, in the order in which they were given first. */
export function leftBy(answers: readonly Unsent[]): Left[] {
  const counts = new Map<string, number>();
  for (const one of answers) if (one.by) counts.set(one.by, (counts.get(one.by) ?? 0) + 1);
  return [...counts].map(([who, count]) => ({ who, count }));
}

/** How long to wait after so many conflicts, in milliseconds. */
const breath = (conflicts: number): number => Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** conflicts);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Outbox {
  waiting = $state.raw<Unsent[]>(kept());
  /** Since when the API does not take anything. */
  down = $state<string | null>(null);
  /** Who is signed in, or was last on this page. */
  private who = $state<string | null>(null);
  private readonly sinks = new Map<string, Sink>();
  /** Keys of what was given here. */
  private readonly mine = new Set(this.waiting.map((one) => one.key));
  private sending = false;
  /** Thrown away on this page: it can be brought back for as long as the page is open. */
  thrown = $state.raw<Unsent[]>([]);

  constructor() {
    // What another window threw away is not kept by this one either.
    addEventListener("storage", (event) => {
      if (event.key !== STORED) return;
      const there = new Set(kept().map((one) => one.key));
      this.waiting = this.waiting.filter((one) => this.isOwn(one) || there.has(one.key));
    });
  }

  /** Hear what becomes of an episode's commands. What comes back stops it. */
  connect(ep: string, sink: Sink): () => void {
    this.sinks.set(ep, sink);
    void this.send();
    return () => {
      if (this.sinks.get(ep) === sink) this.sinks.delete(ep);
    };
  }

  /** From now on it is this person who gives answers, and theirs are sent; null where nobody signs in at all. */
  signedIn(who: string | null): void {
    this.who = who;
    void this.send();
  }

  /** What of it is sent in the name of who is signed in. */
  get own(): Unsent[] {
    return this.waiting.filter((one) => this.isOwn(one));
  }

  /** Who left something here that waits for them, and how many answers each did. */
  get others(): Left[] {
    return leftBy(this.waiting.filter((one) => !this.isOwn(one)));
  }

  /** Throw away what somebody else left here: it is never sent. */
  throwAway(who: string): void {
    const theirs = this.waiting.filter((one) => one.by === who && !this.isOwn(one));
    this.thrown = [...this.thrown, ...theirs];
    this.keep(this.waiting.filter((one) => !theirs.includes(one)));
  }

  /** Keep again what was thrown away of somebody. */
  bringBack(who: string): void {
    const theirs = this.thrown.filter((one) => one.by === who);
    this.thrown = this.thrown.filter((one) => one.by !== who);
    this.keep([...this.waiting, ...theirs]);
    void this.send();
  }

  private isOwn(one: Unsent): boolean {
    return !one.by || one.by === this.who;
  }

  add(command: Command): Unsent {
    const unsent = { ...command, key: `c-${crypto.randomUUID()}`, by: this.who };
    this.mine.add(unsent.key);
    this.keep([...this.waiting, unsent]);
    afterPaint(() => void this.send());
    return unsent;
  }

  /** Take back what was not sent yet. False where it is too late for that. */
  withdraw(key: string): boolean {
    const own = this.own;
    const at = own.findIndex((one) => one.key === key);
    if (at < 0 || (at === 0 && this.sending && this.down === null)) return false;
    this.keep(this.waiting.filter((one) => one.key !== key));
    return true;
  }

  /** Keep this window's answers, beside those that another window of the browser keeps. */
  private keep(commands: Unsent[]): void {
    this.waiting = commands;
    const elsewhere = kept().filter((one) => !this.mine.has(one.key));
    localStorage.setItem(STORED, JSON.stringify([...elsewhere, ...commands]));
  }

  private done(command: Unsent): void {
    this.keep(this.waiting.filter((one) => one.key !== command.key));
  }

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      let attempt = 0;
      let conflicts = 0;
      for (let command = this.own[0]; command; command = this.own[0]) {
        const sink = this.sinks.get(command.ep);
        try {
          const sent = await this.settled(command);
          if (sink?.isOvertaken(sent)) {
            const reason = await this.reread(sent, sink);
            if (reason) throw reason;
            conflicts += 1;
            await pause(breath(conflicts));
            continue;
          }
          const answer = await this.one(sent, sink);
          this.down = null;
          attempt = conflicts = 0;
          this.done(command);
          sink?.stored(sent, answer);
        } catch (failure) {
          if (!(failure instanceof ApiFailure)) throw failure;
          if (failure.passes || failure.status === 401) {
            this.down ??= failure.message;
            attempt += 1;
            await pause(failure.retryAfterS ? failure.retryAfterS * 1000 : Math.min(8000, 250 * 2 ** attempt));
            continue;
          }
          this.down = null;
          conflicts += 1;
          let reason: ApiFailure | null = failure;
          if (failure.status === 412 && conflicts <= TRIES_AFTER_CONFLICT) {
            await pause(breath(conflicts));
            reason = await this.afterConflict(command, sink);
          }
          if (reason === null) continue;
          conflicts = 0;
          this.done(command);
          sink?.refused(command, reason);
        }
      }
    } finally {
      this.sending = false;
    }
  }

  /** Why a command makes no sense any more; null where it does, or where nobody can say now: then it is tried again. */
  private async afterConflict(command: Unsent, sink: Sink | undefined): Promise<ApiFailure | null> {
    try {
      return await this.reread(command, sink);
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      return failure.passes || failure.status === 401 ? null : failure;
    }
  }

  /** Why a command makes no sense any more; where it does, it is about what is there now. Throws ApiFailure. */
  private async reread(command: Unsent, sink: Sink | undefined): Promise<ApiFailure | null> {
    const log = logOf(command.path);
    const known = sink?.version(log) ?? 0;
    const gone = sink ? await sink.reread(command) : null;
    if (gone || !command.question || log === "none" || command.since == null) return gone;
    const source = log === "links" ? "links" : "clusters";
    const { items, versions } = (await readHistory(command.ep, { limit: DECISIONS_LOOKED_AT })).data;
    const theirs = overtaking(items, source, command.since, command.about, this.mine);
    if (theirs) return new ApiFailure(409, "decided_meanwhile", `${theirs.who} decided meanwhile: ${worded(theirs)}.`);
    this.change({ ...command, since: Math.max(command.since, known, versions[source] ?? 0) });
    return null;
  }

  /** The command with the step that it is about, kept so that the same is sent again. */
  private async settled(command: Unsent): Promise<Unsent> {
    const { walks, ...rest } = command;
    if (!walks) return command;
    for (const limit of STEPS_LOOKED_AT) {
      const step = stepOf((await readHistory(command.ep, { limit })).data.items, walks.walk, walks.whose);
      if (step === null) continue;
      const sent = { ...rest, body: { step } };
      this.change(sent);
      return sent;
    }
    throw new ApiFailure(409, `nothing_to_${walks.walk}`, "It was changed meanwhile: the history says by whom.");
  }

  private change(command: Unsent): void {
    this.keep(this.waiting.map((one) => (one.key === command.key ? command : one)));
  }

  private one(command: Unsent, sink: Sink | undefined): Promise<Answer<unknown>> {
    const log = logOf(command.path);
    const seen = command.question ? command.since : null;
    const version = log === "none" ? null : sink ? sink.version(log) : seen;
    return call(command.method, command.path, command.body ?? undefined, undefined, { key: command.key, ifMatch: version ?? "*" });
  }
}

export const outbox = new Outbox();
