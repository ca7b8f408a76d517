/** Who is signed in, and what they may do. */

import { readSession, signIn, signOut } from "../api/operations";
import type { SessionView } from "../api/types";
import { ApiFailure, setCsrf, whenSignedOut } from "../api/transport";

const RANK = { viewer: 0, operator: 1, admin: 2 } as const;

class SessionState {
  session = $state.raw<SessionView | null>(null);
  state = $state<"asking" | "out" | "in" | "down">("asking");
  problem = $state("");

  constructor() {
    whenSignedOut(() => {
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
    try {
      this.take((await signIn({ credential: key })).data);
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      this.problem = failure.message;
    }
  }

  async signOut(): Promise<void> {
    await signOut();
    this.session = null;
    this.state = "out";
  }

  may(role: keyof typeof RANK): boolean {
    return this.session !== null && RANK[this.session.role] >= RANK[role];
  }

  private take(session: SessionView): void {
    setCsrf(session.csrf_token ?? "");
    this.session = session;
    this.state = "in";
  }
}

export const session = new SessionState();
