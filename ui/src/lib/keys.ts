//! Single-key shortcuts. They never fire while somebody types, and can be switched off (WCAG 2.1.4).

/** What happens on a key; answering false lets the browser have it. */
export type Shortcuts = { [combination: string]: (event: KeyboardEvent) => void | false };

/** How long the second key of `g l` may take. */
const SEQUENCE_MS = 1_000;

const TYPING = 'input, textarea, select, [contenteditable="true"]';
/** Elements that do something of their own on Space and Enter. */
const PRESSABLE = 'a, button, summary, [role="tab"], [role="separator"]';

/** Gives combinations such as `?`, `Shift+Enter`, `Mod+k` and `g l` to their handlers. */
export class Keyboard {
  #layers: Shortcuts[] = [];
  #first: { key: string; at: number } | null = null;

  constructor(readonly enabled: () => boolean) {}

  /** Adds shortcuts; the latest come first. Gives a function that takes them away. */
  add(shortcuts: Shortcuts): () => void {
    this.#layers.unshift(shortcuts);
    return () => {
      this.#layers = this.#layers.filter((layer) => layer !== shortcuts);
    };
  }

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const name = nameOf(event);
    const target = event.target instanceof Element ? event.target : null;
    const isPlain = !name.includes('Mod+') && name !== 'Escape';
    if (isPlain && (target?.closest(TYPING) || !this.enabled())) return;
    // A dialog or an open menu keeps the keyboard to itself.
    if (document.querySelector('dialog[open], :popover-open')) return;
    if (['Enter', 'Space', 'Shift+Enter'].includes(name) && target?.closest(PRESSABLE)) return;
    const first = this.#first && event.timeStamp - this.#first.at < SEQUENCE_MS ? this.#first.key : null;
    this.#first = null;
    if (first !== null && this.#run(`${first} ${name}`, event)) return;
    if (this.#run(name, event)) return;
    if (this.#layers.some((layer) => Object.keys(layer).some((keys) => keys.startsWith(`${name} `)))) {
      this.#first = { key: name, at: event.timeStamp };
    }
  }

  #run(name: string, event: KeyboardEvent): boolean {
    for (const layer of this.#layers) {
      const handler = layer[name];
      if (handler === undefined || handler(event) === false) continue;
      event.preventDefault();
      return true;
    }
    return false;
  }
}

/** `k`, `?`, `G`, `Space`, `Shift+Enter`, `Mod+k`. */
function nameOf(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.key;
  const mod = event.ctrlKey || event.metaKey ? 'Mod+' : '';
  const alt = event.altKey ? 'Alt+' : '';
  const shift = event.shiftKey && key.length > 1 ? 'Shift+' : '';
  return mod + alt + shift + (mod && key.length === 1 ? key.toLowerCase() : key);
}
