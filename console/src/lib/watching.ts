/** What is near a moment: cuts, appearances, and the window of the timeline that is looked at. */

import type { Timeline } from "../api/types";
import { tracksOf } from "./people";

/** Longest pause within one appearance, in seconds. */
const PAUSE_S = 0.6;
const JUST_S = 0.02;

export const nextCut = (timeline: Timeline, now: number): number | null => timeline.cuts_ms.map((ms) => ms / 1000).find((cut) => cut > now + JUST_S) ?? null;
export const previousCut = (timeline: Timeline, now: number): number | null => timeline.cuts_ms.map((ms) => ms / 1000).findLast((cut) => cut < now - JUST_S) ?? null;

/** Beginnings of the appearances of a person. */
export function appearances(timeline: Timeline, row: number): number[] {
  const starts: number[] = [];
  let end = -Infinity;
  for (const track of tracksOf(timeline, row)) {
    if (track.startS > end + PAUSE_S) starts.push(track.startS);
    end = Math.max(end, track.endS);
  }
  return starts;
}

/** Tracks of a person that lie in a range, with the part of each that does: what is given away. */
export function within(timeline: Timeline, row: number, fromS: number, toS: number): { track: string; startS: number; endS: number; whole: boolean }[] {
  return tracksOf(timeline, row)
    .filter((one) => one.startS < toS && one.endS > fromS)
    .map((one) => ({
      track: one.id,
      startS: Math.max(one.startS, fromS),
      endS: Math.min(one.endS, toS),
      whole: one.startS >= fromS && one.endS <= toS,
    }));
}

/** A window of the timeline, `times` as near, around a moment. */
export function zoomed(fromS: number, toS: number, durationS: number, times: number, around: number): [number, number] {
  const span = Math.min(durationS, Math.max(2, (toS - fromS) / times));
  const from = Math.min(durationS - span, Math.max(0, around - span / 2));
  return [from, from + span];
}
