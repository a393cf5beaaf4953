//! What a person chose for this browser.

export type Theme = 'system' | 'light' | 'dark';

class Settings {
  theme: Theme = $state.raw(read('theme', ['system', 'light', 'dark']) as Theme);
  /** Whether single keys do things. */
  shortcuts = $state.raw(read('shortcuts', ['on', 'off']) === 'on');

  setTheme(theme: Theme): void {
    this.theme = theme;
    write('theme', theme);
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  setShortcuts(on: boolean): void {
    this.shortcuts = on;
    write('shortcuts', on ? 'on' : 'off');
  }
}

/** What is stored under a name, if it is one of the known values; else the first of them. */
function read(name: string, known: string[]): string {
  try {
    const stored = localStorage.getItem(`glassline.${name}`);
    return stored !== null && known.includes(stored) ? stored : known[0]!;
  } catch {
    return known[0]!;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`glassline.${name}`, value);
  } catch {
    // Storage may be closed to us: the choice holds until the page is left.
  }
}

export const settings = new Settings();
