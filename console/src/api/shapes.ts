/** Operations that the console was made for and the API does not have yet: it does without where they are not there. */

import { call, segment, type Options } from "./transport";

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

const of = (ep: string): string => segment(ep);

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
export const readSignOff = (ep: string) => call<Signed>("GET", `/screen-time/${of(ep)}/sign-off`);
export const signOff = (ep: string, body: { run_id: string; revision: number; note?: string | null }) =>
  call<{ sign_off: SignOff }>("POST", `/screen-time/${of(ep)}/sign-off`, body);
export const takeBackSignOff = (ep: string) => call<unknown>("DELETE", `/screen-time/${of(ep)}/sign-off`);
