import { get, onSignedOut } from './api.js'
import { auditView } from './audit-view.js'
import { boardView } from './board-view.js'
import { capabilityView } from './capability-view.js'
import { changesView } from './changes-view.js'
import { comparisonsView, comparisonView } from './comparisons-view.js'
import { h, replaceContent } from './element.js'
import { journalView } from './journal-view.js'
import { createLive } from './live.js'
import { parseRoute, routeTo } from './router.js'
import { runView } from './run-view.js'
import { createShell } from './shell.js'
import { signIn } from './sign-in.js'
import { trafficView } from './traffic-view.js'
import { openVerbDialog } from './verb-dialog.js'

const verbs = ['stage', 'run', 'verify', 'drill', 'cutover', 'rollback']
const main = document.getElementById('main')
const live = createLive()

onSignedOut(() => location.reload())
live.lost = () => location.reload()
let session = await get('/api/session')
if (session.by === null) {
  await signIn(main)
  session = await get('/api/session')
}
live.viewer = session.role === 'viewer'
document.documentElement.classList.toggle('viewer', live.viewer)
const shell = createShell(live, session.by)
let view
let viewKey
let leaving = new AbortController()
let closeDialog

function viewOf(route) {
  const context = { live, route, signal: leaving.signal }
  switch (route.parts[0]) {
    case undefined:
      return boardView(context)
    case 'capability':
      return capabilityView(context)
    case 'traffic':
      return trafficView(context)
    case 'comparisons':
      return route.parts[1] === undefined ? comparisonsView(context) : comparisonView(context)
    case 'journal':
      return journalView(context)
    case 'changes':
      return changesView(context)
    case 'audit':
      return auditView(context)
    case 'runs':
      return runView(context)
    default:
      return {
        title: 'Not found',
        name: '',
        root: h('h1', { tabindex: '-1' }, 'There is no such view'),
        update() {},
      }
  }
}

/** A dialog lies over its capability's view: that view stays as it is while the dialog comes and goes. */
function navigate() {
  const route = parseRoute(location.hash)
  const isVerb = route.parts[0] === 'capability' && verbs.includes(route.parts[2]) && !live.viewer
  const verb = isVerb ? route.parts[2] : undefined
  const key = verb === undefined ? location.hash : routeTo(route.parts.slice(0, 2))
  closeDialog?.()
  closeDialog = undefined
  if (key !== viewKey) {
    const first = viewKey === undefined
    leaving.abort()
    leaving = new AbortController()
    view = viewOf(route)
    viewKey = key
    replaceContent(main, view.root)
    document.title = `${view.title} · Strangler`
    shell.show(view.name)
    view.update()
    window.scrollTo(0, 0)
    if (!first) view.root.querySelector('h1')?.focus({ preventScroll: true })
  }
  if (verb !== undefined) openWhenKnown(route, verb)
}

/** A shared link may be opened before the first snapshot has come. */
function openWhenKnown(route, verb) {
  const name = route.parts[1]
  const back = () => {
    if (location.hash !== routeTo(['capability', name])) location.hash = routeTo(['capability', name])
  }
  const open = () => {
    closeDialog = openVerbDialog({ live, name, verb, query: route.query, leave: back })
  }
  if (live.capability(name) !== undefined) return open()
  const stop = live.listen(() => {
    if (live.capability(name) === undefined) return
    stop()
    open()
  })
  closeDialog = stop
}

live.listen(() => view?.update())
window.addEventListener('hashchange', navigate)
window.addEventListener('resize', () => view?.update())
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault()
  main.focus()
})
live.open()
navigate()
