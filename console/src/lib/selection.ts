/** Which of a list are selected, as file managers have it: click, Ctrl+click, Shift+click, and the same by keyboard. */

export interface Selection {
  ids: ReadonlySet<string>;
  /** Place of the focus in the list. */
  at: number;
  /** Where a range begins. */
  anchor: number;
}

export const nothing = (): Selection => ({ ids: new Set(), at: 0, anchor: 0 });

const kept = (at: number, count: number): number => Math.max(0, Math.min(count - 1, at));

function range(order: readonly string[], from: number, to: number): string[] {
  return order.slice(Math.min(from, to), Math.max(from, to) + 1);
}

/** Move the focus; with `extend` everything from the anchor on is selected. */
export function moved(selection: Selection, order: readonly string[], step: number, extend: boolean): Selection {
  const at = kept(selection.at + step, order.length);
  if (!extend) return { ...selection, at, anchor: at };
  return { ids: new Set(range(order, selection.anchor, at)), at, anchor: selection.anchor };
}

/** A click at a place of the list. */
export function clicked(selection: Selection, order: readonly string[], at: number, how: { toggle: boolean; extend: boolean }): Selection {
  const id = order[at];
  if (id === undefined) return selection;
  if (how.extend) return { ids: new Set([...(how.toggle ? selection.ids : []), ...range(order, selection.anchor, at)]), at, anchor: selection.anchor };
  if (how.toggle) {
    const ids = new Set(selection.ids);
    if (!ids.delete(id)) ids.add(id);
    return { ids, at, anchor: at };
  }
  return { ids: selection.ids.size === 1 && selection.ids.has(id) ? new Set() : new Set([id]), at, anchor: at };
}

/** What is still there of it after the list changed. */
export function remaining(selection: Selection, order: readonly string[]): Selection {
  const there = new Set(order);
  const ids = new Set([...selection.ids].filter((id) => there.has(id)));
  return { ids, at: kept(selection.at, order.length), anchor: kept(selection.anchor, order.length) };
}
