/** One history out of the two logs that an episode has, the latest first: what an API without one history can say. */

import type { Entry, HistoryPage } from "../api/shapes";
import type { EditEntry, LinkChange, LinkCommand } from "../api/types";
import { called } from "./people";

const who = (change: LinkChange): string => called({ id: change.identity_id, name: null });

function said(change: LinkChange): string {
  switch (change.action as string) {
    case "link": return `${who(change)} is ${change.cast_id}`;
    case "unlink": return `${who(change)} is not ${change.before?.cast_id ?? "named"} any more`;
    case "dismiss": return `${who(change)} is not ${change.cast_id ?? "anybody of the cast"}`;
    case "restore": return `${who(change)} may be ${change.cast_id ?? "anybody of the cast"} again`;
    case "extra": return `${who(change)} is an extra`;
    default: return `${who(change)}: ${change.action}`;
  }
}

/** Versions of link commands that are not in force: taken back, and not made again since. */
export function notInForce(commands: readonly LinkCommand[]): Set<number> {
  const off = new Set<number>();
  for (const one of [...commands].sort((a, b) => a.version - b.version)) {
    if (one.target == null) continue;
    if (one.action === "undo") off.add(one.target);
    else if (one.action === "redo") off.delete(one.target);
  }
  return off;
}

function ofLinks(commands: readonly LinkCommand[]): Entry[] {
  const off = notInForce(commands);
  return commands.map((one) => {
    const step = one.action === "undo" || one.action === "redo" ? one.action : "do";
    const rest = one.changes.length > 3 ? ` and ${one.changes.length - 3} more` : "";
    return {
      entry: `links:${one.version}`, log: "links", action: step, kind: one.action, who: one.who, at: one.at, why: one.why ?? null,
      in_force: step === "do" && !off.has(one.version), undoable: step === "do" && !off.has(one.version),
      sentence: one.changes.slice(0, 3).map(said).join(", ") + rest, identity_ids: one.changes.map((change) => change.identity_id),
      cast_ids: [], seconds: null, target: one.target == null ? null : `links:${one.target}`,
    };
  });
}

function ofEdits(edits: readonly EditEntry[]): Entry[] {
  return edits.map((one) => ({
    entry: `edits:${one.edit_id}`, log: "edits", action: one.action === "apply" ? "do" : one.action, kind: one.kind, who: one.who, at: one.at,
    why: one.why, in_force: one.active, undoable: one.action === "apply" && one.active, sentence: one.sentence ?? one.kind,
    identity_ids: one.identity_ids, cast_ids: [], seconds: null, target: null,
  }));
}

/** Both logs in order of time. */
export function merged(edits: readonly EditEntry[], links: readonly LinkCommand[]): HistoryPage {
  const items = [...ofEdits(edits), ...ofLinks(links)].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const undo = items.find((one) => one.undoable)?.entry ?? null;
  const redo = items.find((one) => one.action === "do" && !one.in_force)?.entry ?? null;
  return { items, next_cursor: null, total: items.length, undo, redo };
}

/** Request that takes an entry back or makes it again. */
export function stepping(ep: string, action: "undo" | "redo", entry: Entry, hasOneHistory: boolean): { path: string; body: unknown } {
  if (hasOneHistory) return { path: `/history/${encodeURIComponent(ep)}/${action}`, body: { entry: entry.entry } };
  const id = entry.entry.slice(entry.entry.indexOf(":") + 1);
  return { path: `/${entry.log}/${encodeURIComponent(ep)}/${action}`, body: entry.log === "edits" ? { edit_id: id } : { version: Number(id) } };
}
