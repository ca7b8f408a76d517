/** Which question is next. **What arrives anew never moves the question under one's hand.** */

import type { Question, ReviewQueue } from "../api/types";

export interface Held {
  /** Question in front of somebody. */
  current: string | null;
  /** Answered here; the server may not know yet. */
  answered: ReadonlySet<string>;
  /** Put off here, in this order. */
  later: readonly string[];
  /** People about whom an answer is under way: the server asks about them as if it had not been given. */
  deciding?: ReadonlySet<string>;
}

const BY_NAME = new Set<Question["kind"]>(["is_this", "who", "leftover", "extras"]);

/** Everybody whom an answer to a question decides about. */
export const about = (question: Question): string[] =>
  [...new Set([...question.identity_ids, question.identity_id, question.other_id])].filter((id) => id !== null);

/** Whether who somebody is is asked though all whom it is about were just answered. */
function isOvertaken(question: Question, deciding: ReadonlySet<string>): boolean {
  const people = question.identity_ids.length ? question.identity_ids : [question.identity_id];
  return BY_NAME.has(question.kind) && people.every((id) => deciding.has(id));
}

/** Identities that an answer makes vanish: questions about them are void until the server asks anew. */
export function vanishing(question: Question, answer: string): string[] {
  if (question.kind === "same" && answer === "yes" && question.other_id) return [question.other_id];
  return [];
}

/** Questions in the order to ask them: open ones as the server orders them, then those put off. */
export function ordered(review: ReviewQueue | null, held: Held, gone: ReadonlySet<string> = new Set()): Question[] {
  if (!review) return [];
  const open = review.questions.filter(
    (one) =>
      !held.answered.has(one.id) &&
      !isOvertaken(one, held.deciding ?? new Set()) &&
      !(one.identity_id && gone.has(one.identity_id)) &&
      !(one.other_id && gone.has(one.other_id)),
  );
  const place = new Map(held.later.map((id, at) => [id, at]));
  const late = (one: Question): number => (place.has(one.id) ? 1 + (place.get(one.id) ?? 0) : one.later ? 0.5 : 0);
  return [...open].sort((a, b) => late(a) - late(b));
}

/** The review with a question that an undo brings back, though the API does not ask it again yet. */
export function recalling(review: ReviewQueue | null, question: Question | null): ReviewQueue | null {
  if (!review || !question || review.questions.some((one) => one.id === question.id)) return review;
  return { ...review, questions: [question, ...review.questions] };
}

/** The question to show: the one in hand while it is open, else the first. */
export function chosen(questions: readonly Question[], current: string | null): Question | null {
  return questions.find((one) => one.id === current) ?? questions[0] ?? null;
}

export interface Foresight {
  questions: number;
  /** At the pace of one key an answer, and three letters and Enter for a new name (keystroke-level model). */
  seconds: number;
  /** Part of the undecided seconds that these questions are about. */
  settles: number;
}

const ONE_KEY_S = 1.6;
const A_NAME_S = 4.1;

/** What the questions that still pay would cost and bring. */
export function foresee(review: ReviewQueue | null, questions: readonly Question[]): Foresight {
  const paying = questions.filter((one) => one.worth_s >= 0.5);
  const stake = paying.reduce((sum, one) => sum + one.worth_s, 0);
  const all = questions.reduce((sum, one) => sum + one.worth_s, 0);
  return {
    questions: paying.length,
    seconds: paying.reduce((sum, one) => sum + (one.kind === "who" ? A_NAME_S : ONE_KEY_S), 0),
    settles: review && all > 0 ? stake / all : 1,
  };
}

/** What an answer settled besides: seconds that are decided now, and questions that are not asked any more. */
export function ripple(before: ReviewQueue, after: ReviewQueue, answered: string): { seconds: number; besides: number } {
  const open = new Set(after.questions.map((one) => one.id));
  const gone = before.questions.filter((one) => one.id !== answered && !open.has(one.id)).length;
  return { seconds: before.undecided_s - after.undecided_s, besides: gone };
}
