import { defineConfig } from 'vitest/config';
import { countReporter } from './scripts/count-reporter.mjs';

/** Tests run against the sources: workspaces resolve through the `portcullis-source` condition. The rest is vite's default. */
const conditions = ['portcullis-source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', countReporter()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
