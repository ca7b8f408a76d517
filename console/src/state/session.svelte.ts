/** Who is signed in, and what they may do. */

import { readSession, signIn, signOut } from "../api/operations";
import type { SessionView } from "../api/types";
import { ApiFailure, setCsrf, whenSignedOut } from "../api/transport";
import { outbox } from "./outbox.svelte";

const RANK = { viewer: 0, operator: 1, admin: 2 } as const;

/** What a header may hold: anything else is no key, and cannot be asked about. */
const SENDABLE = /^[\x21-\x7e]+$/;
const NOT_VALID = "This key is not valid, or not any more: look whether it was copied whole, or ask for another one.";

class SessionState {
  session = $state.raw<SessionView | null>(null);
  state = $state<"asking" | "out" | "in" | "down">("asking");
  problem = $state("");
  /** Was signed in on this page, and is not any more without having asked for it. */
  ended = $state(false);

  constructor() {
    whenSignedOut(() => {
      this.ended ||= this.session !== null;
      this.session = null;
      this.state = "out";
    });
  }

  async ask(): Promise<void> {
    try {
      this.take((await readSession()).data);
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      this.state = failure.status === 401 ? "out" : "down";
      this.problem = this.state === "down" ? failure.message : "";
    }
  }

  async signIn(key: string): Promise<void> {
    this.problem = "";
    if (!SENDABLE.test(key)) {
      this.problem = "A key has no spaces, and only plain letters, digits, - and _: copy it whole, and nothing else.";
      return;
    }
    try {
      this.take((await signIn({ credential: key })).data);
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      this.problem = failure.status === 401 ? NOT_VALID : failure.message;
    }
  }

  /** End the session. While the API does not answer it goes on, and `problem` says so. */
  async signOut(): Promise<void> {
    this.problem = "";
    try {
      await signOut();
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      if (failure.status !== 401) {
        this.problem = `You are still signed in: ${failure.message}`;
        return;
      }
    }
    this.session = null;
    this.state = "out";
    this.ended = false;
  }

  may(role: keyof typeof RANK): boolean {
    return this.session !== null && RANK[this.session.role] >= RANK[role];
  }

  private take(session: SessionView): void {
    setCsrf(session.csrf_token ?? "");
    this.session = session;
    this.state = "in";
    this.ended = false;
    outbox.signedIn(session.by === "nothing" ? null : session.name);
  }
}

export const session = new SessionState();
