import { traceOf } from '@strangler/chassis/http/request-log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Request, Response } from 'express'
import type { Asking } from '../application/capabilities.ts'

/** What says who calls: the proxy keeps a caller on one side by one of these. */
const passedOn = ['cookie', 'authorization'] as const

/** On whose behalf the capabilities are asked. When the caller has gone nobody waits for the answer any more. */
export function askingOf(request: Request, response: Response): Asking {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const headers = Object.fromEntries(
    passedOn.flatMap(name => {
      const value = request.get(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  return { trace: traceOf(response), signal: gone.signal, headers }
}

export function orderIdIn(request: Request): string {
  return idIn(request, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
}

export function customerIdIn(request: Request): number {
  return Number(idIn(request, /^(0|[1-9]\d{0,14})$/))
}

function idIn(request: Request, form: RegExp): string {
  const id = String(request.params.id)
  if (form.test(id)) return id
  throw new ToolkitError('NOT_FOUND', `nothing is at ${request.path}`)
}

/** Composed of what was true a moment ago, for one caller: nobody is to keep it. */
export function answer(response: Response, body: object): void {
  response.set('cache-control', 'no-store').json(body)
}
