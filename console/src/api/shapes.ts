/** Shapes of the operations that the console was made for, as docs/api describes them. */

import { call, segment, type Options } from "./transport";
import type * as t from "./types";

export interface Timeline {
  run_id: string;
  revision: number;
  duration_s: number;
  starts_at_s: number;
  links_version: number;
  edits_version: number;
  grouping_revision: number;
  cuts_ms: number[];
  shots: { shot_id: string[]; start_ms: number[]; end_ms: number[] };
  identities: {
    identity_id: string[];
    name: (string | null)[];
    cast_id: (string | null)[];
    linked_by: ("auto" | "operator" | "suggestion" | null)[];
    probability: (number | null)[];
    locked: boolean[];
    extra: boolean[];
    visible_s: number[];
    first_ms: (number | null)[];
    faces: number[];
    picture: (string | null)[];
    reason: (string | null)[];
  };
  tracks: {
    track_id: string[];
    identity: number[];
    shot: number[];
    start_ms: number[];
    end_ms: number[];
    quality: number[];
    faces: number[];
    low_quality: boolean[];
    distance: (number | null)[];
    picture: (string | null)[];
    rejection: (string | null)[];
  };
}

export interface Boxes {
  run_id: string;
  revision: number;
  from_s: number;
  to_s: number;
  track_ids: string[];
  t_ms: number[];
  track: number[];
  box: number[];
  confidence: number[];
}

export interface Evidence {
  face_id: string;
  track_id: string;
  t_s: number;
  bbox: [number, number, number, number];
  picture: string | null;
}

export interface Choice {
  answer: string;
  effect_s: number;
  method: string;
  path: string;
  body: Record<string, unknown> | null;
}

export type QuestionKind = "is_this" | "who" | "same" | "two" | "belongs" | "two_places" | "leftover";

export interface Question {
  id: string;
  kind: QuestionKind;
  worth_s: number;
  at_stake_s: number;
  doubt: number;
  later: boolean;
  sentence: string;
  identity_id: string | null;
  other_id: string | null;
  cast_id: string | null;
  cast_name: string | null;
  track_ids: string[];
  /** Whom it may be, best first: the keys 1 to 5. */
  choices: { cast_id: string; name: string | null; probability: number; distance: number | null }[];
  evidence: Evidence[];
  against: Evidence[];
  references: { cast_id: string; picture_id: string }[];
  conflict: { start_s: number; end_s: number } | null;
  answers: Choice[];
}

export interface Review {
  run_id: string;
  revision: number;
  links_version: number;
  edits_version: number;
  grouping_revision: number;
  review_version: number;
  undecided_s: number;
  decided_s: number;
  total_s: number;
  later: number;
  extras_s: number;
  pays: number;
  total: number;
  questions: Question[];
}

export interface Sprite {
  sprite: string;
  cell_px: number;
  columns: number;
  rows: number;
  pictures: string[];
}

export interface Session {
  id: string;
  name: string;
  role: "viewer" | "operator" | "admin";
  shows: string[] | null;
  csrf: string;
  expires_at: string | null;
  auth: string;
}

export interface Proxy {
  state: "none" | "making" | "ready" | "failed";
  source: "proxy" | "original" | null;
  progress: number;
  url: string | null;
  media_type: string | null;
  width: number | null;
  height: number | null;
  starts_at_s: number;
  error: { code: string; message: string } | null;
}

export interface FrameTable {
  time_base: [number, number];
  first_pts: number;
  count: number;
  deltas: [number, number][];
  duration_s: number;
  starts_at_s: number;
}

export interface State {
  run_id: string | null;
  run_state: string | null;
  revision: number | null;
  grouping_revision: number | null;
  links_version: number | null;
  edits_version: number | null;
  changed: string[];
  by: string | null;
  at: string;
}

export interface Person {
  id: string;
  name: string;
  screen: string;
  subject: string | null;
  at: string;
}

export interface Entry {
  entry: string;
  log: "links" | "edits";
  action: "do" | "undo" | "redo";
  kind: string;
  who: string;
  at: string;
  why: string | null;
  in_force: boolean;
  undoable: boolean;
  sentence: string;
  identity_ids: string[];
  cast_ids: string[];
  seconds: number | null;
  target: string | null;
}

export interface HistoryPage {
  items: Entry[];
  next_cursor: string | null;
  total: number | null;
  undo: string | null;
  redo: string | null;
}

export interface SignOff {
  run_id: string;
  revision: number;
  who: string;
  at: string;
  note: string | null;
  document_sha256: string;
}

export interface Signed {
  sign_off: SignOff | null;
  changed_since: boolean;
  changes: string[];
  history: SignOff[];
}

export interface NewMember {
  cast_id: string;
  created: boolean;
  verdicts: t.PictureVerdict[];
}

const of = (ep: string): string => segment(ep);

export const readTimeline = (ep: string, options?: Options) => call<Timeline>("GET", `/timeline/${of(ep)}`, undefined, undefined, options);
export const readBoxes = (ep: string, query: { from_s: number; to_s: number }, options?: Options) =>
  call<Boxes>("GET", `/timeline/${of(ep)}/boxes`, undefined, query, options);
export const readReview = (ep: string, query?: { limit?: number }, options?: Options) =>
  call<Review>("GET", `/review/${of(ep)}`, undefined, query, options);
export const putOff = (ep: string, body: { id: string; later: boolean }) => call<unknown>("POST", `/review/${of(ep)}/later`, body);
export const pictureUrl = (ep: string, picture: string): string => `/media/${of(ep)}/pictures/${segment(picture)}`;
export const spriteUrl = (ep: string, sprite: string): string => `/media/${of(ep)}/sprites/${segment(sprite)}`;
export const makeSprite = (ep: string, body: { pictures: string[]; cell_px?: number }) =>
  call<Sprite>("POST", `/media/${of(ep)}/sprites`, body);
export const openSession = (credential: string) => call<Session>("POST", "/session", undefined, undefined, { credential });
export const readSession = () => call<Session>("GET", "/session");
export const closeSession = () => call<unknown>("DELETE", "/session");
export const readProxy = (ep: string) => call<Proxy>("GET", `/episodes/${of(ep)}/proxy`);
export const makeProxy = (ep: string) => call<Proxy>("POST", `/episodes/${of(ep)}/proxy`);
export const readFrames = (ep: string) => call<FrameTable>("GET", `/episodes/${of(ep)}/frames`);
export const changesUrl = (ep: string): string => `/episodes/${of(ep)}/changes`;
export const tellPresence = (ep: string, body: { screen: string; subject: string | null; client: string }) =>
  call<{ people: Person[] }>("POST", `/episodes/${of(ep)}/presence`, body);
export const readHistory = (ep: string, query?: { limit?: number; cursor?: string | null; mine?: boolean }) =>
  call<HistoryPage>("GET", `/history/${of(ep)}`, undefined, query);
export const undo = (ep: string, body: { entry?: string | null; mine?: boolean }, options: Options) =>
  call<unknown>("POST", `/history/${of(ep)}/undo`, body, undefined, options);
export const redo = (ep: string, body: { entry?: string | null; mine?: boolean }, options: Options) =>
  call<unknown>("POST", `/history/${of(ep)}/redo`, body, undefined, options);
export const takeFaces = (show: string, castId: string, body: { ep_id: string; face_ids: string[] }, options: Options) =>
  call<t.PictureVerdicts>("POST", `/shows/${of(show)}/cast/${of(castId)}/pictures/from-faces`, body, undefined, options);
export const readSignOff = (ep: string) => call<Signed>("GET", `/screen-time/${of(ep)}/sign-off`);
export const signOff = (ep: string, body: { run_id: string; revision: number; note?: string | null }) =>
  call<{ sign_off: SignOff }>("POST", `/screen-time/${of(ep)}/sign-off`, body);
export const takeBackSignOff = (ep: string) => call<unknown>("DELETE", `/screen-time/${of(ep)}/sign-off`);
