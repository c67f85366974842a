import { get, ofCapability } from './api.js'
import { breakerWords, divergenceWords, drillWords } from './capability-card.js'
import { h, replaceContent } from './element.js'
import { count, duration, percent, text } from './format.js'
import { badge, facts, failureNote } from './parts.js'
import { planSection } from './plan-section.js'
import { routeTo } from './router.js'
import { createTrafficPlots } from './traffic-view.js'
import { servedBy, stages, verbsFor, wayBack } from './words.js'

const planEveryMs = 15_000

/** `#/capability/customers`: where it stands, what can be done, its plan, its traffic. */
export function capabilityView({ live, route, signal }) {
  const name = route.parts[1] ?? ''
  const track = h('ol', { class: 'track', 'aria-label': 'Stages' })
  const served = h('p', { class: 'summary' })
  const actions = h('p', { class: 'actions' })
  const state = h('div', {})
  const plan = h('div', { 'aria-busy': 'true' })
  const again = h('button', { type: 'button', onclick: loadPlan }, 'Check the gates again')
  const plots = createTrafficPlots(live, name)
  const planPart = h(
    'section',
    { 'aria-labelledby': 'plan' },
    h('div', { class: 'heading' }, h('h2', { id: 'plan' }, 'Plan'), again),
    plan,
  )
  const root = h(
    'div',
    {},
    h('h1', { tabindex: '-1' }, name),
    track,
    served,
    actions,
    h(
      'div',
      { class: 'columns' },
      planPart,
      h('section', { 'aria-labelledby': 'state' }, h('h2', { id: 'state' }, 'State'), state),
    ),
    h('section', { 'aria-labelledby': 'traffic' }, h('h2', { id: 'traffic' }, 'Traffic'), plots.root),
  )

  let loading = false
  let planKey
  async function loadPlan() {
    const busy = live.runs().find(run => run.capability === name && run.ended === null)
    // The dialog asks for its own forecast meanwhile.
    if (loading || busy !== undefined || (planKey !== undefined && document.querySelector('dialog') !== null))
      return
    loading = true
    again.disabled = true
    const content = await get(ofCapability(name, 'plan')).then(planSection, error => failureNote(error))
    plan.removeAttribute('aria-busy')
    replaceContent(plan, content)
    again.disabled = false
    loading = false
  }
  loadPlan()
  const timer = setInterval(loadPlan, planEveryMs)
  signal.addEventListener('abort', () => clearInterval(timer))

  let shown
  function update() {
    if (live.snapshot === undefined) return
    const capability = live.capability(name)
    if (capability === undefined) {
      replaceContent(served, `No capability ${name} is configured.`)
      return
    }
    const { stage, phase, epoch, writes, percent: share } = capability
    const key = JSON.stringify([stage, share, writes, phase, epoch, capability.planned])
    if (key !== shown) {
      replaceContent(track, stageTrack(stage, share))
      replaceContent(served, servedBy(capability))
      replaceContent(actions, live.viewer ? null : actionLinks(name, capability))
    }
    shown = key
    replaceContent(state, stateFacts(name, capability, live.snapshot.at))
    const changed = JSON.stringify([
      key,
      live.runs().filter(run => run.capability === name && run.ended === null).length,
    ])
    if (planKey !== undefined && planKey !== changed) loadPlan()
    planKey = changed
    plots.update()
  }
  return { title: name, name: 'board', root, update }
}

function stageTrack(stage, share) {
  const reached = stages.findIndex(({ name }) => name === stage)
  return stages.map(({ name, meaning }, at) =>
    h(
      'li',
      {
        class: at < reached ? 'past' : at === reached ? 'here' : '',
        'aria-current': at === reached ? 'step' : undefined,
      },
      h('strong', {}, name, at === reached && name === 'canary' ? ` ${percent(share)}` : ''),
      h('span', {}, meaning),
    ),
  )
}

function actionLinks(name, capability) {
  const back = wayBack(capability)
  return [
    back === undefined
      ? null
      : h(
          'a',
          { class: 'button back', href: routeTo(['capability', name, back.verb], back.query) },
          back.label,
        ),
    verbsFor(capability).map(({ verb, label }) =>
      h('a', { class: 'button', href: routeTo(['capability', name, verb]) }, label),
    ),
  ]
}

function stateFacts(name, capability, now) {
  const {
    writes,
    owner,
    epoch,
    phase,
    sync,
    lagMs,
    positionsBehind,
    comparison,
    hold,
    lastDrill,
    lastVerification,
    breaker,
    pinned,
    inflightWrites,
  } = capability
  const toned = ([words, tone]) => (tone === '' ? words : badge(words, tone))
  return facts([
    ['Write owner', badge(text(writes), text(writes))],
    ...(owner !== undefined && owner !== writes ? [['Owner by the journal', badge(text(owner), 'bad')]] : []),
    ...(phase === undefined ? [] : [['Data', `${text(phase)}, epoch ${text(epoch)}`]]),
    ['Sync', syncWords(sync)],
    ['Lag', `${duration(lagMs)}${positionsBehind ? `, ${count(positionsBehind)} positions behind` : ''}`],
    ['Comparison', h('a', { href: routeTo(['comparisons', name]) }, divergenceWords(comparison)[0])],
    ['Breakers', toned(breakerWords(breaker))],
    [
      'Hold',
      hold === null ? 'none' : badge(`${count(hold.parked)} parked for ${duration(hold.sinceMs)}`, 'warn'),
    ],
    ['Writes in flight', count(inflightWrites)],
    ['Callers kept on the owner', count(pinned)],
    ['Last drill', toned(drillWords(lastDrill, now))],
    ['Last verification', verificationWords(lastVerification, now)],
    [
      'Record',
      [
        h('a', { href: routeTo(['journal', name]) }, 'journal'),
        ', ',
        h('a', { href: routeTo(['audit'], { capability: name }) }, 'audit entries'),
      ],
    ],
  ])
}

function syncWords(sync) {
  if (!sync) return 'does not run'
  const way = sync.source === 'legacy' ? 'legacy → extracted' : 'extracted → legacy'
  return sync.running
    ? way
    : badge(`${way} stopped${sync.error ? `: ${text(sync.error.message)}` : ''}`, 'bad')
}

function verificationWords(verification, now) {
  if (!verification) return 'never'
  const { ok, rows, at } = verification
  const [words, tone] = drillWords({ ok, at }, now)
  return ok ? `${words}, ${count(rows)} rows` : badge(words, tone)
}
