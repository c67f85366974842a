/** What one check found. `fix` says what to do, or what would have to be typed. */
export type Finding = {
  /** What was looked at, such as `log_bin`. */
  check: string
  /** Of which part: a database by name, `machine`, `strangler.yaml`. */
  subject: string
  level: 'ok' | 'warning' | 'problem'
  message: string
  fix?: string
}

/** Findings of one subject, each with a few words. */
export function findingsOf(subject: string) {
  return {
    ok: (check: string, message: string): Finding => ({ check, subject, level: 'ok', message }),
    warning: (check: string, message: string, fix: string): Finding => ({
      check,
      subject,
      level: 'warning',
      message,
      fix,
    }),
    problem: (check: string, message: string, fix: string): Finding => ({
      check,
      subject,
      level: 'problem',
      message,
      fix,
    }),
  }
}
