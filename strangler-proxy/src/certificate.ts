import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Certificate } from './entry-server.ts'

export type CertificateFiles = { certFile: string; keyFile: string }

/** @throws ToolkitError CONFIG_UNREADABLE where the files are missing, or do not fit each other */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')])
    createSecureContext({ cert, key })
    return { cert, key }
  } catch (error) {
    throw new ToolkitError(
      'CONFIG_UNREADABLE',
      `${certFile} and ${keyFile} are no certificate with its key: ${messageOf(error)}`,
      {
        hint: 'name PEM files with --tls-cert and --tls-key',
        cause: error,
      },
    )
  }
}
