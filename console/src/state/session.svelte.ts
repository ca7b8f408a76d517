/** Who is signed in, and what they may do. */

import { closeSession, openSession, readSession, type Session } from "../api/shapes";
import { ApiFailure, setCsrf, whenSignedOut } from "../api/transport";

const RANK = { viewer: 0, operator: 1, admin: 2 } as const;

/** An API that knows no sessions asks each request who it is from: with authentication off everybody is admin. */
const WITHOUT_SESSIONS: Session = { id: "local", name: "local", role: "admin", shows: null, csrf: "", expires_at: null, auth: "off" };

class SessionState {
  session = $state.raw<Session | null>(null);
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
      if (failure.status === 404) this.take(WITHOUT_SESSIONS);
      else this.state = failure.status === 401 ? "out" : "down";
      this.problem = failure.message;
    }
  }

  async signIn(key: string): Promise<void> {
    this.problem = "";
    try {
      this.take((await openSession(key)).data);
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      this.problem = failure.message;
    }
  }

  async signOut(): Promise<void> {
    await closeSession();
    this.session = null;
    this.state = "out";
  }

  may(role: keyof typeof RANK): boolean {
    return this.session !== null && RANK[this.session.role] >= RANK[role];
  }

  private take(session: Session): void {
    setCsrf(session.csrf);
    this.session = session;
    this.state = "in";
  }
}

export const session = new SessionState();
