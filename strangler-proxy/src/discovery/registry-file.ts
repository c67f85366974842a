import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { registration } from './registration.ts'
import type { ServiceRegistry } from './service-registry.ts'

const saved = z.array(registration.extend({ service: z.string(), id: z.string() }))

/** Keeps the registry over a restart of the proxy, whose instances would else be unknown until their next heartbeat. */
export type RegistryFile = {
  /** Puts back who was known; each has its whole time to beat again. */
  restore(registry: ServiceRegistry): Promise<void>
  /** Writes soon, and one at a time. */
  save(registry: ServiceRegistry): void
  close(): Promise<void>
}

/** @param onUnkept told why it could not be written; the registry works without it */
export function registryFile(path: string, onUnkept: (error: unknown) => void): RegistryFile {
  let writing: Promise<void> | undefined
  let again = false

  async function write(registry: ServiceRegistry): Promise<void> {
    do {
      again = false
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await writeFile(`${path}.draft`, JSON.stringify(registry.all()), { mode: 0o600 })
      await rename(`${path}.draft`, path)
    } while (again)
  }

  return {
    async restore(registry) {
      const text = await readFile(path, 'utf8').catch(() => '[]')
      for (const { ttlMs, ...instance } of parse(text)) registry.put(instance, ttlMs)
    },
    save(registry) {
      again = true
      writing ??= write(registry)
        .catch(onUnkept)
        .finally(() => {
          writing = undefined
        })
    },
    close: async () => writing,
  }
}

/** What cannot be read is as good as nothing: heartbeats bring it back. */
function parse(text: string): z.infer<typeof saved> {
  try {
    return saved.parse(JSON.parse(text))
  } catch {
    return []
  }
}
