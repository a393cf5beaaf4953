//! The licences of what ends up in the built pages, as they ask for it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SHIPPED = [
  '@fontsource-variable/inter',
  '@fontsource-variable/jetbrains-mono',
  '@lucide/svelte',
  'openapi-fetch',
  'svelte',
];

export function licences(root: string): string {
  return SHIPPED.map((name) => {
    const folder = join(root, 'node_modules', name);
    const file = ['LICENSE', 'LICENSE.md'].map((it) => join(folder, it)).find(existsSync);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      version: string;
      license: string;
    };
    const text = file === undefined ? `Licence: ${license}` : readFileSync(file, 'utf8').trim();
    return `${name} ${version}\n${'='.repeat(72)}\n${text}\n`;
  }).join('\n\n');
}
