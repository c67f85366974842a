import type { DemoReport } from './report/demo-report.ts'

export type Step = DemoReport['steps'][number]

export type Teller = {
  /** Tells what is being done now, runs it, tells what came of it, and keeps the step for the report. */
  step<T>(
    label: string,
    command: string | null,
    act: () => Promise<T>,
    outcome: (result: T) => string,
  ): Promise<T>
  say(text: string): void
  progress(text: string): void
  steps(): readonly Step[]
}

/**
 * Tells the story as it happens: one heading per step, what the operator typed, and the outcome.
 * @param nowMs time since traffic began
 */
export function createTeller(write: (text: string) => void, terminal: boolean, nowMs: () => number): Teller {
  const steps: Step[] = []
  const bold = (text: string) => (terminal ? `\u001b[1m${text}\u001b[0m` : text)
  const dim = (text: string) => (terminal ? `\u001b[2m${text}\u001b[0m` : text)
  let lastProgress = ''
  const clear = terminal ? '\r\u001b[K' : ''
  return {
    steps: () => steps,
    say: text => write(`${clear}    ${text}\n`),
    progress: text => {
      if (text === lastProgress) return
      lastProgress = text
      write(terminal ? `${clear}    ${dim(text.slice(0, 110))}` : `    ${text}\n`)
    },
    step: async (label, command, act, outcome) => {
      const atMs = nowMs()
      write(`\n${bold(`${(atMs / 1_000).toFixed(1).padStart(6)} s  ${label}`)}\n`)
      if (command !== null) write(`    $ ${command}\n`)
      const result = await act()
      const told = outcome(result)
      write(`${clear}    → ${told}\n`)
      steps.push({ atMs, label, command, seconds: (nowMs() - atMs) / 1_000, outcome: told })
      return result
    },
  }
}
