import type { Json } from './json-fields.ts'
import { numberOf, textOf } from './json-fields.ts'
import { oneLine } from './plain-text.ts'
import { count } from './quantities.ts'
import { cutToWidth } from './text-width.ts'

export type ProgressOutput = { write(text: string): void; terminal: boolean; width: number }

export type ProgressView = {
  show(progress: Json): void
  /** Leaves the terminal's line clean for what is written next. */
  end(): void
}

const barWidth = 24
const redrawMs = 60
const plainLineMs = 2_000

/**
 * Long work as it goes on: one moving bar on a terminal; elsewhere a line per step and, within one, every two seconds.
 * @param elapsed monotonic milliseconds
 */
export function createProgressView(output: ProgressOutput, elapsed: () => number): ProgressView {
  return output.terminal ? movingBar(output, elapsed) : plainLines(output, elapsed)
}

function movingBar({ write, width }: ProgressOutput, elapsed: () => number): ProgressView {
  let step = ''
  let drawnAt = Number.NEGATIVE_INFINITY
  return {
    show: progress => {
      const next = textOf(progress.step, '')
      const now = elapsed()
      const same = next === step
      if (same && now - drawnAt < redrawMs && !isComplete(progress)) return
      if (!same && step !== '') write('\n')
      step = next
      drawnAt = now
      write(`\r\u001b[K${cutToWidth(progressLine(progress, barWidth), width - 1)}`)
    },
    end: () => {
      if (step !== '') write('\n')
      step = ''
    },
  }
}

function plainLines({ write }: ProgressOutput, elapsed: () => number): ProgressView {
  let step: string | undefined
  let last = ''
  let writtenAt = 0
  return {
    show: progress => {
      const next = textOf(progress.step, '')
      const line = progressLine(progress, 0)
      const due = next !== step || elapsed() - writtenAt >= plainLineMs || isComplete(progress)
      if (!due || line === last) return
      step = next
      last = line
      writtenAt = elapsed()
      write(`${line}\n`)
    },
    end: () => {},
  }
}

/** `copy  [████░░░░] 42 %  8,400 of 20,000  rows of customers`; without the bar where `bar` is 0. */
export function progressLine(progress: Json, bar: number): string {
  const done = numberOf(progress.done)
  const total = numberOf(progress.total)
  const share = done !== undefined && total !== undefined && total > 0 ? clamp(done / total) : undefined
  const full = share === undefined ? 0 : Math.round(share * bar)
  const parts = [
    oneLine(textOf(progress.step, '')),
    share === undefined || bar === 0 ? '' : `[${'█'.repeat(full)}${'░'.repeat(bar - full)}]`,
    share === undefined ? '' : `${Math.floor(share * 100)} %`,
    done === undefined ? '' : total === undefined ? count(done) : `${count(done)} of ${count(total)}`,
    oneLine(textOf(progress.message, '')),
  ]
  return parts.filter(part => part !== '').join('  ')
}

function isComplete(progress: Json): boolean {
  return progress.total !== undefined && progress.done === progress.total
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share))
}
