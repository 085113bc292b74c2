import {defineConfig} from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/run/global-setup.ts'],
    reporters: ['default', './test/helpers/run/summary-reporter.ts'],
    // Real processes and real syncs: generous, since a time limit here only ever finds a hang.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
