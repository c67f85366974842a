import { ofCapability, post } from './api.js'
import { h, replaceContent } from './element.js'
import { failureNote, refusalList } from './parts.js'
import { routeTo } from './router.js'
import { verbFields } from './verb-fields.js'
import { confirmation, verbTitle } from './words.js'

const settleMs = 250

/**
 * Shows what a verb would do and what would be refused, asks for a reason, and does it only then.
 * @param leave called when the operator turns back
 */
export function openVerbDialog({ live, name, verb, query, leave }) {
  const capability = live.capability(name)
  const fields = verbFields(verb, capability, query)
  const forecast = h('div', { class: 'forecast', 'aria-live': 'polite' })
  const reason = h('textarea', {
    id: 'reason',
    rows: 2,
    maxlength: 500,
    required: true,
    'aria-describedby': 'reason-hint',
  })
  const confirm = h('button', { type: 'submit', class: 'primary' }, confirmation(verb))
  const problem = h('div', {})
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title', class: 'verb' },
    h(
      'form',
      { onsubmit: send },
      h('h2', { id: 'dialog-title' }, verbTitle(verb, name)),
      fields.root,
      forecast,
      h('label', { for: 'reason' }, 'Reason'),
      reason,
      h('p', { class: 'hint', id: 'reason-hint' }, 'Goes into the audit log with your name.'),
      problem,
      h(
        'p',
        { class: 'buttons' },
        h('button', { type: 'button', onclick: () => dialog.close() }, 'Leave it as it is'),
        h('button', { type: 'button', onclick: look }, 'Check again'),
        confirm,
      ),
    ),
  )

  let asked = 0
  async function look() {
    const mine = ++asked
    confirm.disabled = true
    forecast.setAttribute('aria-busy', 'true')
    if (forecast.childElementCount === 0)
      replaceContent(forecast, h('p', { class: 'quiet' }, 'Asking what would happen …'))
    const content = await post(ofCapability(name, 'preview'), { verb, ...fields.flags() }).then(
      showForecast,
      error => {
        confirm.disabled = true
        return failureNote(error)
      },
    )
    if (mine !== asked) return
    forecast.removeAttribute('aria-busy')
    replaceContent(forecast, content)
    confirm.disabled = forecast.querySelector('.refusals, [role=alert]') !== null
  }

  let settling
  fields.onChange(() => {
    confirm.disabled = true
    clearTimeout(settling)
    settling = setTimeout(look, settleMs)
  })

  async function send(event) {
    event.preventDefault()
    confirm.disabled = true
    try {
      const { id } = await post(ofCapability(name, verb), { ...fields.flags(), reason: reason.value.trim() })
      dialog.removeEventListener('close', leave)
      dialog.close()
      dialog.remove()
      location.hash = routeTo(['runs', id])
    } catch (error) {
      replaceContent(problem, failureNote(error))
      confirm.disabled = false
    }
  }

  document.body.append(dialog)
  dialog.addEventListener('close', leave)
  dialog.showModal()
  look()
  return () => {
    clearTimeout(settling)
    dialog.removeEventListener('close', leave)
    dialog.remove()
  }
}

function showForecast({ steps, refusals }) {
  return [
    refusals.length === 0
      ? h('p', { class: 'note good' }, 'Nothing speaks against it now.')
      : h('div', { class: 'note warn' }, h('h3', {}, 'Would be refused now'), refusalList(refusals)),
    steps.length === 0
      ? null
      : [
          h('h3', {}, 'What would happen'),
          h(
            'ol',
            { class: 'would' },
            steps.map(step => h('li', {}, step)),
          ),
        ],
  ]
}
