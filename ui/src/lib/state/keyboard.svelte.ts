//! The keyboard of the pages.

import { Keyboard, type Shortcuts } from '../keys';
import { settings } from './settings.svelte';

export const keyboard = new Keyboard(() => settings.shortcuts);

/** Shortcuts for as long as the component is there. */
export function useShortcuts(shortcuts: Shortcuts): void {
  $effect(() => keyboard.add(shortcuts));
}
