/** Why a process can't start: one sentence that says what to do, and the exit code. */
export class StartFailure extends Error {
  readonly exitCode: number

  constructor(sentence: string, exitCode: number) {
    super(sentence)
    this.name = 'StartFailure'
    this.exitCode = exitCode
  }
}

/**
 * `DATABASE_URL`, checked.
 * @throws StartFailure
 */
export function databaseUrlOf(env: NodeJS.ProcessEnv): string {
  const url = env.DATABASE_URL
  if (url === undefined || !/^mysql:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new StartFailure('Set DATABASE_URL to mysql://user:password@host:port/schema.', 2)
  return url
}

/**
 * A count given as `--name N`.
 * @throws StartFailure when it is not a whole number from 0 to 10 million
 */
export function countOption(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,8}$/.test(value) || Number(value) > 10_000_000)
    throw new StartFailure(`--${name} must be a whole number from 0 to 10000000.`, 2)
  return Number(value)
}

/** Writes the sentence and answers the exit code. */
export function explainFailure(error: unknown): { sentence: string; exitCode: number } {
  if (error instanceof StartFailure) return { sentence: error.message, exitCode: error.exitCode }
  return { sentence: error instanceof Error ? error.message : String(error), exitCode: 1 }
}
