/** Operations that the console was made for and the API does not have yet: it does without where they are not there. */

import { call, segment } from "./transport";

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

const of = (ep: string): string => segment(ep);

export const readProxy = (ep: string) => call<Proxy>("GET", `/episodes/${of(ep)}/proxy`);
export const makeProxy = (ep: string) => call<Proxy>("POST", `/episodes/${of(ep)}/proxy`);
export const readFrames = (ep: string) => call<FrameTable>("GET", `/episodes/${of(ep)}/frames`);
