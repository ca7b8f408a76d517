/** The frame table of a video. **A seek goes to the middle of a frame**: neither n / fps nor a frame's own time is exact. */

import type { FramesView } from "../api/types";

/** More than a player rounds, and far less than a frame lasts. */
const ROUNDED_S = 0.0005;

export class Frames {
  /** Start of each frame in seconds of the episode, and the end of the last. */
  private readonly edges: Float64Array;

  constructor(table: FramesView) {
    const [numerator, denominator] = table.tick_s;
    this.edges = new Float64Array(table.frames + 1);
    let ticks = table.first;
    let at = 0;
    this.edges[at] = (ticks * numerator) / denominator;
    table.delta.forEach((delta, run) => {
      for (let left = table.count[run] ?? 0; left > 0 && at < table.frames; left -= 1) {
        ticks += delta;
        at += 1;
        this.edges[at] = (ticks * numerator) / denominator;
      }
    });
  }

  get count(): number {
    return this.edges.length - 1;
  }

  /** Number of the frame that is shown at a second of the episode. */
  at(second: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.edges[middle] ?? 0) <= second) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** Start of the frame that a player says it shows: it rounds, so its time may be a little before the frame's. */
  shown(second: number): number {
    return this.start(this.at(second + ROUNDED_S));
  }

  /** Where a player is sent to show frame `n`, in seconds of the episode. */
  middle(n: number): number {
    const kept = Math.min(Math.max(0, n), this.count - 1);
    return ((this.edges[kept] ?? 0) + (this.edges[kept + 1] ?? 0)) / 2;
  }

  start(n: number): number {
    return this.edges[Math.min(Math.max(0, n), this.count)] ?? 0;
  }
}
