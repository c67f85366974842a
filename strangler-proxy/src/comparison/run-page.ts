import type { Observation } from '../forwarding/reply-tap.ts'
import type { Example, RunResult } from './compare-run.ts'
import type { RecordedRequest } from './request-file.ts'

const shownBody = 4_000

/** The report of a comparison run as one page: needs no other file, and loads nothing. */
export function runPage(
  result: RunResult,
  examples: readonly Example[],
  systems: { before: string; after: string },
): string {
  const { verdict, requests, matched, ignored, diverged, errors, noise } = result
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Comparison: ${verdict}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>body{font:14px system-ui;margin:2rem;max-width:1200px}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.5rem;margin:0}.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}details{border-bottom:1px solid #ccc;padding:.4rem 0}.pass{color:#176}.fail{color:#b12}</style>
<h1>Comparison: <span class="${verdict}">${verdict}</span></h1>
<p>before ${escaped(systems.before)}, after ${escaped(systems.after)}</p>
<p>${requests} requests: ${matched} matched, ${ignored} ignored, ${diverged} diverged, ${errors} errors; before differed from itself ${noise} times.</p>
<h2>Routes</h2>${table(
    [
      'route',
      'samples',
      'diverged',
      'ignored',
      'errors',
      'noise',
      'before p50/p99 ms',
      'after p50/p99 ms',
      'verdict',
    ],
    result.routes.map(route => [
      route.route,
      route.samples,
      route.diverged,
      route.ignored,
      route.errors,
      route.noise,
      `${route.beforeMs.p50} / ${route.beforeMs.p99}`,
      `${route.afterMs.p50} / ${route.afterMs.p99}`,
      route.verdict,
    ]),
  )}
<h2>Divergences</h2>${table(
    ['route', 'path', 'count', 'before', 'after'],
    result.divergences.map(({ route, path, count, before, after }) => [route, path, count, before, after]),
  )}
<h2>Requests that diverged</h2><p><label>Filter <input id="filter" size="40"></label></p>
${examples.map(exampleSection).join('\n')}
<script>
document.getElementById('filter').addEventListener('input', event => {
  for (const each of document.querySelectorAll('details')) each.hidden = !each.textContent.includes(event.target.value)
})
for (const button of document.querySelectorAll('button'))
  button.addEventListener('click', () => navigator.clipboard.writeText(button.nextElementSibling.textContent))
</script></html>
`
}

function exampleSection({ request, paths, before, after }: Example): string {
  return `<details><summary>${escaped(request.route)}: ${escaped(paths.join(', '))}</summary>
<button type="button">Copy as curl</button><pre>${escaped(asCurl(request))}</pre>
<div class="two"><div><h3>before</h3><pre>${escaped(shown(before))}</pre></div><div><h3>after</h3><pre>${escaped(shown(after))}</pre></div></div></details>`
}

/** Cookie and Authorization are left out: a report is passed around. */
function asCurl({ method, path, headers, body }: RecordedRequest): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  return [
    `curl -X ${method} "$BASE"${quoted(path)}`,
    ...headers
      .filter(([name]) => !/^(cookie|authorization)$/i.test(name))
      .map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--data-raw ${quoted(body)}`]),
  ].join(' ')
}

function shown(answer: Observation | string): string {
  if (typeof answer === 'string') return answer
  const body = answer.body?.toString('utf8') ?? '(larger than the cap)'
  return `${answer.status} ${answer.headers['content-type'] ?? ''}\n\n${body.slice(0, shownBody)}`
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = (tag: string, values: readonly (string | number)[]) =>
    values.map(value => `<${tag}>${escaped(String(value))}</${tag}>`).join('')
  return `<table><tr>${cells('th', heads)}</tr>${rows.map(row => `<tr>${cells('td', row)}</tr>`).join('')}</table>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
