import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Json, recordOf, textOf } from '../render/json-fields.ts'
import type { Patience } from './engine-operator.ts'
import type { FoundSystem } from './find-system.ts'
import { exchange } from './http-exchange.ts'
import { readDocument } from './read-answer.ts'

export type RecordingOrder = {
  capability?: string | undefined
  sample: number
  redact: readonly string[]
  by: string
  reason: string
}

/** Records requests at a proxy, into files beside its configuration. */
export type Recorder = {
  list(): Promise<Json>
  start(order: RecordingOrder): Promise<Json>
  /** Is done also after Ctrl-C: a recording that nobody ends fills its files. */
  stop(id: string): Promise<Json>
}

/** @throws ToolkitError NOT_RUNNING where no proxy is known */
export function openRecorder({ proxyUrl, token }: FoundSystem, patience: Patience): Recorder {
  if (proxyUrl === undefined)
    throw new ToolkitError('NOT_RUNNING', 'no proxy runs here', {
      hint: 'start one, or name its admin API: --admin http://127.0.0.1:8081',
    })
  const endpoint = { name: 'proxy', url: proxyUrl, token } as const
  const ask = async (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: Json,
    signal = patience.signal,
  ) => {
    const request = { method, path, ...(body === undefined ? {} : { body }), ...patience, signal }
    return recordOf(await readDocument(endpoint, await exchange(endpoint, request)))
  }
  return {
    list: () => ask('GET', '/admin/recordings'),
    start: order => ask('POST', '/admin/recordings', order),
    stop: id =>
      ask(
        'DELETE',
        `/admin/recordings/${encodeURIComponent(textOf(id))}`,
        undefined,
        new AbortController().signal,
      ),
  }
}
