import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DrillResult } from './drill.ts'
import { drillJunit } from './drill-junit.ts'
import { drillPage } from './drill-page.ts'

/** Writes a drill's evidence as page, JSON and JUnit XML. @returns the path of the page */
export async function storeReport(
  folder: string,
  capability: string,
  at: Date,
  result: DrillResult,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const name = join(folder, `drill-${capability}-${at.toISOString().replace(/[:.]/g, '-')}`)
  await Promise.all([
    writeFile(`${name}.html`, drillPage(capability, at, result)),
    writeFile(`${name}.json`, `${JSON.stringify(result)}\n`),
    writeFile(`${name}.junit.xml`, drillJunit(capability, result)),
  ])
  return `${name}.html`
}
