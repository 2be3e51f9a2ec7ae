import { defineConfig } from 'vitest/config';
import { countReporter } from './scripts/count-reporter.mjs';

/** Tests run against the sources: workspaces resolve through the `portcullis-source` condition. */
export default defineConfig({
  resolve: { conditions: ['portcullis-source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['portcullis-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', countReporter()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
