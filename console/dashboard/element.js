const svgNamespace = 'http://www.w3.org/2000/svg'

/** An element with attributes, listeners (`onclick`) and children; what comes as text becomes a text node, never markup. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children)
}

/** As `h`, for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), attributes, children)
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...childrenOf(children))
  return element
}

function childrenOf(children) {
  return children.flat(3).filter(child => child !== undefined && child !== null && child !== false)
}

/** Writes a text only where it has changed, so that nothing is announced or selected anew. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** Replaces the content; the focus stays on the link or button of the same name. */
export function replaceContent(element, ...children) {
  const focused = element.contains(document.activeElement) ? keyOf(document.activeElement) : undefined
  element.replaceChildren(...childrenOf(children))
  if (focused === undefined) return
  const again = [...element.querySelectorAll('a, button, input, select')].find(
    each => keyOf(each) === focused,
  )
  again?.focus({ preventScroll: true })
}

function keyOf(element) {
  return `${element.tagName} ${element.getAttribute('href') ?? element.id} ${element.textContent}`
}

/** A table with a caption for those who can't see it; `numeric` columns stand at the right. */
export function table(caption, columns, rows) {
  const heads = columns.map(column =>
    h('th', { scope: 'col', class: column.numeric ? 'number' : undefined }, column.title),
  )
  const body = rows.map(row =>
    h(
      'tr',
      {},
      row.map((cell, at) =>
        h(
          at === 0 ? 'th' : 'td',
          {
            scope: at === 0 ? 'row' : undefined,
            class: columns[at].numeric ? 'number' : columns[at].wide ? 'wide' : undefined,
          },
          cell,
        ),
      ),
    ),
  )
  return h(
    'div',
    { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, caption),
      h('thead', {}, h('tr', {}, heads)),
      h('tbody', {}, body),
    ),
  )
}
