/** What need not be there with an answer's next question: done when that is painted, so that it does not take the time for it. */

/** A page in the background paints nothing: then it is done after so long. */
const LATEST_MS = 100;

/** Do something once what was changed until now is painted. What comes back takes that back. */
export function afterPaint(work: () => void): () => void {
  let frame = 0;
  const cancel = (): void => {
    clearTimeout(latest);
    cancelAnimationFrame(frame);
  };
  const now = (): void => {
    cancel();
    work();
  };
  const latest = setTimeout(now, LATEST_MS);
  // The next frame paints it; when the one after begins, it is on its way to the screen.
  frame = requestAnimationFrame(() => (frame = requestAnimationFrame(now)));
  return cancel;
}
