import type { EngineOperator, Operator } from './operator/operator.ts'
import type { Recorder } from './operator/proxy-recorder.ts'
import type { Json } from './render/json-fields.ts'
import type { Paper } from './render/paper.ts'

/** One of the two channels of the terminal. */
export type Output = { write(text: string): void; terminal: boolean; width: number; coloured: boolean }

/** Where Node and the mains are that a system consists of. */
export type Programs = Record<'node' | 'strangler' | 'proxy' | 'engine' | 'dashboard', string>

export type ProgramAnswer = { exit: number; stdout: string; stderr: string }

/** Everything outside that the CLI works with; `main.ts` takes it from the process, tests make their own. */
export type Surroundings = {
  cwd: string
  user: string
  uid: number | undefined
  token: string | undefined
  env: Readonly<Record<string, string | undefined>>
  version: string
  /** Of Node, such as `v24.11.0`. */
  nodeVersion: string
  stdout: Output
  stderr: Output
  /** Aborted when the operator presses Ctrl-C. */
  signal: AbortSignal
  /**
   * Runs strangler-proxy's main with these arguments on our own stdin, stdout and stderr; answers its exit code.
   * @param main another main of it: the one that compares two systems
   */
  runProxy(args: readonly string[], main?: 'compare-main.ts'): Promise<number>
  /** As runProxy, for the adapters' command line. */
  runAcl(args: readonly string[]): Promise<number>
  /** As runProxy and runAcl, for what the answer is needed of: its output is kept instead of shown. */
  ask(program: 'proxy' | 'acl' | 'connector', args: readonly string[]): Promise<ProgramAnswer>
  programs: Programs
  /** Asks the person at the terminal; undefined where there is none. */
  question: ((text: string) => Promise<string>) | undefined
  now(): number
  elapsed(): number
  /** Silence allowed, and time for a restarting engine to listen again, in milliseconds. */
  idleMs: number
  connectMs: number
}

/** What a verb ends with: a document for `--json`, text for people, and the exit code. */
export type Answer = { document: unknown; exit: number; text(paper: Paper): string }

export type GlobalOptions = { json?: true; state?: string; admin?: string }

/** What the verbs are given. */
export type Cli = {
  surroundings: Surroundings
  /** The arguments as they were typed. */
  argv: readonly string[]
  /** Turns a verb's work into what commander calls; its answer is written when everything is over. */
  answering<Args extends unknown[]>(
    work: (...args: Args) => Promise<Answer>,
  ): (...args: Args) => Promise<void>
  /** As `answering`, for a verb whose child writes for itself: only the exit code is ours. */
  delegating(work: () => Promise<number>): () => Promise<void>
  operator(options: GlobalOptions): Promise<Operator>
  engine(options: GlobalOptions, verb: string): Promise<EngineOperator>
  /** @throws ToolkitError NOT_RUNNING */
  recorder(options: GlobalOptions): Promise<Recorder>
  onProgress(progress: Json): void
}
