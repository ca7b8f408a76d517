/** The video of an episode as this browser can play it: a proxy where the original cannot be, and its table of frames. */

import { getVideo } from "../api/operations";
import { makeProxy, readFrames, readProxy, type Proxy } from "../api/shapes";
import { ApiFailure } from "../api/transport";
import { Frames } from "../lib/frames";

const REREAD_MS = 1500;

export class Video {
  url = $state<string | null>(null);
  startsAtS = $state(0);
  proxy = $state.raw<Proxy | null>(null);
  frames = $state.raw<Frames | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  private asked = false;
  private renewals = 0;

  constructor(readonly ep: string) {}

  /** Find out where it can be played; once. */
  open(): void {
    if (this.asked) return;
    this.asked = true;
    void this.find();
    readFrames(this.ep).then((answer) => (this.frames = new Frames(answer.data))).catch(() => {});
  }

  /** The address ran out or cannot be played: once more, silently. False when that does not help. */
  renew(): boolean {
    this.renewals += 1;
    if (this.renewals > 2) return false;
    void this.find();
    return true;
  }

  private async find(): Promise<void> {
    try {
      let proxy = (await readProxy(this.ep)).data;
      if (proxy.state === "none") proxy = (await makeProxy(this.ep)).data;
      this.take(proxy);
    } catch (problem) {
      if (!(problem instanceof ApiFailure)) throw problem;
      if (problem.status === 404 || problem.status === 405) await this.original();
      else this.failure = problem;
    }
  }

  private take(proxy: Proxy): void {
    this.proxy = proxy;
    this.startsAtS = proxy.starts_at_s;
    this.url = proxy.url;
    if (proxy.state === "making") {
      setTimeout(() => void readProxy(this.ep).then((answer) => this.take(answer.data)).catch(() => {}), REREAD_MS);
    }
  }

  private async original(): Promise<void> {
    try {
      const video = (await getVideo(this.ep)).data;
      this.startsAtS = video.starts_at_s ?? 0;
      this.url = video.url;
    } catch (problem) {
      if (!(problem instanceof ApiFailure)) throw problem;
      this.failure = problem;
    }
  }
}
