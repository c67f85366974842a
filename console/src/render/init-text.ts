import type { Draft } from '../init/draft.ts'
import type { Paper } from './paper.ts'

/** What was written, and what to do next, in order. */
export function initText(
  { draft, folder, paths }: { draft: Draft; folder: string; paths: readonly string[] },
  { paint }: Paper,
): string {
  const { capability, data, ports } = draft
  const isFor = (path: string) => purposes.find(([pattern]) => pattern.test(path))?.[1] ?? ''
  const width = Math.max(...paths.map(path => path.length))
  const go = folder === '' ? [] : [`cd ${folder}`]
  const sql = (name: 'legacy' | 'extracted') => {
    const place = data?.[name]
    return place === undefined
      ? []
      : [`mariadb -h ${place.host} -P ${place.port} -u root < sql/${name}.sql    # as an administrator`]
  }
  const steps = [
    ...go,
    ...sql('legacy'),
    ...sql('extracted'),
    'npx strangler doctor',
    `npx strangler up                      # clients go to http://127.0.0.1:${ports.proxy} from now on`,
    ...(data === undefined
      ? [`npx strangler stage ${capability} shadow --reason "compare reads"`]
      : [
          `npx strangler plan ${capability}`,
          `npx strangler run ${capability} --to shadow --reason "compare reads"`,
        ]),
  ]
  return `${paths.map(path => `  ${path.padEnd(width)}  ${paint.dim(isFor(path))}\n`).join('')}
Next:
${steps.map(step => `  ${step}\n`).join('')}`
}

const purposes: readonly [RegExp, string][] = [
  [/^strangler\.yaml$/, 'routes and stages'],
  [/schema\.json$/, 'lets editors complete strangler.yaml'],
  [/^system\.yaml$/, 'what npx strangler up starts'],
  [/^\.env$/, 'accounts of the databases; keep it to yourself'],
  [/^\.strangler\/token$/, "the operator's token"],
  [/^wsdl\//, 'the contract, as a file'],
  [/^service\/main/, 'the new service: runs as it stands'],
  [/^service\/handlers/, 'what it does: to be written'],
  [/^plans\//, 'mappings, gates and steps: a draft to read'],
  [/^sql\//, 'accounts, schemas and tables, for an administrator'],
]
