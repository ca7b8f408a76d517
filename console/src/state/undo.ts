/** The keys of an episode that are the same on each of its screens. */

import { bind, type Command } from "../lib/keys.svelte";
import type { Episode } from "./episode.svelte";
import { session } from "./session.svelte";

export function commandsOf(episode: Episode): Command[] {
  const operator = (): boolean => session.may("operator");
  return [bind("edit.undo", () => episode.undo(), operator), bind("edit.redo", () => episode.redo(), operator)];
}
