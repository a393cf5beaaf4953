import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import type { Plugin } from 'vite';

import { licences } from './build/licences.ts';
import { sourceHash } from './build/source_hash.ts';

const root = import.meta.dirname;

/** Writes what stands beside the pages: the hash of their sources, and licences. */
const companions: Plugin = {
  name: 'companions',
  apply: 'build',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'SOURCE_SHA256', source: `${sourceHash(root)}\n` });
    this.emitFile({ type: 'asset', fileName: 'assets/licences.txt', source: licences(root) });
  },
};

export default defineConfig({
  plugins: [svelte(), companions],
  // Relative, so that the server may put a build's id into the path of its assets.
  base: './',
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // Names without hashes, so that git sees the same files from build to build.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'vendor', test: /node_modules/ },
            { name: 'shared', test: /src\/(lib|parts)\//, minShareCount: 2 },
          ],
        },
        entryFileNames: 'assets/main.js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/[name][extname]',
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/session', '/events', '/leads', '/entities', '/flows', '/feedback'].map((path) => [
        path,
        process.env.GLASSLINE_URL ?? 'http://127.0.0.1:8080',
      ]),
    ),
  },
  test: { include: ['src/**/*.test.ts', 'build/**/*.test.ts'] },
});
