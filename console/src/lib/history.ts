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

/** What somebody else decided about the same people after a version of a log; null where that is nothing. `mine` are keys. */
export function overtaking(
  steps: readonly HistoryStep[], source: HistoryStep["source"], since: number, about: readonly string[], mine: ReadonlySet<string>,
): HistoryStep | null {
  const theirs = (one: HistoryStep): boolean => one.action === "do" && one.active && !mine.has(one.command_id ?? "");
  return steps.find((one) => one.source === source && one.version > since && theirs(one) && one.identity_ids.some((id) => about.includes(id))) ?? null;
}

const VERB = { do: "", undo: "Taken back: ", redo: "Made again: " } as const;

/** What a step did, as a sentence. */
export function worded(step: HistoryStep): string {
  const said = step.sentence;
  return VERB[step.action] + (step.action === "do" ? said.charAt(0).toUpperCase() + said.slice(1) : said);
}
