/** What was just done, with its way back. One line at the foot of the page, kept until the next or for a while. */

export interface Toast {
  id: number;
  text: string;
  more: string;
  tone: "done" | "refused" | "note";
  undo: (() => void) | null;
}

const STAYS_MS = 9000;
/** Of what more is to be said, until it is. */
const WAITS_MS = 30_000;

class Toasts {
  current = $state<Toast | null>(null);
  private next = 1;
  private timer: ReturnType<typeof setTimeout> | undefined;

  show(text: string, more = "", options: Partial<Pick<Toast, "tone" | "undo">> & { waits?: boolean } = {}): number {
    const { waits = false, ...rest } = options;
    const toast: Toast = { id: this.next, text, more, tone: "done", undo: null, ...rest };
    this.next += 1;
    this.current = toast;
    this.wait(waits ? WAITS_MS : STAYS_MS);
    return toast.id;
  }

  /** Say more about something shown, while it is. */
  extend(id: number, more: string, { waits = false } = {}): void {
    if (this.current?.id !== id) return;
    this.current = { ...this.current, more };
    this.wait(waits ? WAITS_MS : STAYS_MS);
  }

  close(): void {
    clearTimeout(this.timer);
    this.current = null;
  }

  private wait(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.close(), ms);
  }
}

export const toasts = new Toasts();
