/** Videos on their way to the store. They go on when somebody looks at something else meanwhile. */

import { ApiFailure } from "../api/transport";
import { guess, upload, type Step } from "../lib/upload";
import { toasts } from "./toasts.svelte";

/** A file that somebody chose, and what became of it. */
export class Sending {
  show = $state("");
  season = $state(1);
  number = $state(1);
  title = $state("");
  step = $state.raw<Step | null>(null);
  problem = $state.raw<ApiFailure | null>(null);
  /** Episode that it was sent to. */
  ep = $state<string | null>(null);
  private aborted = new AbortController();
  /** The upload of the last try: what it has stored is not sent again. */
  private readonly last: { id: string | null } = { id: null };

  constructor(readonly file: File) {
    const first = guess(file.name);
    [this.show, this.season, this.number] = [first.show, first.season, first.episode];
  }

  get isUnderWay(): boolean {
    return this.step !== null && this.ep === null;
  }

  async send(): Promise<void> {
    const signal = (this.aborted = new AbortController()).signal;
    this.problem = null;
    this.step = { phase: "reading", fraction: 0 };
    const to = { show: this.show, season: this.season, episode: this.number, title: this.title };
    try {
      this.ep = await upload(this.file, to, (step) => (this.step = step), signal, this.last);
      toasts.show(`${this.file.name} is sent`, "the analysis begins");
    } catch (failure) {
      if (failure instanceof ApiFailure && !signal.aborted) {
        this.problem = failure;
        toasts.show(`Not sent: ${this.file.name}`, failure.message, { tone: "refused" });
      } else if (!signal.aborted) throw failure;
    } finally {
      this.step = null;
    }
  }

  stop(): void {
    this.aborted.abort();
  }
}

class Uploads {
  items = $state.raw<Sending[]>([]);

  constructor() {
    // The browser's own question: what was sent is kept, but nothing goes on in a page that is closed.
    addEventListener("beforeunload", (event) => {
      if (this.underWay.length) event.preventDefault();
    });
  }

  get underWay(): Sending[] {
    return this.items.filter((one) => one.isUnderWay);
  }

  add(files: Iterable<File>): void {
    this.items = [...this.items, ...Array.from(files, (file) => new Sending(file))];
  }

  close(sending: Sending): void {
    sending.stop();
    this.items = this.items.filter((one) => one !== sending);
  }
}

export const uploads = new Uploads();
