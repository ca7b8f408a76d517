/** What somebody left in this browser is thrown away, and brought back, with a word about it. */

import { counted } from "../lib/time";
import { outbox, type Left } from "./outbox.svelte";
import { toasts } from "./toasts.svelte";

const answersOf = ({ who, count }: Left): string => `${counted(count, "answer")} of ${who}`;

export function throwAway(left: Left): void {
  outbox.throwAway(left.who);
  toasts.show(`Thrown away: ${answersOf(left)}`, "never sent; in the settings until this page is closed", { undo: () => bringBack(left) });
}

export function bringBack(left: Left): void {
  outbox.bringBack(left.who);
  toasts.show(`Brought back: ${answersOf(left)}`, `sent when ${left.who} is signed in here`);
}
