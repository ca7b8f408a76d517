/** Addresses of cast members' pictures: short-lived, so they are asked for anew before they end. */

import { listPictures } from "../api/operations";

const KEPT_MS = 4 * 60_000;

interface Known {
  at: number;
  urls: Promise<Map<string, string>>;
}

const known = new Map<string, Known>();

/** Picture id -> address, of one cast member; empty where they cannot be read. */
export function referencesOf(show: string, castId: string): Promise<Map<string, string>> {
  const name = `${show}/${castId}`;
  const found = known.get(name);
  if (found && Date.now() - found.at < KEPT_MS) return found.urls;
  const urls = listPictures(show, castId).then(
    (answer) => new Map(answer.data.flatMap((one) => (one.url ? [[one.picture, one.url] as const] : []))),
    () => new Map<string, string>(),
  );
  known.set(name, { at: Date.now(), urls });
  return urls;
}
