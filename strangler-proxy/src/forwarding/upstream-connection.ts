import type { LookupFunction } from 'node:net'
import { createSecureContext } from 'node:tls'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { buildConnector } from 'undici'
import { type CompanionFiles, readTls } from '../config/companion-files.ts'
import type { UpstreamTls } from '../config/config-schema.ts'

/** How connections to a server are made: an option of undici's pools. */
export type Connect = buildConnector.BuildOptions | buildConnector.connector

export type ConnectParts = {
  connectMs: number
  tls: UpstreamTls | undefined
  files: CompanionFiles
  /** Replaces the system's, for servers whose addresses are not taken on trust. */
  lookup: LookupFunction | undefined
  /** Told once of files that can be used no more; what was read before stays in use. */
  onUnreadable(cause: string): void
}

/**
 * A certificate is checked against the name of the URL, or against `tls.servername`: never against the Host that a
 * client sends. The files are read for every connection, so that a renewed certificate needs no restart.
 * @param url of the server
 */
export function createConnect(
  url: string,
  { connectMs, tls, files, lookup, ...parts }: ConnectParts,
): Connect {
  const options = { timeout: connectMs, allowH2: false, ...(lookup === undefined ? {} : { lookup }) }
  const { protocol, hostname } = new URL(url)
  if (protocol === 'http:') return options
  const servername = tls?.servername ?? nameOf(hostname)
  let read = ''
  let inner: buildConnector.connector | undefined
  let complained = false

  function current(): buildConnector.connector {
    if (tls === undefined) {
      inner ??= buildConnector(options)
      return inner
    }
    try {
      const pems = readTls(tls, files)
      const text = JSON.stringify(pems)
      if (inner === undefined || text !== read)
        inner = buildConnector({ ...options, secureContext: createSecureContext(pems) })
      read = text
      complained = false
    } catch (error) {
      if (inner === undefined) throw error
      if (!complained) parts.onUnreadable(messageOf(error))
      complained = true
    }
    return inner
  }

  return (wanted, callback) => {
    let connector: buildConnector.connector
    try {
      connector = current()
    } catch (error) {
      callback(error instanceof Error ? error : new Error(messageOf(error)), null)
      return
    }
    connector({ ...wanted, servername }, callback)
  }
}

/** An address is no name for SNI; node then checks the certificate against the address. */
function nameOf(hostname: string): string {
  return /^[\d.]+$|^\[/.test(hostname) ? '' : hostname
}
