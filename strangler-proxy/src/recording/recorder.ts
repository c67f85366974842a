import { randomUUID } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { createRedactor, type Redactor } from './redact-request.ts'
import { openRotatedFile, type RotatedFile } from './rotated-file.ts'

/** What to record, and how much of it. */
export type RecordingOrder = {
  /** Requests of this capability only; every request where absent. */
  capability?: string | undefined
  /** Share of the requests, 0 to 1. */
  sample: number
  fileBytes: number
  maxBytes: number
  /** Names of fields that are hashed, besides those that always are. */
  redact: readonly string[]
  /** Where several workers record: the id that all use, and what tells this one's files apart. */
  id?: string | undefined
  part?: string | undefined
}

/** A request as it was served. */
export type RecordedRequest = {
  method: string
  path: string
  /** Flat: names and values. */
  headers: readonly string[]
  contentType: string | undefined
  /** Undefined where it was larger than what is kept. */
  body: Buffer | undefined
  capability: string | undefined
  route: string | undefined
  effect: string
  side: string
  generation: number
  status: number
  ms: number
}

/** Every request that was seen is counted under exactly one of the other figures once it has ended. */
export type RecordingFigures = {
  id: string
  active: boolean
  since: string
  by: string
  reason: string
  capability: string | null
  seen: number
  recorded: number
  /** Seen and not ended yet. */
  open: number
  skipped: Record<SkipReason, number>
  bytes: number
  files: readonly string[]
  /** Workers that died while they recorded: what they had not written is in no figure. */
  lostWorkers: number
}

export type SkipReason =
  | 'sampled-out'
  | 'aborted'
  | 'body-too-large'
  | 'body-not-understood'
  | 'queue-full'
  | 'full'
  | 'stopped'

/** The place that a request holds in a recording while it is served. */
export type RecordingPlace = {
  /** Not called for a request that had no reply. */
  ended(request: RecordedRequest): void
  aborted(): void
}

export type Recorder = {
  /** Undefined where the request is not recorded. */
  place(capability: string | undefined): RecordingPlace | undefined
  /** @throws ToolkitError RECORDING_ACTIVE: one runs at a time */
  start(order: RecordingOrder, by: string, reason: string): RecordingFigures
  /** Resolves once everything recorded is on disk. @throws ToolkitError RECORDING_UNKNOWN, RECORDING_FAILED */
  stop(id: string): Promise<RecordingFigures>
  /** The newest first. */
  recordings(): RecordingFigures[]
  close(): Promise<void>
}

type Recording = RecordingFigures & { order: RecordingOrder; file: RotatedFile; redactor: Redactor }

const maxKept = 20

/**
 * Records requests as JSON lines that begin with method, path, headers and body. The proxy sees every request once,
 * whole and in the clear, so nothing is lost but what the figures say.
 */
export function createRecorder(options: {
  folder: string
  redactionKey: string
  clock: Clock
  log: Log
  random(): number
}): Recorder {
  const { folder, redactionKey, clock, log, random } = options
  const all: Recording[] = []
  let active: Recording | undefined

  function write(recording: Recording, request: RecordedRequest): void {
    recording.open--
    const { method, path, headers, contentType, body, ...facts } = request
    const { redactor } = recording
    const text = body === undefined ? undefined : redactor.body(body, contentType)
    let end: SkipReason | 'taken'
    if (!recording.active) end = 'stopped'
    else if (body === undefined) end = 'body-too-large'
    else if (text === undefined) end = 'body-not-understood'
    else {
      const line = {
        method,
        path: redactor.path(path),
        headers: redactor.headers(headers),
        body: body.length === 0 ? null : text,
        at: new Date(clock.now()).toISOString(),
        ...facts,
      }
      end = recording.file.write(`${JSON.stringify(line)}\n`)
    }
    if (end === 'taken') recording.recorded++
    else recording.skipped[end]++
  }

  function finish(recording: Recording): Promise<void> {
    recording.active = false
    if (active === recording) active = undefined
    return recording.file.close()
  }

  return {
    place(capability) {
      const recording = active
      if (recording === undefined) return undefined
      if (recording.capability !== null && recording.capability !== capability) return undefined
      recording.seen++
      if (random() >= recording.order.sample) {
        recording.skipped['sampled-out']++
        return undefined
      }
      recording.open++
      return {
        ended: request => write(recording, request),
        aborted() {
          recording.open--
          recording.skipped.aborted++
        },
      }
    },
    start(order, by, reason) {
      if (active !== undefined)
        throw new ToolkitError('RECORDING_ACTIVE', `recording ${active.id} runs already`, {
          details: { id: active.id },
          hint: 'stop it first: DELETE /admin/recordings/ID',
        })
      const since = new Date(clock.now()).toISOString()
      const id = order.id ?? recordingId(clock.now())
      active = {
        id,
        active: true,
        since,
        by,
        reason,
        capability: order.capability ?? null,
        seen: 0,
        recorded: 0,
        open: 0,
        skipped: {
          'sampled-out': 0,
          aborted: 0,
          'body-too-large': 0,
          'body-not-understood': 0,
          'queue-full': 0,
          full: 0,
          stopped: 0,
        },
        bytes: 0,
        files: [],
        lostWorkers: 0,
        order,
        file: openRotatedFile(folder, order.part === undefined ? id : `${id}.${order.part}`, order, error =>
          log.error({ recording: id, cause: messageOf(error) }, 'a recording cannot be written'),
        ),
        redactor: createRedactor(redactionKey, order.redact),
      }
      all.unshift(active)
      all.length = Math.min(all.length, maxKept)
      return figures(active)
    },
    async stop(id) {
      const recording = all.find(one => one.id === id)
      if (recording === undefined)
        throw new ToolkitError('RECORDING_UNKNOWN', `no recording ${id} was made by this process`)
      await finish(recording).catch(error => {
        throw new ToolkitError('RECORDING_FAILED', `recording ${id} is not whole: ${messageOf(error)}`, {
          details: { ...figures(recording) },
          cause: error,
        })
      })
      return figures(recording)
    },
    recordings: () => all.map(figures),
    async close() {
      if (active !== undefined) await finish(active).catch(() => {})
    },
  }
}

/** @param now wall clock, by which recordings sort */
export function recordingId(now: number): string {
  const since = new Date(now).toISOString()
  return `${since.slice(0, 19).replaceAll(/[-:]/g, '')}-${randomUUID().slice(0, 8)}`
}

function figures({ order: _order, file, redactor: _redactor, ...rest }: Recording): RecordingFigures {
  return { ...rest, skipped: { ...rest.skipped }, bytes: file.bytes(), files: [...file.files()] }
}
