import { remove } from './api.js'
import { h, replaceContent, setText } from './element.js'
import { counted, text } from './format.js'
import { routeTo } from './router.js'
import { outcome, verbTitle } from './words.js'

const views = [
  ['Board', [], 'board'],
  ['Traffic', ['traffic'], 'traffic'],
  ['Comparisons', ['comparisons'], 'comparisons'],
  ['Changes', ['changes'], 'changes'],
  ['Audit', ['audit'], 'audit'],
]
const noticeMs = 12_000
const staleMs = 6_000

/** Header, banners and notices: what stands around every view. */
export function createShell(live, by) {
  const header = document.getElementById('header')
  const banners = document.getElementById('banners')
  const notices = document.getElementById('notices')
  const links = views.map(([label, parts, name]) => [name, h('a', { href: routeTo(parts) }, label)])
  const underWay = h('span', { class: 'under-way' })
  const pulse = h('span', { class: 'pulse', role: 'img', 'aria-label': 'connecting' })
  const generation = h('span', { class: 'quiet' })
  replaceContent(
    header,
    h('a', { class: 'brand', href: '#/' }, 'Strangler'),
    h(
      'nav',
      { 'aria-label': 'Views' },
      links.map(([, link]) => link),
      h('a', { href: '/portal' }, 'Portal'),
    ),
    underWay,
    h(
      'span',
      { class: 'who' },
      generation,
      pulse,
      h('span', { class: 'name' }, live.viewer ? `${by}, looking only` : by),
      h('button', { type: 'button', class: 'plain', onclick: signOut }, 'Sign out'),
    ),
  )

  async function signOut() {
    await remove('/api/session').catch(() => {})
    location.reload()
  }

  function showRuns() {
    const running = live.runs().filter(({ ended }) => ended === null)
    replaceContent(
      underWay,
      running
        .slice(0, 3)
        .map(({ id, verb, capability, progress }) =>
          h(
            'a',
            { class: 'badge warn', href: routeTo(['runs', id]), title: progress.at(-1)?.message },
            `${verb} ${capability} …`,
          ),
        ),
    )
  }

  let shownBanners
  function showBanners() {
    const messages = bannersOf(live)
    const key = JSON.stringify(messages)
    if (key !== shownBanners)
      replaceContent(
        banners,
        messages.map(({ tone, message, lines }) =>
          h(
            'div',
            { class: `note ${tone}`, role: 'alert' },
            h('p', {}, message),
            (lines ?? []).map(line => h('p', { class: 'hint' }, line)),
          ),
        ),
      )
    shownBanners = key
  }

  function showPulse() {
    const fresh = live.connected && live.snapshot !== undefined && Date.now() - live.seenAt < staleMs
    pulse.classList.toggle('on', fresh)
    pulse.setAttribute('aria-label', fresh ? 'live' : 'not live')
    setText(generation, live.snapshot === undefined ? '' : `generation ${live.snapshot.generation}`)
  }

  live.seenAt = 0
  live.listen(({ kind, run }) => {
    if (kind === 'snapshot') live.seenAt = Date.now()
    if (kind === 'runs') showRuns()
    // Whoever looks at the run sees its end there.
    if (kind === 'ended' && location.hash !== routeTo(['runs', run.id])) notify(endedNotice(run))
    showBanners()
    showPulse()
  })
  setInterval(() => {
    showPulse()
    showBanners()
  }, 2_000)

  /** Says something that the reader did not ask for; goes by itself. */
  function notify(content) {
    const notice = h(
      'div',
      { class: 'notice' },
      content,
      h(
        'button',
        { type: 'button', class: 'plain', 'aria-label': 'Dismiss', onclick: () => notice.remove() },
        '×',
      ),
    )
    notices.append(notice)
    setTimeout(() => notice.remove(), noticeMs)
  }

  return {
    notify,
    /** Marks the view that is open. */
    show(name) {
      for (const [view, link] of links)
        if (view === name) link.setAttribute('aria-current', 'page')
        else link.removeAttribute('aria-current')
    },
  }
}

function endedNotice({ id, verb, capability, by, ended }) {
  const { word } = outcome(ended)
  const reasons = (ended.result.refusals ?? []).map(({ message }) => text(message)).join('; ')
  return [
    h('a', { href: routeTo(['runs', id]) }, verbTitle(verb, capability)),
    ` (${by}): ${word}${reasons === '' ? '' : ` – ${reasons}`}`,
  ]
}

/** What is out of order with the whole system, worst first. */
function bannersOf({ snapshot, connected, seenAt }) {
  const messages = []
  if (!connected && seenAt > 0 && Date.now() - seenAt > staleMs)
    messages.push({ tone: 'bad', message: 'The dashboard does not answer: what you see is no longer live.' })
  if (snapshot === undefined) return messages
  if (snapshot.engine !== null)
    messages.push({
      tone: 'bad',
      message: `The engine does not answer: ${text(snapshot.engine.message)}`,
      lines: ['Traffic is still served. Lag, plans and verbs are unknown until the engine is back.'],
    })
  for (const { url, silence } of snapshot.proxies)
    if (silence !== null)
      messages.push({ tone: 'bad', message: `The proxy ${url} does not answer: ${text(silence.message)}` })
  if (snapshot.problems.length > 0)
    messages.push({
      tone: 'warn',
      message: `The configuration file was refused, for ${counted(snapshot.problems.length, 'problem')}; the last good generation goes on serving.`,
      lines: snapshot.problems.map(
        ({ line, path, message }) =>
          `${line === undefined ? '' : `line ${line} `}${text(path)}: ${text(message)}`,
      ),
    })
  return messages
}
