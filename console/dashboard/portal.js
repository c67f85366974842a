import { h, replaceContent, setText } from './element.js'

/** The menu of the business applications: every item points at the side that serves it, from one moment to the next. */
const title = document.getElementById('title')
const menu = document.getElementById('menu')
const news = document.getElementById('news')
const places = new Map()

function show({ title: name, items }) {
  setText(title, name)
  document.title = name
  replaceContent(
    menu,
    items.length === 0
      ? h('li', { class: 'quiet' }, 'No application is listed: STRANGLER_PORTAL names the file of the menu.')
      : items.map(item => h('li', {}, entry(item))),
  )
  const moved = items.filter(({ title: each, href }) => places.has(each) && places.get(each) !== href)
  for (const { title: each, href } of items) places.set(each, href)
  if (moved.length > 0)
    setText(
      news,
      `${moved.map(each => each.title).join(', ')}: the address has changed, the menu follows it.`,
    )
}

function entry({ title: name, description, side, href }) {
  return h(
    'a',
    { href, rel: 'noreferrer', 'data-side': side },
    h('strong', {}, name),
    h('span', {}, description),
    h('small', {}, href),
  )
}

const source = new EventSource('/api/portal/events')
source.addEventListener('menu', ({ data }) => show(JSON.parse(data)))
source.addEventListener('error', () =>
  setText(news, 'The menu may be out of date: its server does not answer.'),
)
source.addEventListener('open', () => setText(news, ''))
