/** How long and how often each contender runs. */
export type BenchmarkOptions = {
  seconds: number
  rounds: number
  /** How many rows a benchmark of data moves; each has a default of its own. */
  rows?: number
  /** Of what is drawn at random; a benchmark that draws prints it. */
  seed?: number
  /** Of the bench: where java and the like are found. */
  env: NodeJS.ProcessEnv
  say(line: string): void
}

/** What one contender did, as medians over the rounds. */
export type Figure = {
  name: string
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  errors: number
  /** Processor time of the contender per request; undefined where the system does not tell. */
  cpuMicros: number | undefined
}

/** A measured number against its bar. */
export type Bar = {
  name: string
  value: number
  /** `>= 1.8`: what the value must be. */
  op: '>=' | '<='
  bar: number
  unit: string
  /** Why it is not measured here, if so. */
  skipped?: string
}

export type Report = { figures: Figure[]; bars: Bar[]; notes: string[] }

/** Exported as `benchmark` by each file of `benchmarks/`. */
export type Benchmark = (options: BenchmarkOptions) => Promise<Report>
