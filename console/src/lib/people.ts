/** The people of an episode out of its columnar timeline. */

import type { Timeline } from "../api/types";

export interface Somebody {
  /** Row in the timeline's table of identities. */
  row: number;
  id: string;
  name: string | null;
  castId: string | null;
  seconds: number;
  firstS: number;
  /** 0 sure, 1 no idea. */
  doubt: number;
  by: "machine" | "person" | null;
  locked: boolean;
  extra: boolean;
  picture: string | null;
  faces: number;
  reason: string | null;
}

/** How somebody is called: a name, else their number, the same everywhere. */
export const called = (who: Pick<Somebody, "name" | "id">): string => who.name ?? `Person ${Number(who.id.replace(/\D+/g, "")) || who.id}`;

export function peopleOf(timeline: Timeline): Somebody[] {
  const of = timeline.identities;
  return of.identity_id.map((id, row) => {
    const by = of.linked_by[row] ?? null;
    return {
      row,
      id,
      name: of.name[row] ?? null,
      castId: of.cast_id[row] ?? null,
      seconds: of.visible_s[row] ?? 0,
      firstS: (of.first_ms[row] ?? 0) / 1000,
      doubt: by === "operator" || by === "suggestion" ? 0 : of.extra[row] ? 0 : 1 - (of.probability[row] ?? 0),
      by: by === null ? null : by === "auto" ? "machine" : "person",
      locked: of.locked[row] ?? false,
      extra: of.extra[row] ?? false,
      picture: of.picture[row] ?? null,
      faces: of.faces[row] ?? 0,
      reason: of.reason[row] ?? null,
    };
  });
}

export type Sorting = "seconds" | "doubt" | "first" | "name";
export type Filter = "all" | "named" | "unnamed" | "extras";

export const SORTINGS: [Sorting, string][] = [["seconds", "Seconds"], ["doubt", "Doubt"], ["first", "First seen"], ["name", "Name"]];
export const FILTERS: [Filter, string][] = [["all", "Everybody"], ["named", "Named"], ["unnamed", "Unnamed"], ["extras", "Extras"]];

export function selected(people: Somebody[], filter: Filter, search: string): Somebody[] {
  const wanted = search.trim().toLocaleLowerCase();
  return people.filter(
    (one) =>
      (filter === "all" || (filter === "extras" ? one.extra : filter === "named" ? one.name !== null : one.name === null && !one.extra)) &&
      (!wanted || called(one).toLocaleLowerCase().includes(wanted)),
  );
}

export function sorted(people: Somebody[], by: Sorting): Somebody[] {
  const order: Record<Sorting, (a: Somebody, b: Somebody) => number> = {
    seconds: (a, b) => b.seconds - a.seconds,
    doubt: (a, b) => b.doubt * b.seconds - a.doubt * a.seconds,
    first: (a, b) => a.firstS - b.firstS,
    name: (a, b) => (a.name === null ? 1 : 0) - (b.name === null ? 1 : 0) || called(a).localeCompare(called(b)),
  };
  return [...people].sort((a, b) => order[by](a, b) || a.row - b.row);
}

export interface Track {
  id: string;
  row: number;
  person: number;
  startS: number;
  endS: number;
  quality: number;
  distance: number | null;
  picture: string | null;
  rejection: string | null;
}

/** Tracks of a person (a row of the identities; -1: of nobody), in order of time. */
export function tracksOf(timeline: Timeline, person: number): Track[] {
  const of = timeline.tracks;
  const found: Track[] = [];
  of.track_id.forEach((id, row) => {
    if (of.identity[row] !== person) return;
    found.push({
      id, row, person,
      startS: (of.start_ms[row] ?? 0) / 1000,
      endS: (of.end_ms[row] ?? 0) / 1000,
      quality: of.quality[row] ?? 0,
      distance: of.distance[row] ?? null,
      picture: of.picture[row] ?? null,
      rejection: of.rejection[row] ?? null,
    });
  });
  return found.sort((a, b) => a.startS - b.startS);
}

/** Whether two people are in one picture at some moment, and when: they cannot be one. */
export function together(timeline: Timeline, one: number, other: number): { startS: number; endS: number } | null {
  const theirs = tracksOf(timeline, other);
  for (const a of tracksOf(timeline, one)) {
    for (const b of theirs) {
      const startS = Math.max(a.startS, b.startS);
      const endS = Math.min(a.endS, b.endS);
      if (endS - startS > 0.2) return { startS, endS };
    }
  }
  return null;
}
