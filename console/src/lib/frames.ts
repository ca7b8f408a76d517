/** The frame table of a video. **A seek goes to the middle of a frame**: neither n / fps nor a frame's own time is exact. */

import type { FrameTable } from "../api/shapes";

export class Frames {
  /** Start of each frame in seconds of the episode, and the end of the last. */
  private readonly edges: Float64Array;
  /** What a player's clock shows at the first picture. */
  readonly startsAtS: number;

  constructor(table: FrameTable) {
    const [numerator, denominator] = table.time_base;
    this.startsAtS = table.starts_at_s;
    this.edges = new Float64Array(table.count + 1);
    let ticks = 0;
    let at = 1;
    let last = 1;
    for (const [delta, repeat] of table.deltas) {
      for (let step = 0; step < repeat && at < table.count; step += 1) {
        ticks += delta;
        last = delta;
        this.edges[at] = (ticks * numerator) / denominator;
        at += 1;
      }
    }
    this.edges[table.count] = Math.max(table.duration_s, ((ticks + last) * numerator) / denominator);
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

  /** Where a player is sent to show frame `n`, in seconds of the episode. */
  middle(n: number): number {
    const kept = Math.min(Math.max(0, n), this.count - 1);
    return ((this.edges[kept] ?? 0) + (this.edges[kept + 1] ?? 0)) / 2;
  }

  start(n: number): number {
    return this.edges[Math.min(Math.max(0, n), this.count)] ?? 0;
  }
}
