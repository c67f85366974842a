type Stroke = (text: string) => string

export type Paint = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow', Stroke>

/** What a result is written on: how many columns it has (Infinity where lines are not cut), and its colours. */
export type Paper = { width: number; paint: Paint }

const styles = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const

/** Colours as ANSI sequences, or none. */
export function createPaint(coloured: boolean): Paint {
  const stroke = ([on, off]: readonly [number, number]): Stroke =>
    coloured ? text => `\u001b[${on}m${text}\u001b[${off}m` : text => text
  return {
    bold: stroke(styles.bold),
    dim: stroke(styles.dim),
    red: stroke(styles.red),
    green: stroke(styles.green),
    yellow: stroke(styles.yellow),
  }
}
