/** Answers on their way. **An answer is kept here until the API has stored or refused it**: a reload, a restart or a broken line loses none.

They go one after another, each with the version that the one before left, and with its own idempotency key.
*/

import { readHistory } from "../api/operations";
import { ApiFailure, call, type Answer } from "../api/transport";
import { stepOf, type Walk, type Whose } from "../lib/history";

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
  /** Whose step it takes back or makes again: looked up when everything before it is stored. */
  walks?: { walk: Walk; whose: Whose };
}

export interface Unsent extends Command {
  key: string;
}

export type Log = "links" | "edits" | "none";

export interface Sink {
  version(log: Log): number | null;
  stored(command: Unsent, answer: Answer<unknown>): void;
  refused(command: Unsent, failure: ApiFailure): void;
  /** Read again what the command is about; whether it still makes sense. */
  reread(command: Unsent): Promise<boolean>;
}

const STORED = "screenalytics.unsent";
const TRIES_AFTER_CONFLICT = 5;
const STEPS_LOOKED_AT = 500;

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

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Outbox {
  waiting = $state.raw<Unsent[]>(kept());
  /** Since when the API does not take anything. */
  down = $state<string | null>(null);
  private readonly sinks = new Map<string, Sink>();
  private sending = false;

  /** Hear what becomes of an episode's commands. What comes back stops it. */
  connect(ep: string, sink: Sink): () => void {
    this.sinks.set(ep, sink);
    void this.send();
    return () => {
      if (this.sinks.get(ep) === sink) this.sinks.delete(ep);
    };
  }

  add(command: Command): Unsent {
    const unsent = { ...command, key: `c-${crypto.randomUUID()}` };
    this.keep([...this.waiting, unsent]);
    void this.send();
    return unsent;
  }

  /** Take back what was not sent yet. False where it is too late for that. */
  withdraw(key: string): boolean {
    const at = this.waiting.findIndex((one) => one.key === key);
    if (at < 0 || (at === 0 && this.sending && this.down === null)) return false;
    this.keep(this.waiting.filter((one) => one.key !== key));
    return true;
  }

  private keep(commands: Unsent[]): void {
    this.waiting = commands;
    localStorage.setItem(STORED, JSON.stringify(commands));
  }

  private done(command: Unsent): void {
    this.keep(this.waiting.filter((one) => one.key !== command.key));
  }

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    let attempt = 0;
    let conflicts = 0;
    for (let command = this.waiting[0]; command; command = this.waiting[0]) {
      const sink = this.sinks.get(command.ep);
      try {
        const sent = await this.settled(command);
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
        if (failure.status === 412 && conflicts <= TRIES_AFTER_CONFLICT && (await sink?.reread(command).catch(() => false))) continue;
        conflicts = 0;
        this.done(command);
        sink?.refused(command, failure);
      }
    }
    this.sending = false;
  }

  /** The command with the step that it is about, kept so that the same is sent again. */
  private async settled(command: Unsent): Promise<Unsent> {
    const { walks, ...rest } = command;
    if (!walks) return command;
    const step = stepOf((await readHistory(command.ep, { limit: STEPS_LOOKED_AT })).data.items, walks.walk, walks.whose);
    if (step === null) throw new ApiFailure(409, `nothing_to_${walks.walk}`, "It was changed meanwhile: the history says by whom.");
    const sent = { ...rest, body: { step } };
    this.keep(this.waiting.map((one) => (one.key === command.key ? sent : one)));
    return sent;
  }

  private one(command: Unsent, sink: Sink | undefined): Promise<Answer<unknown>> {
    const log = logOf(command.path);
    const version = log === "none" ? null : sink?.version(log);
    return call(command.method, command.path, command.body ?? undefined, undefined, { key: command.key, ifMatch: version ?? "*" });
  }
}

export const outbox = new Outbox();
