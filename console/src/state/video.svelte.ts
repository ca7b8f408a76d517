/** The video of an episode as this browser can play it: a proxy where the original cannot be, and its table of frames. */

import { makePlayable, readFrames, readPlayback } from "../api/operations";
import type { PlaybackView } from "../api/types";
import { ApiFailure } from "../api/transport";
import { Frames } from "../lib/frames";

const REREAD_MS = 1500;
const RENEWALS = 2;

export class Video {
  url = $state<string | null>(null);
  startsAtS = $state(0);
  playback = $state.raw<PlaybackView | null>(null);
  frames = $state.raw<Frames | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  private asked = false;
  /** Since an address last lasted its time. */
  private renewals = 0;
  private foundAt = 0;

  constructor(readonly ep: string) {}

  /** Find out where it can be played; once. */
  open(): void {
    if (this.asked) return;
    this.asked = true;
    void this.find();
    readFrames(this.ep).then((answer) => (this.frames = new Frames(answer.data))).catch(() => {});
  }

  /** The address ran out or cannot be played: another one, silently. False when that does not help.

  **Only an address that lasted its time is renewed without end**: what breaks sooner breaks for what it is, though its
  beginning can be read each time. */
  renew(): boolean {
    const expiresInS = this.playback?.url_expires_in_s ?? null;
    if (expiresInS !== null && performance.now() - this.foundAt >= 1000 * expiresInS) this.renewals = 0;
    this.renewals += 1;
    if (this.renewals > RENEWALS) return false;
    void this.find();
    return true;
  }

  /** What it is waited for, in words; null where it is there. */
  get waits(): string | null {
    if (this.url) return null;
    const of = this.playback;
    if (of?.state === "queued") return "A version that plays here waits for its turn.";
    if (of?.state === "making") return `A version that plays here is being made: ${Math.round(100 * (of.fraction ?? 0))} %`;
    return "Looking for the video…";
  }

  private async find(): Promise<void> {
    try {
      let found = (await readPlayback(this.ep)).data;
      if (found.state === "not_made") found = (await makePlayable(this.ep)).data;
      this.take(found);
    } catch (problem) {
      if (!(problem instanceof ApiFailure)) throw problem;
      this.failure = problem;
    }
  }

  private take(playback: PlaybackView): void {
    this.playback = playback;
    this.foundAt = performance.now();
    this.startsAtS = playback.starts_at_s;
    this.url = playback.url;
    if (playback.state === "making" || playback.state === "queued") {
      setTimeout(() => void readPlayback(this.ep).then((answer) => this.take(answer.data)).catch(() => {}), REREAD_MS);
    }
  }
}
