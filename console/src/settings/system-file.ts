import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidInput } from '@strangler/kit/problem.ts'
import { parse } from 'yaml'
import { z } from 'zod'

const address = z
  .string()
  .regex(/^[\w.:[\]-]+:\d{1,5}$/, 'HOST:PORT, such as 127.0.0.1:8080')
  .transform(text => {
    const at = text.lastIndexOf(':')
    return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
  })

const processSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'lower-case letters, digits and dashes'),
  /** The command and its arguments; `strangler` and `node` are ours. No shell. */
  run: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()).default({}),
  /** Where it listens once it is up; without it, it prints a line {"ready":true,"url":…} as our own do. */
  url: z.url({ protocol: /^https?$/ }).optional(),
})

const schema = z.strictObject({
  listen: z.strictObject({ proxy: address, admin: address, engine: address, dashboard: address }),
  processes: z.array(processSchema).default([]),
})

export type SystemFile = z.infer<typeof schema>
export type OwnProcess = SystemFile['processes'][number]
export type Address = { host: string; port: number }

export const systemFileName = 'system.yaml'

/**
 * What `strangler up` starts in that folder, or undefined where there is no system.yaml.
 * @throws ToolkitError CONFIG_INVALID with every problem
 */
export async function readSystemFile(folder: string): Promise<SystemFile | undefined> {
  const path = join(folder, systemFileName)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  let raw: unknown
  try {
    raw = parse(text)
  } catch (error) {
    throw invalidInput('CONFIG_INVALID', path, [{ path: '', message: (error as Error).message }])
  }
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw invalidInput(
    'CONFIG_INVALID',
    path,
    parsed.error.issues.map(issue => ({ path: issue.path.join('.'), message: issue.message })),
  )
}

/** `http://127.0.0.1:8080`, with brackets around an IPv6 address. */
export function urlOf({ host, port }: Address): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
