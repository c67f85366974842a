import { ToolkitError } from './toolkit-error.ts'

/** One thing wrong with an input: where (a path such as `capabilities.customers.stage`), and what. */
export type Problem = { path: string; message: string; line?: number }

/** One line a problem: `strangler.yaml:7 capabilities.customers.stage: …`. */
export function formatProblem(problem: Problem, file = ''): string {
  const place = problem.line === undefined ? file : `${file}:${problem.line}`
  const where = [place, problem.path].filter(part => part !== '').join(' ')
  return where === '' ? problem.message : `${where}: ${problem.message}`
}

/** An input refused as a whole, every problem of it named. */
export function invalidInput(code: string, subject: string, problems: readonly Problem[]): ToolkitError {
  const lines = problems.map(problem => `  ${formatProblem(problem, subject)}`)
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new ToolkitError(code, `${subject}: ${count}\n${lines.join('\n')}`, { details: { problems } })
}
