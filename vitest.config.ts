import {defineConfig} from 'vitest/config';

const servers = ['test/helpers/run/database-servers.ts'];

export default defineConfig({
  test: {
    globalSetup: ['test/helpers/run/global-setup.ts'],
    reporters: ['default', './test/helpers/run/summary-reporter.ts'],
    // Real processes and real syncs: generous, since a time limit here only ever finds a hang.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // By default vitest leaves one of two processors idle, which also idle while a test waits.
    maxWorkers: 2,
    projects: [
      {extends: true, test: {name: 'unit', include: ['test/unit/**/*.test.ts']}},
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{unit,fault}/**'],
          globalSetup: servers,
        },
      },
      {extends: true, test: {name: 'fault', include: ['test/fault/**/*.test.ts'], globalSetup: servers}},
    ],
  },
});
