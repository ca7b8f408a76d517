/** Light, dark, or as the machine has it. */

export type Theme = "auto" | "light" | "dark";

const STORED = "screenalytics.theme";

class Appearance {
  theme = $state<Theme>((localStorage.getItem(STORED) as Theme | null) ?? "auto");

  constructor() {
    this.apply();
  }

  use(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(STORED, theme);
    this.apply();
  }

  private apply(): void {
    if (this.theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }
}

export const appearance = new Appearance();
