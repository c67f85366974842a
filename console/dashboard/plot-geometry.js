/** The least of 1, 2, 2.5, 5 × 10ⁿ that is not below the value. */
export function niceCeiling(value) {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5, 10].find(step => step * power >= value * 0.999_999) ?? 10) * power
}

/**
 * The path of one series; broken where there is no value, and where none was taken for a while.
 * @param x and `y` turn time and value into coordinates
 */
export function linePath(points, value, x, y, gapMs) {
  let path = ''
  let previous
  for (const point of points) {
    const number = value(point)
    if (number === null || number === undefined) {
      previous = undefined
      continue
    }
    const joined = previous !== undefined && point.at - previous.at <= gapMs
    path += `${joined ? 'L' : 'M'}${round(x(point.at))} ${round(y(number))}`
    previous = point
  }
  return path
}

/** The point taken nearest to a moment. */
export function nearest(points, at) {
  let best
  for (const point of points)
    if (best === undefined || Math.abs(point.at - at) <= Math.abs(best.at - at)) best = point
  return best
}

function round(value) {
  return Math.round(value * 10) / 10
}
