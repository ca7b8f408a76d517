/** What need not be there with an answer's next question: done when that is on the screen, so that it does not take the time for it. */

/** A frame that the page has painted is still drawn, by threads that want the same processors as what is done here. */
const DRAWN_MS = 60;
/** A page in the background paints nothing: then it is done after so long. */
const LATEST_MS = 250;

/** Do something once what was changed until now is on the screen. What comes back takes that back. */
export function afterPaint(work: () => void): () => void {
  let frame = 0;
  let drawn: ReturnType<typeof setTimeout> | undefined;
  const cancel = (): void => {
    clearTimeout(latest);
    clearTimeout(drawn);
    cancelAnimationFrame(frame);
  };
  const now = (): void => {
    cancel();
    work();
  };
  const latest = setTimeout(now, LATEST_MS);
  // The next frame paints it; when the one after begins, it is handed over to be drawn.
  frame = requestAnimationFrame(() => (frame = requestAnimationFrame(() => (drawn = setTimeout(now, DRAWN_MS)))));
  return cancel;
}
