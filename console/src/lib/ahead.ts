/** Pictures of what is asked next: fetched and decoded while somebody looks at what is asked now. */

import { readPicture, readReferenceImage } from "../api/operations";
import type { Question } from "../api/types";

export const REFERENCES = 6;

/** Addresses of every picture that a question is shown with. */
export function picturesOf(ep: string, show: string | null, question: Question): string[] {
  const faces = [...question.evidence, ...question.against].flatMap((one) => (one.picture ? [readPicture(ep, one.picture)] : []));
  const references = question.against.length || show === null ? [] : question.references.slice(0, REFERENCES);
  return [...faces, ...references.map((one) => readReferenceImage(show ?? "", one.cast_id, one.picture))];
}

/** Holds pictures decoded for as long as they are wanted. */
export class Ahead {
  private held = new Map<string, HTMLImageElement>();

  want(addresses: readonly string[]): void {
    this.held = new Map(addresses.map((one) => [one, this.held.get(one) ?? fetched(one)]));
  }
}

function fetched(address: string): HTMLImageElement {
  const picture = new Image();
  picture.src = address;
  picture.decode().catch(() => {}); // where it is shown it is tried again, and then said to be missing
  return picture;
}
