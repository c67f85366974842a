import type { Config } from 'jest'

/** jest strips the types itself when no transform claims `.ts` (jest 30.5.2 and later). */
const base = {
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/\\.strangler/'],
  modulePathIgnorePatterns: ['/\\.strangler/'],
}

export default {
  workerIdleMemoryLimit: '512MB',
  // A loaded machine may take its time; a test that hangs is still found. Within a project jest ignores it.
  testTimeout: 60_000,
  projects: [
    { ...base, displayName: 'unit', testMatch: ['**/test/**/!(*.db|*.e2e|*.process).test.ts'] },
    { ...base, displayName: 'process', testMatch: ['**/test/**/*.process.test.ts'] },
    {
      ...base,
      displayName: 'db',
      testMatch: ['**/test/**/*.db.test.ts'],
      globalSetup: '<rootDir>/stack/src/test-support/start-mariadb.ts',
      globalTeardown: '<rootDir>/stack/src/test-support/stop-mariadb.ts',
    },
    { ...base, displayName: 'e2e', testMatch: ['**/test/**/*.e2e.test.ts'] },
  ],
} satisfies Config
