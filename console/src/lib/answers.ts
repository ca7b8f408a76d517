/** What can be answered to a question, and what each answer sends. */

import type { AnswerRequest, Question } from "../api/types";
import { segment } from "../api/transport";

/** An answer as it is offered: a key, words, what it brings, and what is sent for it. */
export interface Offer {
  /** Command of the registry that gives it. */
  command: string;
  /** Another command that gives it. */
  also?: string;
  label: string;
  effect_s: number | null;
  send: { method: string; path: string; body: unknown };
  /** What was done, as the toast and the history of this window say it. */
  done: string;
  tone: "main" | "plain";
}

const sending = (choice: AnswerRequest, more: Record<string, unknown> = {}): Offer["send"] => ({
  method: choice.method,
  path: choice.path,
  body: choice.body || Object.keys(more).length ? { ...choice.body, ...more } : null,
});

/** Headline of a question. */
export function asked(question: Question): string {
  const name = question.cast_name ?? "this person";
  switch (question.kind) {
    case "is_this": return `Is this ${name}?`;
    case "who": return "Who is this?";
    case "same": return "Same person?";
    case "two": return "Two people in here?";
    case "belongs": return question.cast_name ? `Does this belong to ${name}?` : "Does this belong?";
    case "two_places": return `${name} is in two places`;
    case "leftover": return "Whose is this?";
    case "extras": return `Are these ${question.identity_ids.length} people all extras?`;
  }
}

/** Say that the person of a question is a member of the cast. */
export function naming(ep: string, question: Question, castId: string, name: string): Offer {
  const choice = question.answers.find((one) => one.answer === "name");
  const yes = question.answers.find((one) => one.answer === "yes" && question.kind === "is_this" && question.cast_id === castId);
  const send = yes
    ? sending(yes)
    : choice
      ? sending(choice, { cast_id: castId })
      : { method: "PUT", path: `/links/${segment(ep)}/${segment(question.identity_id ?? "")}`, body: { cast_id: castId } };
  return { command: "review.yes", label: name, effect_s: (yes ?? choice)?.effect_s ?? question.at_stake_s, send, done: `This is ${name}`, tone: "plain" };
}

/** Somebody new: a member of the cast with the pictures of this person. */
export function namingNew(ep: string, question: Question, name: string): Offer {
  const path = `/links/${segment(ep)}/${segment(question.identity_id)}/new-member`;
  const body = { name };
  return { command: "review.who", label: name, effect_s: question.at_stake_s, send: { method: "POST", path, body }, done: `${name} is in the cast, and this is ${name}`, tone: "plain" };
}

const YES: Partial<Record<Question["kind"], [string, string]>> = {
  same: ["Yes, the same", "One person now"],
  two: ["Yes, two people", "Two people now"],
  belongs: ["Yes, it belongs", "Right as it is"],
  extras: ["Yes, all extras", "Extras: not asked about again"],
};
const NO: Partial<Record<Question["kind"], [string, string]>> = {
  is_this: ["No", "Not suggested again"],
  same: ["No, two people", "Never one person"],
  two: ["No, one person", "One person, not asked again"],
  belongs: ["No, somebody else", "Taken away from there"],
  extras: ["No, one by one", "Each is asked about alone"],
};

/** Every answer that a question has, in the order in which they are offered. */
export function offers(ep: string, question: Question): Offer[] {
  const of = (answer: string): AnswerRequest | undefined => question.answers.find((one) => one.answer === answer);
  const found: Offer[] = [];
  const add = (command: string, choice: AnswerRequest | undefined, label: string, done: string, tone: Offer["tone"] = "plain"): void => {
    if (choice) found.push({ command, label, effect_s: choice.effect_s, send: sending(choice), done, tone });
  };
  const name = question.cast_name ?? "them";
  if (question.kind === "is_this") add("review.yes", of("yes"), `Yes, ${name}`, `This is ${name}`, "main");
  else if (YES[question.kind]) add("review.yes", of("yes"), ...(YES[question.kind] as [string, string]), "main");
  if (question.kind === "two_places") {
    add("review.pick1", of("first"), "The first is", `The first one is ${name}`);
    add("review.pick2", of("second"), "The second is", `The second one is ${name}`);
    add("review.no", of("both"), "Both are right", "Both are right");
  }
  if (question.kind === "leftover") add("review.yes", of("yes"), question.cast_name ? `Give it to ${name}` : "Give it to the nearest", "Given to them", "main");
  if (question.kind === "extras" && found[0]) found[0].also = "review.extra";
  if (NO[question.kind]) add("review.no", of("no"), ...(NO[question.kind] as [string, string]));
  if (question.identity_id && question.kind !== "two_places" && question.kind !== "extras") {
    question.choices.slice(0, 5).forEach((match, at) => {
      if (question.kind === "is_this" && match.cast_id === question.cast_id) return;
      found.push({ ...naming(ep, question, match.cast_id, match.name ?? match.cast_id), command: `review.pick${at + 1}` });
    });
  }
  add("review.extra", of("extra"), "An extra", "An extra: not asked about again");
  add("review.nobody", of("nobody"), "Nobody", "Nobody: a poster, a doll");
  return found;
}

/** The offer that a command of the registry gives, if the question has it. */
export const offered = (all: readonly Offer[], command: string): Offer | undefined => all.find((one) => one.command === command || one.also === command);

/** What stands where there is no picture to compare with: a heading and a sentence. */
export function instead(question: Question): [string, string] {
  const near = question.choices.slice(0, 3).map((one) => one.name);
  switch (question.kind) {
    case "extras": return ["What your answer does", "All extras: none of them is asked about again. One by one: each is asked about alone."];
    case "same": case "two": case "belongs": case "two_places": return ["The other side", "No other pictures were kept."];
    case "is_this": return ["In the cast", `There is no picture of ${question.cast_name ?? "them"} to compare with.`];
    case "leftover": if (question.cast_name) return ["In the cast", `There is no picture of ${question.cast_name} to compare with.`];
  }
  if (near.length) return ["In the cast", `It may be ${near.join(" or ")}, of whom there are no pictures.`];
  return ["In the cast", "Nobody in the cast is near this face. Type a name, or say that it is an extra."];
}
