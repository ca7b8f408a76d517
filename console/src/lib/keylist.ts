/** Every key of the console, once: what acts on it is bound by the screens, `?` and the settings show it, a test presses it. */

export interface KeyOf {
  /** Stable name, `where.verb`. */
  id: string;
  /** As `nameOf` says them; two with a space between follow one another. */
  keys: string[];
  label: string;
  group: string;
  /** Acts while somebody types, too. */
  typing?: true;
  /** Acts again while it is held down. What decides never does: one press is one decision. */
  repeats?: true;
}

const MOVES: Partial<KeyOf> = { repeats: true };

const group = (name: string, ...rows: [id: string, keys: string, label: string, more?: Partial<KeyOf>][]): KeyOf[] =>
  rows.map(([id, keys, label, more]) => ({ id, keys: keys.split(" or "), label, group: name, ...more }));

export const KEYS: readonly KeyOf[] = [
  ...group(
    "Anywhere",
    ["app.help", "?", "Keys"],
    ["app.palette", "Ctrl+K", "Go to or do anything", { typing: true }],
    ["app.search", "/", "Search"],
    ["app.escape", "Escape", "Close, leave the field", { typing: true }],
    ["edit.undo", "U or Ctrl+Z", "Undo"],
    ["edit.redo", "Shift+U or Ctrl+Shift+Z", "Redo"],
  ),
  ...group(
    "Go to",
    ["go.episodes", "G E", "Episodes"],
    ["go.review", "G R", "Review"],
    ["go.people", "G P", "People"],
    ["go.watch", "G W", "Watch"],
    ["go.result", "G T", "Result"],
    ["go.history", "G H", "History"],
    ["go.cast", "G C", "Cast"],
    ["go.show", "G S", "Show"],
    ["go.settings", "G K", "Settings and keys"],
  ),
  ...group(
    "Review",
    ["review.yes", "Enter", "Yes"],
    ["review.no", "N", "No"],
    ["review.pick1", "1", "The first suggestion"],
    ["review.pick2", "2", "The second suggestion"],
    ["review.pick3", "3", "The third suggestion"],
    ["review.pick4", "4", "The fourth suggestion"],
    ["review.pick5", "5", "The fifth suggestion"],
    ["review.who", "W", "Who? Type a name"],
    ["review.same", "M", "Same as somebody"],
    ["review.two", "S", "Two people in here"],
    ["review.nobody", "X", "Nobody: a poster, a doll"],
    ["review.extra", "E", "An extra"],
    ["review.lock", "L", "Lock: complete and right"],
    ["review.play", "Space", "Play or stop the evidence"],
    ["review.flip", "F", "Flip between the two pictures"],
    ["review.detail", "P", "Effect in detail"],
    ["review.later", "ArrowDown", "Later"],
    ["review.back", "ArrowUp", "Back"],
    ["review.watch", "V", "This moment in Watch"],
  ),
  ...group(
    "Grid",
    ["grid.ArrowLeft", "ArrowLeft", "Left", MOVES],
    ["grid.ArrowRight", "ArrowRight", "Right", MOVES],
    ["grid.ArrowUp", "ArrowUp", "Up", MOVES],
    ["grid.ArrowDown", "ArrowDown", "Down", MOVES],
    ["grid.Home", "Home", "To the first"],
    ["grid.End", "End", "To the last"],
    ["grid.extend.ArrowLeft", "Shift+ArrowLeft", "Left, selecting", MOVES],
    ["grid.extend.ArrowRight", "Shift+ArrowRight", "Right, selecting", MOVES],
    ["grid.extend.ArrowUp", "Shift+ArrowUp", "Up, selecting", MOVES],
    ["grid.extend.ArrowDown", "Shift+ArrowDown", "Down, selecting", MOVES],
    ["grid.extend.Home", "Shift+Home", "To the first, selecting"],
    ["grid.extend.End", "Shift+End", "To the last, selecting"],
    ["grid.toggle", "Ctrl+Space or Space", "Select or not"],
    ["grid.all", "A or Ctrl+A", "Select all"],
    ["grid.open", "Enter", "Open"],
  ),
  ...group(
    "People",
    ["people.name", "W", "Name"],
    ["people.merge", "M", "Merge into one person"],
    ["people.extras", "E", "Extras"],
    ["people.lock", "L", "Lock or unlock"],
    ["people.clear", "X", "Select nobody"],
  ),
  ...group(
    "Person",
    ["person.move", "M", "Give to somebody"],
    ["person.split", "S", "Split off: somebody else"],
    ["person.drop", "X", "Nobody: a poster, a doll"],
    ["person.two", "D", "Does it look like two people?"],
    ["person.name", "W", "Name"],
    ["person.lock", "L", "Lock or unlock"],
    ["person.faces", "C", "Use these faces as pictures of the cast"],
    ["person.watch", "V", "This moment in Watch"],
  ),
  ...group(
    "Watch",
    ["watch.play", "K or Space", "Play or stop"],
    ["watch.backward", "J", "Back five seconds", MOVES],
    ["watch.forward", "L", "On five seconds", MOVES],
    ["watch.previous", ", or ArrowLeft", "One frame back", MOVES],
    ["watch.next", ". or ArrowRight", "One frame on", MOVES],
    ["watch.cutBack", "[", "Previous cut", MOVES],
    ["watch.cutOn", "]", "Next cut", MOVES],
    ["watch.seenBack", "{", "Previous appearance of who is selected", MOVES],
    ["watch.seenOn", "}", "Next appearance of who is selected", MOVES],
    ["watch.in", "I", "Mark in"],
    ["watch.out", "O", "Mark out"],
    ["watch.give", "M", "Give the marked range to somebody"],
    ["watch.clear", "X", "Clear marks and selection"],
    ["watch.boxes", "B", "Boxes and names"],
    ["watch.nearer", "+", "Zoom in", MOVES],
    ["watch.farther", "-", "Zoom out", MOVES],
    ["watch.fit", "0", "The whole episode"],
  ),
  ...group("History", ["history.refresh", "R", "Read again"]),
];
