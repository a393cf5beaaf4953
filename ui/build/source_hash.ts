//! What `dist/SOURCE_SHA256` says: the hash of all that the built pages are made of. The Rust side checks it
//! without Node, so its form is simple: SHA-256 over one line for each file, `<sha256 in hex>  <path>\n`, in
//! ascending byte order of the path. In a shell, within `ui/`:
//!
//!   find build src public index.html package.json package-lock.json svelte.config.js tsconfig.json \
//!     vite.config.ts -type f | LC_ALL=C sort | xargs sha256sum | sha256sum

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files and folders, relative to `ui/`, that decide what is built. */
const SOURCES = [
  'build',
  'src',
  'public',
  'index.html',
  'package.json',
  'package-lock.json',
  'svelte.config.js',
  'tsconfig.json',
  'vite.config.ts',
];

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

function files(root: string, path: string): string[] {
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => files(root, `${path}/${name}`));
}

export function sourceHash(root: string): string {
  const paths = SOURCES.flatMap((path) => files(root, path));
  paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const lines = paths.map((path) => `${sha256(readFileSync(join(root, path)))}  ${path}\n`);
  return sha256(lines.join(''));
}
