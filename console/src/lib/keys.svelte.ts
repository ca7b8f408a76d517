/** Keys and what they do just now: screens bind what the list declares for as long as they are there. */

import { untrack } from "svelte";
import { KEYS, type KeyOf } from "./keylist";

export interface Command extends KeyOf {
  run: (event?: KeyboardEvent) => void;
  /** Whether it can be done now; else the key does nothing. */
  when?: () => boolean;
}

const NAMED = new Map(KEYS.map((one) => [one.id, one]));

/** Say what a key of the list does. Raises where there is no such key: one that is not in the list has no help. */
export function bind(id: string, run: Command["run"], when?: () => boolean): Command {
  const key = NAMED.get(id);
  if (!key) throw new Error(`no key is called ${id}`);
  return when ? { ...key, run, when } : { ...key, run };
}

const STORED = "screenalytics.keys";
const CHORD_MS = 1200;

interface Settings {
  single: boolean;
  remapped: Record<string, string[]>;
}

/** Name of a key press as commands are declared with it. */
export function nameOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">): string {
  const letter = event.key.length === 1 && /[a-z]/i.test(event.key);
  const key = event.key === " " ? "Space" : letter ? event.key.toUpperCase() : event.key;
  const named = event.key.length > 1 || event.key === " " || letter;
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey && named ? "Shift+" : ""}${key}`;
}

/** Whether a key is one character without a modifier, which WCAG 2.1.4 wants to be switched off or remapped. */
export const isSingle = (key: string): boolean => key.split(" ").some((part) => part.length === 1 || /^Shift\+.$/.test(part));

function stored(): Settings {
  try {
    return { single: true, remapped: {}, ...(JSON.parse(localStorage.getItem(STORED) ?? "{}") as Partial<Settings>) };
  } catch {
    return { single: true, remapped: {} };
  }
}

class Keys {
  commands = $state.raw<Command[]>([]);
  settings = $state<Settings>(stored());
  private begun: { key: string; at: number } | null = null;
  /** The key whose press did something that is done once a press. */
  private spent: string | null = null;

  constructor() {
    addEventListener("keydown", (event) => this.hold(event), { capture: true });
    addEventListener("keydown", (event) => this.press(event));
  }

  /** What a held key says again reaches nobody: not the next question, nor a button or the field that it has just opened. */
  private hold(event: KeyboardEvent): void {
    if (!event.repeat) this.spent = null;
    else if (event.code === this.spent || event.key === "Enter") {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }

  /** Declare commands for as long as a screen is there; what comes back takes them away. Later ones win over earlier ones. */
  declare(commands: Command[]): () => void {
    this.commands = [...commands, ...untrack(() => this.commands)];
    return () => {
      this.commands = untrack(() => this.commands).filter((one) => !commands.includes(one));
    };
  }

  keysOf(command: Command): string[] {
    return this.settings.remapped[command.id] ?? command.keys;
  }

  run(id: string): void {
    const found = this.commands.find((one) => one.id === id);
    if (found && (found.when?.() ?? true)) found.run();
  }

  remap(id: string, keys: string[] | null): void {
    if (keys) this.settings.remapped[id] = keys;
    else delete this.settings.remapped[id];
    this.save();
  }

  useSingle(on: boolean): void {
    this.settings.single = on;
    this.save();
  }

  private save(): void {
    localStorage.setItem(STORED, JSON.stringify(this.settings));
  }

  private press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    const types = target?.closest("input:not([type=checkbox],[type=range],[type=radio]),textarea,select,[contenteditable]") !== null && target !== null;
    const key = nameOf(event);
    const chord = this.begun && performance.now() - this.begun.at < CHORD_MS ? `${this.begun.key} ${key}` : null;
    this.begun = null;
    const usable = this.commands.filter((one) => (one.when?.() ?? true) && (!types || one.typing));
    const found =
      usable.find((one) => chord !== null && this.matches(one, chord)) ?? usable.find((one) => this.matches(one, key));
    if (found) {
      const presses = target?.closest("button,a[href],summary,[role=button],input") && (key === "Enter" || key === "Space");
      if (presses) return; // the button's own
      event.preventDefault();
      if (!found.repeats) this.spent = event.code;
      found.run(event);
      dispatchEvent(new CustomEvent("console:key", { detail: found.id })); // heard by tests, and by who embeds it
    } else if (usable.some((one) => this.keysOf(one).some((keys) => keys.startsWith(`${key} `) && this.allowed(keys)))) {
      this.begun = { key, at: performance.now() };
    }
  }

  private matches(command: Command, key: string): boolean {
    return this.keysOf(command).some((one) => one === key && this.allowed(one));
  }

  private allowed(key: string): boolean {
    return this.settings.single || !isSingle(key);
  }
}

export const keys = new Keys();

const SHOWN: Record<string, string> = {
  ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", "Ctrl+": "Ctrl ",
};

/** A key as it is written on a keycap. */
export const shown = (key: string): string =>
  key.replace("Ctrl+", "Ctrl ").replace("Shift+", "⇧ ").replace(/Arrow\w+|Escape/, (name) => SHOWN[name] ?? name);
