/** What happens to an episode while it is open, as it happens: who decided what, what came of it, and who else is there. */

import { bePresent, leaveEpisode, streamChanges } from "../api/operations";
import type { PersonPresent } from "../api/types";

/** Versions of the logs of edits, links and sign-offs. */
export interface Versions {
  clusters: number;
  links: number;
  sign_off: number;
}

export interface Listener {
  /** A log has a new version. */
  decided(versions: Partial<Versions>): void;
  /** The screen time is of another run or revision, which carries these decisions. */
  revised(runId: string, revision: number, includes: Versions): void;
  deleted(): void;
}

interface Revision { run_id: string; revision: number; includes: Versions }
interface State { versions: Versions; revision: Revision | null }
interface Step { source: keyof Versions; version: number }

const BEAT_MS = 10_000;
const SETTLES_MS = 250;
const AGAIN_MS = 2_000;

export class Live {
  /** Whether changes are told; else they have to be asked for. */
  connected = $state(false);
  /** Everybody else who has the episode open. */
  others = $state.raw<PersonPresent[]>([]);
  private people: PersonPresent[] = [];
  private you: string | null = null;
  private readonly page = crypto.randomUUID().slice(0, 8);
  private where: { screen: string; subject: string | null } | null = null;
  private stream: EventSource | null = null;
  private reopen: ReturnType<typeof setTimeout> | undefined;
  private settle: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;
  private readonly leave = (): void => void leaveEpisode(this.ep, { page: this.page }, { keepalive: true }).catch(() => {});

  constructor(private readonly ep: string, private readonly listener: Listener) {
    this.open();
    addEventListener("pagehide", this.leave);
  }

  close(): void {
    this.stream?.close();
    clearTimeout(this.reopen);
    clearTimeout(this.settle);
    clearInterval(this.beat);
    removeEventListener("pagehide", this.leave);
    if (this.where) this.leave();
  }

  /** Tell the others what is looked at: at once when it stays that for a moment, and again while it does. */
  tell(screen: string, subject: string | null): void {
    if (this.where?.screen === screen && this.where.subject === subject) return;
    this.where = { screen, subject };
    clearTimeout(this.settle);
    clearInterval(this.beat);
    this.settle = setTimeout(() => {
      this.say();
      this.beat = setInterval(() => this.say(), BEAT_MS);
    }, SETTLES_MS);
  }

  private say(): void {
    if (!this.where) return;
    bePresent(this.ep, { page: this.page, ...this.where }).then((answer) => {
      this.you = answer.data.you.id;
      this.see(this.people);
    }).catch(() => {});
  }

  private see(people: PersonPresent[]): void {
    this.people = people;
    this.others = people.filter((one) => one.id !== this.you);
  }

  private open(): void {
    const stream = new EventSource(streamChanges(this.ep));
    this.stream = stream;
    const on = <T>(name: string, hear: (data: T) => void): void =>
      stream.addEventListener(name, (event) => hear(JSON.parse((event as MessageEvent<string>).data) as T));
    stream.addEventListener("open", () => (this.connected = true));
    stream.addEventListener("error", () => {
      this.connected = false;
      if (stream.readyState === EventSource.CLOSED) this.reopen = setTimeout(() => this.open(), AGAIN_MS);
    });
    on<State>("state", ({ versions, revision }) => {
      this.listener.decided(versions);
      if (revision) this.listener.revised(revision.run_id, revision.revision, revision.includes);
    });
    on<Step>("step", ({ source, version }) => this.listener.decided({ [source]: version }));
    on<Revision>("revision", ({ run_id, revision, includes }) => this.listener.revised(run_id, revision, includes));
    on<{ people: PersonPresent[] }>("presence", ({ people }) => this.see(people));
    stream.addEventListener("end", () => {
      stream.close();
      this.listener.deleted();
    });
  }
}
