/** Which step of an episode's history is taken back, or made again. */

import type { HistoryStep } from "../api/types";
import { called, type Somebody } from "./people";

export type Walk = "undo" | "redo";

/** What a command of this window did, by its idempotency key, or the last thing that somebody did. */
export type Whose = { key: string } | { who: string };

/** Id of the step; null where there is none that can be taken back (is in force), or made again (is not). `steps` are the latest first. */
export function stepOf(steps: readonly HistoryStep[], walk: Walk, whose: Whose): string | null {
  const isIt = (one: HistoryStep): boolean => ("key" in whose ? one.command_id === whose.key : one.who === whose.who);
  return steps.find((one) => one.action === "do" && one.active === (walk === "undo") && isIt(one))?.step ?? null;
}

const VERB = { do: "", undo: "Taken back: ", redo: "Made again: " } as const;

/** What a step did, with the people of the episode as they are called. */
export function worded(step: HistoryStep, people: readonly Somebody[]): string {
  const names = new Map(people.map((one) => [one.id, one.name]));
  const said = step.sentence.replace(/identity-\d{5}/g, (id) => {
    const name = names.get(id);
    const number = called({ id, name: null });
    return name ? `${name} (${number})` : number;
  });
  return VERB[step.action] + (step.action === "do" ? said.charAt(0).toUpperCase() + said.slice(1) : said);
}
