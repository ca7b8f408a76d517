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
