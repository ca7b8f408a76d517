/** Where faces are in the picture. Between two samples of one track a box moves in a straight line. */

import type { Boxes } from "../api/types";

export interface Box {
  track: string;
  /** Left, top, width and height in fractions of the picture. */
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Longest time between two samples of a track that are one stretch. */
const GAP_MS = 700;

const UNIT = 10_000;

interface Sample {
  t: number;
  at: number;
}

/** Samples of each track in order of time, ready to be asked for any moment. */
export class BoxIndex {
  private readonly of = new Map<number, Sample[]>();

  constructor(readonly boxes: Boxes) {
    boxes.t_ms.forEach((t, at) => {
      const track = boxes.track[at] ?? -1;
      const list = this.of.get(track);
      if (list) list.push({ t, at });
      else this.of.set(track, [{ t, at }]);
    });
  }

  covers(second: number): boolean {
    return second >= this.boxes.from_s && second <= this.boxes.to_s;
  }

  /** Boxes at a second of the episode. */
  at(second: number): Box[] {
    const t = second * 1000;
    const found: Box[] = [];
    for (const [track, samples] of this.of) {
      if (track < 0) continue;
      const next = samples.findIndex((one) => one.t >= t);
      const after = samples[next === -1 ? samples.length - 1 : next];
      const before = samples[next === -1 ? samples.length - 1 : Math.max(0, next - 1)];
      if (!before || !after) continue;
      if (t < before.t - GAP_MS / 4 || t > after.t + GAP_MS / 4 || after.t - before.t > GAP_MS) continue;
      const part = after.t === before.t ? 0 : Math.min(1, Math.max(0, (t - before.t) / (after.t - before.t)));
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map((side) => {
        const from = this.boxes.box[4 * before.at + side] ?? 0;
        return (from + part * ((this.boxes.box[4 * after.at + side] ?? 0) - from)) / UNIT;
      }) as [number, number, number, number];
      found.push({ track: this.boxes.track_ids[track] ?? "", x: x1, y: y1, w: x2 - x1, h: y2 - y1 });
    }
    return found;
  }
}
