/** Where one is, in the part of the address behind `#`: so every path of the server stays the API's. */

export type ScreenName =
  | "episodes" | "review" | "people" | "person" | "watch" | "result" | "history" | "cast" | "show" | "settings" | "nowhere";

export interface Place {
  screen: ScreenName;
  ep: string | null;
  show: string | null;
  id: string | null;
  query: URLSearchParams;
}

const OF_EPISODE = new Set<ScreenName>(["review", "people", "person", "watch", "result", "history"]);
const OF_SHOW = new Set<ScreenName>(["cast", "show"]);

/** Read the hash of an address. */
export function placeOf(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const place = (screen: ScreenName, more: Partial<Place> = {}): Place => ({
    screen, ep: null, show: null, id: null, query: new URLSearchParams(search), ...more,
  });
  const [first, name, screen, id] = parts;
  if (first === undefined || first === "episodes") return place("episodes");
  if (first === "settings") return place("settings");
  if (first === "ep" && name) {
    const wanted = (screen ?? "review") as ScreenName;
    return OF_EPISODE.has(wanted) ? place(wanted, { ep: name, id: id ?? null }) : place("nowhere");
  }
  if (first === "show" && name) {
    const wanted = (screen ?? "show") as ScreenName;
    return OF_SHOW.has(wanted) ? place(wanted, { show: name, id: id ?? null }) : place("nowhere");
  }
  return place("nowhere");
}

const search = (query?: Record<string, string | number>): string =>
  query ? `?${new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))}` : "";

export const toEpisode = (ep: string, screen: ScreenName = "review", id?: string, query?: Record<string, string | number>): string =>
  `#/ep/${encodeURIComponent(ep)}/${screen}${id ? `/${encodeURIComponent(id)}` : ""}${search(query)}`;
export const toShow = (show: string, screen: ScreenName = "show"): string => `#/show/${encodeURIComponent(show)}/${screen}`;

class Router {
  place = $state.raw<Place>(placeOf(location.hash));
  private last = location.hash;

  constructor() {
    addEventListener("hashchange", () => {
      this.last = location.hash;
      this.place = placeOf(location.hash);
    });
  }

  go(to: string): void {
    location.hash = to;
  }

  /** Write what is looked at into the address, without a step in the browser's history: not while it leads elsewhere already. */
  note(to: string): void {
    if (to === this.last || location.hash !== this.last) return;
    this.last = to;
    history.replaceState(null, "", to);
  }
}

export const router = new Router();
