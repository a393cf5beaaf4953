//! Pages in a real browser: the system's Chromium (`CHROMIUM` names another), against the mock, and, with
//! GLASSLINE_URL and GLASSLINE_KEY, the journeys and forms of plain HTML against a real server as well.

import { defineConfig } from '@playwright/test';

const real = process.env.GLASSLINE_URL;
const port = Number(process.env.MOCK_PORT ?? 4317);

export default defineConfig({
  testDir: 'e2e',
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'mock', testIgnore: 'forms.spec.ts', use: { baseURL: `http://127.0.0.1:${port}` } },
    ...(real
      ? [{ name: 'server', testMatch: ['journeys.spec.ts', 'forms.spec.ts'], use: { baseURL: real } }]
      : []),
  ],
  webServer: {
    command: 'node e2e/mock/main.mjs',
    env: { PORT: String(port), RATE: '3', LEADS: '400' },
    url: `http://127.0.0.1:${port}/healthz`,
    reuseExistingServer: false,
  },
});
