/** Which step of an episode's history is taken back, or made again. */

import type { HistoryStep } from "../api/types";

export type Walk = "undo" | "redo";

/** What a command of this window did, by its idempotency key, or the last thing that somebody did. */
export type Whose = { key: string } | { who: string };

/** Id of the step; null where there is none that can be taken back (is in force), or made again (is not). `steps` are the latest first. */
export function stepOf(steps: readonly HistoryStep[], walk: Walk, whose: Whose): string | null {
  const isIt = (one: HistoryStep): boolean => ("key" in whose ? one.command_id === whose.key : one.who === whose.who);
  return steps.find((one) => one.action === "do" && one.active === (walk === "undo") && isIt(one))?.step ?? null;
}
