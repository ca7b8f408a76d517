/** Who else is there, and what they do, in words. */

import type { PersonPresent } from "../api/types";
import { called, type Somebody } from "./people";

const DOING: Record<string, string> = {
  review: "is reviewing", people: "is looking through the people", person: "is looking at", watch: "is watching", result: "is reading the result", history: "is reading the history",
};

/** `Kim is reviewing Bo`. */
export function doing(one: PersonPresent, people: readonly Somebody[]): string {
  const subject = people.find((who) => who.id === one.subject);
  const about = subject && (one.screen === "review" || one.screen === "person" || one.screen === "watch");
  if (one.screen === "person" && !subject) return `${one.name} is looking at somebody`;
  return `${one.name} ${DOING[one.screen] ?? "is here"}${about ? ` ${called(subject)}` : ""}`;
}

/** Everybody who is there, in words: `2 others are here: Kim is reviewing Bo; Lee is watching`. */
export function company(others: readonly PersonPresent[], people: readonly Somebody[]): string {
  const all = others.map((one) => doing(one, people)).join("; ");
  return others.length > 1 ? `${others.length} others are here: ${all}` : all;
}
