/** A video on its way to the store: in parts, so that it goes on after a break. */

import { abortUpload, beginUpload, completeUpload, createEpisode, getUpload } from "../api/operations";
import { ApiFailure } from "../api/transport";
import type { NewUpload, UploadView } from "../api/types";
import { Sha256 } from "./sha256";

export interface Step {
  phase: "reading" | "sending" | "checking" | "done";
  fraction: number;
}

const CHUNK = 4 * 1024 * 1024;
const TRIES = 6;
/** So often the same file may be sent to the same episode from the beginning. */
const ROUNDS = 50;

/** `My Show s01e02.mp4` -> show, season and episode; what a name does not say is left to people. */
export function guess(filename: string): { show: string; season: number; episode: number } {
  const stem = filename.replace(/\.[^.]+$/, "");
  const found = /^(.*?)[\s._-]*s(\d{1,3})[\s._-]*e(\d{1,4})/i.exec(stem);
  const slug = (text: string): string => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return found
    ? { show: slug(found[1] ?? "") || "my-show", season: Number(found[2]), episode: Number(found[3]) }
    : { show: slug(stem).slice(0, 60) || "my-show", season: 1, episode: 1 };
}

/** A piece of a file. What is dropped may be a folder, and a file may be moved or changed while it is read. */
async function piece(file: Blob, from: number, to: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(from, to).arrayBuffer());
  } catch {
    throw new ApiFailure(0, "unreadable_file", "This file cannot be read: it may be a folder, or was moved or changed meanwhile.");
  }
}

/** Hash of a file in hexadecimal, read in pieces. Raises `ApiFailure`. */
export async function digest(file: Blob, told: (fraction: number) => void, signal: AbortSignal): Promise<string> {
  const sum = new Sha256();
  for (let at = 0; at < file.size; at += CHUNK) {
    signal.throwIfAborted();
    sum.update(await piece(file, at, at + CHUNK));
    told(Math.min(1, (at + CHUNK) / file.size));
  }
  return sum.hex();
}

/** Where one try of sending a file may begin: its upload is found again by a key made of what is sent where, and how often. */
async function open(body: NewUpload, mine: string | null): Promise<UploadView> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const sum = new Sha256();
    sum.update(new TextEncoder().encode(JSON.stringify([body, round])));
    const { data } = await beginUpload(body, { key: `u-${sum.hex().slice(0, 40)}` });
    // One that was ended before this try is not gone on with; our own may have ended without an answer that says so.
    if (data.state === "open" || (data.state === "completed" && data.upload_id === mine)) return data;
  }
  throw new ApiFailure(409, "sent_too_often", "This file was sent to this episode too often: give it another name.");
}

/** Send a file to an episode, made if it is not there, and begin its run. `mine` is the upload of an earlier try in this window. Raises `ApiFailure`. */
export async function upload(
  file: File,
  to: { show: string; season: number; episode: number; title?: string },
  told: (step: Step) => void,
  signal: AbortSignal,
  mine: { id: string | null } = { id: null },
): Promise<string> {
  if (file.size === 0) throw new ApiFailure(0, "empty_file", "This file is empty.");
  const sha256 = await digest(file, (fraction) => told({ phase: "reading", fraction }), signal);
  const episode = (await createEpisode({ ...to, title: to.title || null })).data;
  let state = await open(
    { ep_id: episode.ep_id, filename: file.name, bytes: file.size, sha256, media_type: file.type || "video/mp4", start: true }, mine.id,
  );
  mine.id = state.upload_id;
  try {
    while (state.state === "open" && (state.missing ?? 0) > 0) {
      for (const part of state.urls ?? []) {
        const from = (part.part - 1) * state.part_bytes;
        const before = (state.parts - (state.missing ?? 0)) / state.parts;
        told({ phase: "sending", fraction: before });
        await put(part.url, file.slice(from, from + part.bytes), signal, (sent) =>
          told({ phase: "sending", fraction: before + sent / state.parts }),
        );
        state = { ...state, missing: (state.missing ?? 1) - 1 };
      }
      state = (await getUpload(state.upload_id)).data;
    }
    signal.throwIfAborted();
    told({ phase: "checking", fraction: 1 });
    if (state.state !== "completed") await completeUpload(state.upload_id);
  } catch (problem) {
    if (signal.aborted) await abortUpload(state.upload_id).catch(() => {});
    throw problem;
  }
  told({ phase: "done", fraction: 1 });
  return episode.ep_id;
}

/** Put one part, again after a break. Raises what it was stopped with, also where that was before it began. */
async function put(url: string, part: Blob, signal: AbortSignal, told: (fraction: number) => void): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      await once(url, part, signal, told);
      return;
    } catch (problem) {
      if (signal.aborted || attempt >= TRIES) throw problem;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}

function once(url: string, part: Blob, signal: AbortSignal, told: (fraction: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    request.upload.onprogress = (event) => told(event.loaded / event.total);
    request.onload = () =>
      request.status < 300 ? resolve() : reject(new ApiFailure(request.status, "store_refused", "The store did not take a part of the file."));
    request.onerror = () => reject(new ApiFailure(0, "unreachable", "The store cannot be reached from this browser."));
    request.onabort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(part);
  });
}
