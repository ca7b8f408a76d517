/** Faces of a grid in sheets of a hundred: one request for many pictures, and each sheet once. */

import { makeSprite, readPicture, readSprite } from "../api/operations";
import type { Sprite } from "../api/types";

const SHEET = 100;

export interface Cell {
  url: string;
  x: number;
  y: number;
  columns: number;
  rows: number;
}

const drawn = new Map<string, Promise<Sprite | null>>();
const MOST_DRAWN = 300;

/** The sheet of these pictures, asked for once. */
function draw(ep: string, pictures: string[], cellPx: number): Promise<Sprite | null> {
  const name = `${ep} ${cellPx} ${pictures.join(" ")}`;
  const known = drawn.get(name);
  if (known) return known;
  const asked = makeSprite(ep, { pictures, cell_px: cellPx }).then(
    (answer) => answer.data,
    () => {
      drawn.delete(name);
      return null;
    },
  );
  if (drawn.size >= MOST_DRAWN) drawn.delete(drawn.keys().next().value ?? "");
  drawn.set(name, asked);
  return asked;
}

/** Sheets of one list of pictures, fetched where they are looked at. */
export class Sheets {
  private readonly sheets = new Map<number, Promise<Sprite | null>>();

  constructor(private readonly ep: string, private readonly pictures: readonly (string | null)[], private readonly cellPx: number) {}

  /** Where picture `at` of the list is; null where there is none. */
  async cell(at: number): Promise<Cell | null> {
    const picture = this.pictures[at];
    if (!picture) return null;
    const sheet = await this.sheet(Math.floor(at / SHEET));
    const place = sheet?.pictures.indexOf(picture) ?? -1;
    if (!sheet || place < 0) return { url: readPicture(this.ep, picture), x: 0, y: 0, columns: 1, rows: 1 };
    return { url: readSprite(this.ep, sheet.sprite), x: place % sheet.columns, y: Math.floor(place / sheet.columns), columns: sheet.columns, rows: sheet.rows };
  }

  private sheet(number: number): Promise<Sprite | null> {
    const known = this.sheets.get(number);
    if (known) return known;
    const wanted = this.pictures.slice(number * SHEET, (number + 1) * SHEET).filter((one) => one !== null);
    const asked = draw(this.ep, wanted, this.cellPx);
    this.sheets.set(number, asked);
    return asked;
  }
}
