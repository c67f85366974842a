import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Finding } from './check-config.ts'
import type { Config, UpstreamTls } from './config-schema.ts'

/** The files that a configuration names, such as certificates; their paths are looked for beside it. */
export type CompanionFiles = {
  /** @throws when it cannot be read */
  read(path: string): string
}

export function companionFiles(configFile: string): CompanionFiles {
  const folder = dirname(resolve(configFile))
  return { read: path => readFileSync(resolve(folder, path), 'utf8') }
}

/** What is wrong with the certificates and keys that upstreams name. */
export function checkCompanions(config: Config, files: CompanionFiles): Finding[] {
  return Object.entries(config.upstreams).flatMap(([name, { tls }]) =>
    tls === undefined ? [] : checkTls(['upstreams', name, 'tls'], tls, files),
  )
}

/** PEM texts for a TLS connection. @throws when a file cannot be read */
export function readTls(
  { ca, cert, key }: UpstreamTls,
  files: CompanionFiles,
): { ca?: string; cert?: string; key?: string } {
  const given = Object.entries({ ca, cert, key }).filter(entry => entry[1] !== undefined)
  return Object.fromEntries(given.map(([part, path]) => [part, files.read(path!)]))
}

function checkTls(at: string[], tls: UpstreamTls, files: CompanionFiles): Finding[] {
  const findings = (['ca', 'cert', 'key'] as const).flatMap((part): Finding[] => {
    const path = tls[part]
    if (path === undefined) return []
    try {
      const text = files.read(path)
      if (!text.includes('-----BEGIN ')) return [{ path: [...at, part], message: `${path} holds no PEM` }]
      if (part === 'ca') createSecureContext({ ca: text })
      return []
    } catch (error) {
      return [{ path: [...at, part], message: `${path} cannot be used: ${messageOf(error)}` }]
    }
  })
  if (findings.length > 0 || tls.cert === undefined || tls.key === undefined) return findings
  try {
    createSecureContext(readTls(tls, files))
    return []
  } catch (error) {
    return [{ path: [...at, 'key'], message: `does not go with the certificate: ${messageOf(error)}` }]
  }
}
