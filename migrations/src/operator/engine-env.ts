import { z } from 'zod'

const httpUrl = z
  .string()
  .refine(value => /^https?:\/\//.test(value) && URL.canParse(value), 'an http:// URL')
const databaseUrl = z
  .string()
  .refine(
    value =>
      URL.canParse(value) && new URL(value).protocol === 'mysql:' && new URL(value).pathname.length > 1,
    'a URL mysql://user:password@host:port/schema',
  )

const kafkaServers = z
  .string()
  .transform(text =>
    text
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== ''),
  )
  .pipe(z.array(z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'host:port, or several with commas')).min(1))

/** Where changes are read from: the databases' binlogs, or Debezium's topics. */
const changeSource = z
  .object({
    STRANGLER_CHANGE_SOURCE: z.enum(['binlog', 'debezium']).default('binlog'),
    STRANGLER_KAFKA: kafkaServers.optional(),
    STRANGLER_CONNECT: httpUrl.optional(),
  })
  .check(({ value, issues }) => {
    if (value.STRANGLER_CHANGE_SOURCE !== 'debezium') return
    for (const name of ['STRANGLER_KAFKA', 'STRANGLER_CONNECT'] as const)
      if (value[name] === undefined)
        issues.push({
          code: 'custom',
          input: value,
          path: [name],
          message: 'needed with STRANGLER_CHANGE_SOURCE=debezium',
        })
  })

const engine = z.object({
  PORT: z.coerce.number().pipe(z.int().min(0).max(65_535)).default(0),
  HOST: z.string().min(1).default('127.0.0.1'),
  STRANGLER_TOKEN: z.string().min(16, 'at least 16 characters'),
  STRANGLER_DATABASE_URL: databaseUrl,
  STRANGLER_PROXIES: z
    .string()
    .transform(text =>
      text
        .split(',')
        .map(part => part.trim())
        .filter(part => part !== ''),
    )
    .pipe(z.array(httpUrl).min(1, 'at least one admin URL')),
  STRANGLER_ENTRY_URL: httpUrl,
  /** Where a drill's reports are written; none are where it is not set. */
  STRANGLER_REPORTS: z.string().min(1).optional(),
  /** Folder of the plans, one file each, from where the process was started; the sample's where it is not set. */
  STRANGLER_PLANS: z.string().min(1).optional(),
  STRANGLER_FAULTS: z.enum(['allow', 'off']).default('off'),
  /** The run.json of the system, for the processes that a fault may kill; of no effect unless faults are allowed. */
  STRANGLER_RUN_FILE: z.string().min(1).optional(),
})

/** The engine's environment; the databases of the plans come on top: STRANGLER_DB_<NAME>, STRANGLER_APPLIER_<NAME>. */
export const engineEnv = z.intersection(engine, changeSource)

export type EngineEnv = z.infer<typeof engineEnv>

/** The variables of one database of a plan. */
export function databaseVariables(name: string): { toolkit: string; applier: string } {
  const suffix = name.toUpperCase().replaceAll('-', '_')
  return { toolkit: `STRANGLER_DB_${suffix}`, applier: `STRANGLER_APPLIER_${suffix}` }
}

/** One side's accounts. */
export const sideEnv = (name: string) => {
  const { toolkit, applier } = databaseVariables(name)
  return z.object({ [toolkit]: databaseUrl, [applier]: databaseUrl })
}
