/**
 * The viewer: what devices post, as it plays. In this order: words for numbers, traces and their plots, trees, pictures
 * and other octets, a channel's card, sound, the time line, and the page that puts them together.
 *
 * Text is set five times a second; what moves is drawn when it has moved by a pixel, in buffers made once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
import { Player, connect } from './syncstreamer.mjs'

const byId = (id) => document.getElementById(id)

/** An element with a class and with what it holds. */
function make(tag, className = '', ...content) {
  const element = document.createElement(tag)
  if (className) element.className = className
  element.append(...content)
  return element
}

/** Sets text where it is another, since setting it costs layout. */
function say(element, text) {
  if (element.firstChild?.nodeValue !== text) element.textContent = text
}

// ---- Numbers in words

const PREFIXES = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']]

/** A number in at most seven characters. */
function short(value) {
  const size = Math.abs(value)
  if (!Number.isFinite(value)) return '–'
  if (size !== 0 && (size < 1e-3 || size >= 1e15)) return value.toExponential(2)
  for (const [unit, prefix] of PREFIXES) {
    if (size >= unit * (unit === 1e3 ? 10 : 1)) return `${Number((value / unit).toPrecision(4))}\u2009${prefix}`
  }
  return String(Number(value.toPrecision(5)))
}

function octets(count) {
  if (count < 1000) return `${count} B`
  for (const [unit, prefix] of PREFIXES) if (count >= unit) return `${(count / unit).toPrecision(3)} ${prefix}B`
}

function span(milliseconds) {
  const seconds = Math.abs(milliseconds) / 1000
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 100) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  const pad = (number) => String(Math.floor(number)).padStart(2, '0')
  return minutes < 60 ? `${minutes}:${pad(seconds % 60)}` : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const dateFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })

// ---- Traces and their plots

// What the longest plot holds of a channel of five items a second; of a faster one it holds less time.
const TRACE_POINTS = 4096
const TRACES_MAX = 12
// As it is in the style sheet: 3rem.
const LANE_REM = 3

/** The values of one number over time, the newest so many. */
class Trace {
  times = new Float64Array(TRACE_POINTS)
  values = new Float64Array(TRACE_POINTS)
  count = 0
  /** Where the oldest is. */
  start = 0
  low = NaN
  high = NaN

  constructor(name) {
    this.name = name
    // What is said to be a share is drawn as one.
    this.isShare = /percent$|%$/i.test(name)
  }

  get last() {
    return this.count === 0 ? NaN : this.values[(this.start + this.count - 1) % TRACE_POINTS]
  }

  push(time, value) {
    if (this.count > 0 && time < this.times[(this.start + this.count - 1) % TRACE_POINTS]) return
    const at = (this.start + this.count) % TRACE_POINTS
    this.times[at] = time
    this.values[at] = value
    if (this.count < TRACE_POINTS) this.count++
    else this.start = (this.start + 1) % TRACE_POINTS
  }

  empty() {
    this.count = this.start = 0
    this.low = this.high = NaN
  }

  /** The number of points that are older than a time. */
  before(time) {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.times[(this.start + middle) % TRACE_POINTS] < time) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Fits the scale to what is seen: at once where it must grow, slowly where it may shrink. */
  fit(first) {
    let low = Infinity
    let high = -Infinity
    for (let index = first; index < this.count; index++) {
      const value = this.values[(this.start + index) % TRACE_POINTS]
      if (value < low) low = value
      if (value > high) high = value
    }
    if (low > high) return
    if (this.isShare && low >= 0 && high <= 100) {
      this.low = 0
      this.high = 100
      return
    }
    if (low === high) {
      const room = Math.abs(low) * 0.05 || 1
      low -= room
      high += room
    }
    this.low = low < this.low || !(this.low <= low) ? low : this.low + (low - this.low) * 0.08
    this.high = high > this.high || !(this.high >= high) ? high : this.high + (high - this.high) * 0.08
  }

  /** Draws the line, one point of it a pixel at most where there are more. */
  draw(context, left, top, width, height, from, to) {
    const first = Math.max(0, this.before(from) - 1)
    if (first >= this.count) return
    this.fit(first)
    const scaleX = width / (to - from)
    const scaleY = height / (this.high - this.low || 1)
    const length = this.times[(this.start + this.count - 1) % TRACE_POINTS] - this.times[(this.start + first) % TRACE_POINTS]
    // Where items stayed away for far longer than usual, the line has a gap.
    const gap = Math.max(1500, (5 * length) / Math.max(1, this.count - 1 - first))
    let previousTime = -Infinity
    let previousX = -Infinity
    let lowest = 0
    let highest = 0
    context.beginPath()
    for (let index = first; index < this.count; index++) {
      const at = (this.start + index) % TRACE_POINTS
      const time = this.times[at]
      const x = left + (time - from) * scaleX
      const y = top + height - (this.values[at] - this.low) * scaleY
      if (time - previousTime > gap) {
        context.moveTo(x, y)
        // A point alone is seen too.
        context.lineTo(x + 0.01, y)
        previousX = x
        lowest = highest = y
      } else if (x - previousX >= 0.5) {
        context.lineTo(x, y)
        previousX = x
        lowest = highest = y
      } else if (y < lowest || y > highest) {
        context.lineTo(x, y)
        lowest = Math.min(lowest, y)
        highest = Math.max(highest, y)
      }
      previousTime = time
    }
    context.stroke()
  }
}

/** Calls `found` with each number in a value and its path, at most `TRACES_MAX` of them; how many there are. */
function numbersIn(value, found, path = '', depth = 0, count = 0) {
  if (typeof value === 'number') {
    if (count < TRACES_MAX) found(path, value)
    return count + 1
  }
  if (value === null || typeof value !== 'object' || depth > 4) return count
  for (const key in value) {
    const below = path === '' ? key : Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`
    count = numbersIn(value[key], found, below, depth + 1, count)
  }
  return count
}

/** The colours of the theme, read once. */
const theme = {
  read() {
    const style = getComputedStyle(document.documentElement)
    const colour = (name) => style.getPropertyValue(`--${name}`).trim()
    this.traces = Array.from({ length: 6 }, (_, index) => colour(`trace-${index}`))
    for (const name of ['grid', 'rule', 'faint', 'signal', 'bar', 'bar-played', 'well', 'ink', 'soft']) this[name] = colour(name)
    this.rem = parseFloat(style.fontSize)
    this.font = `${0.625 * this.rem}px ${style.getPropertyValue('--mono')}`
  },
}

/** A canvas of the size of its place, in device pixels. */
class Surface {
  width = 0
  height = 0
  scale = 1

  constructor(canvas, changed) {
    this.canvas = canvas
    this.context = canvas.getContext('2d')
    new ResizeObserver(() => {
      this.fit()
      changed()
    }).observe(canvas)
  }

  fit() {
    this.scale = devicePixelRatio || 1
    this.width = this.canvas.clientWidth
    this.height = this.canvas.clientHeight
    this.canvas.width = Math.round(this.width * this.scale)
    this.canvas.height = Math.round(this.height * this.scale)
  }

  begin() {
    this.context.setTransform(this.scale, 0, 0, this.scale, 0, 0)
    this.context.clearRect(0, 0, this.width, this.height)
    return this.context
  }
}

/** The numbers of a channel, each on a lane of its own, under one time. */
class Lanes {
  traces = new Map()
  #drawnTo = NaN
  #isChanged = true
  /** Something new is here, which is seen when it moves; at once where nothing moves. */
  #hasMore = false

  constructor() {
    this.list = make('ol', 'readings')
    this.canvas = make('canvas')
    this.canvas.setAttribute('aria-hidden', 'true')
    this.element = make('div', 'lanes', this.canvas, this.list)
    this.surface = new Surface(this.canvas, () => (this.#isChanged = true))
  }

  push(time, name, value) {
    let trace = this.traces.get(name)
    if (!trace) {
      trace = new Trace(name)
      trace.output = make('output')
      trace.output.setAttribute('aria-label', name || 'value')
      // Values change all the time: they are there to be asked for, not to be read out.
      trace.output.setAttribute('aria-live', 'off')
      const label = make('span', 'reading-name', name.replaceAll('_', ' '))
      label.title = name
      this.list.append(make('li', '', label, trace.output))
      this.traces.set(name, trace)
    }
    trace.push(time, value)
    this.#hasMore = true
  }

  changed() {
    this.#isChanged = true
  }

  empty() {
    for (const trace of this.traces.values()) trace.empty()
    this.#isChanged = true
  }

  tell() {
    for (const trace of this.traces.values()) say(trace.output, short(trace.last))
  }

  /** Draws where it would look otherwise: a pixel of the device further on. Returns whether it did. */
  draw(position, length) {
    const { surface } = this
    const width = surface.width - 6 * theme.rem
    if (width <= 0 || this.traces.size === 0) return false
    const perPixel = length / (width * surface.scale)
    const moved = Math.abs(position - this.#drawnTo)
    if (moved < perPixel && !this.#isChanged && !(moved === 0 && this.#hasMore)) return false
    this.#isChanged = this.#hasMore = false
    this.#drawnTo = position
    const context = surface.begin()
    const lane = LANE_REM * theme.rem
    const step = [1e3, 5e3, 15e3, 60e3, 300e3].find((size) => length / size <= 8) ?? 300e3
    context.lineWidth = 1
    context.strokeStyle = theme.grid
    context.beginPath()
    for (let time = Math.ceil((position - length) / step) * step; time <= position; time += step) {
      const x = Math.round((1 - (position - time) / length) * width) + 0.5
      context.moveTo(x, 0)
      context.lineTo(x, surface.height)
    }
    context.stroke()
    // A line that is wider than a pixel is a shape to be filled, which takes a processor many times as long.
    let index = 0
    for (const trace of this.traces.values()) {
      context.save()
      context.beginPath()
      context.rect(0, index * lane, width + 1, lane)
      context.clip()
      context.strokeStyle = theme.traces[index % theme.traces.length]
      trace.draw(context, 0, index * lane + 0.42 * lane, width, 0.46 * lane, position - length, position)
      context.restore()
      index++
    }
    return true
  }
}

// ---- Trees

/** JSON as a tree that stays open where it was opened, as long as its form stays. */
class Tree {
  #form = ''
  #leaves = []

  constructor() {
    this.element = make('div', 'tree')
  }

  show(value) {
    const leaves = []
    const form = formOf(value, leaves)
    if (form !== this.#form) {
      this.#form = form
      this.#leaves = []
      this.element.replaceChildren(make('ul', '', this.#branch('', value)))
    }
    leaves.forEach((leaf, index) => {
      const element = this.#leaves[index]
      say(element, JSON.stringify(leaf))
      const kind = typeof leaf === 'number' ? 'is-number' : typeof leaf === 'string' ? 'is-string' : 'is-word'
      if (element.className !== kind) element.className = kind
    })
  }

  #branch(key, value) {
    const name = key === '' ? [] : [make('span', 'key', key), ': ']
    if (value === null || typeof value !== 'object') {
      const leaf = make('span')
      this.#leaves.push(leaf)
      return make('li', '', ...name, leaf)
    }
    const keys = Object.keys(value)
    const children = make('ul', '', ...keys.map((below) => this.#branch(below, value[below])))
    if (key === '') return make('li', '', children)
    const size = Array.isArray(value) ? `[${keys.length}]` : `{${keys.length}}`
    const details = make('details', '', make('summary', '', make('span', 'key', key), ` ${size}`), children)
    details.open = keys.length <= 12
    return make('li', '', details)
  }
}

/** The names and the nesting of a value, and its leaves in order. */
function formOf(value, leaves) {
  if (value === null || typeof value !== 'object') {
    leaves.push(value)
    return '.'
  }
  const inner = Object.keys(value).map((key) => `${JSON.stringify(key)}${formOf(value[key], leaves)}`)
  return Array.isArray(value) ? `[${inner}]` : `{${inner}}`
}

// ---- Pictures and other octets

/** The last picture of a channel; one that comes while another is decoded waits, and the newest of those that wait is next. */
class Picture {
  #next
  #isBusy = false
  #url = ''
  shown = 0

  constructor(name) {
    this.element = make('img', 'picture')
    this.element.alt = `The last picture of ${name}`
  }

  show(item, type) {
    this.#next = [item, type]
    if (!this.#isBusy) void this.#work()
  }

  async #work() {
    this.#isBusy = true
    while (this.#next) {
      const [item, type] = this.#next
      this.#next = undefined
      const before = this.#url
      this.#url = URL.createObjectURL(new Blob([item.data], { type }))
      this.element.src = this.#url
      await this.element.decode().then(() => this.shown++, () => {}) // A broken one shows as such.
      if (before) URL.revokeObjectURL(before)
    }
    this.#isBusy = false
  }
}

const HEX_OCTETS = 64
const HEX_LINE = 8

/** The first octets as a dump. */
function hexOf(data) {
  const lines = []
  for (let at = 0; at < Math.min(data.length, HEX_OCTETS); at += HEX_LINE) {
    const row = [...data.subarray(at, Math.min(at + HEX_LINE, HEX_OCTETS))]
    const hex = row.map((octet) => octet.toString(16).padStart(2, '0')).join(' ').padEnd(3 * HEX_LINE - 1)
    const text = row.map((octet) => (octet >= 32 && octet < 127 ? String.fromCharCode(octet) : '·')).join('')
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex}  ${text}`)
  }
  if (data.length > HEX_OCTETS) lines.push(`… ${octets(data.length - HEX_OCTETS)} more`)
  return lines.join('\n')
}

// ---- A channel's card

class Card {
  lanes = new Lanes()
  isVisible = true
  #times = new Float64Array(256)
  #count = 0
  #tree
  #dump
  #picture
  #last
  #isTold = true
  #numbers = 0

  constructor(id, type) {
    this.id = id
    this.type = type
    this.kind = /^image\//.test(type) ? 'picture' : /^audio\//.test(type) ? 'sound' : /[/+]json\b/.test(type) ? 'json' : 'other'
    const heading = make('h2', '', id)
    heading.id = `channel-${Card.#number++}`
    this.rate = make('span', 'item-rate')
    const typeText = make('span', 'type', type)
    typeText.title = type
    this.element = make('article', 'channel', make('header', '', heading, typeText, this.rate))
    this.element.setAttribute('aria-labelledby', heading.id)
    this.more = make('p', 'more')
    this.summary = make('span')
    this.details = make('details', 'last', make('summary', '', this.summary))
    this.details.addEventListener('toggle', () => (this.#isTold = false))
    this.#begin()
  }

  static #number = 0

  get picture() {
    return this.#picture
  }

  #begin() {
    if (this.kind === 'json') {
      this.#tree = new Tree()
      this.details.append(this.#tree.element)
      this.details.open = true
      this.element.append(this.details)
      return
    }
    if (this.kind === 'picture') {
      this.#picture = new Picture(this.id)
      this.element.append(this.#picture.element)
    }
    this.#dump = make('pre', `octets${/^text\//.test(this.type) ? ' is-text' : ''}`)
    this.#dump.tabIndex = 0
    this.#dump.setAttribute('aria-label', 'The last item')
    this.details.append(this.#dump)
    this.details.open = this.kind === 'other'
    this.element.append(this.details)
  }

  /** Takes an item when it is due. */
  take(item) {
    this.#times[this.#count++ % this.#times.length] = item.timestamp
    this.#last = item
    this.#isTold = false
    if (this.kind === 'picture') return this.#picture.show(item, this.type)
    if (this.kind !== 'json') return
    try {
      item.value = item.json()
    } catch {
      // The type says JSON, and the octets don't: they are shown as octets.
      this.kind = 'other'
      this.#tree.element.remove()
      return this.#begin()
    }
    const found = numbersIn(item.value, (name, value) => this.#plot(item.timestamp, name, value))
    if (found > TRACES_MAX && found !== this.#numbers) {
      say(this.more, `and ${found - TRACES_MAX} more numbers, in the last item below`)
      this.details.before(this.more)
    }
    this.#numbers = found
  }

  /** What can't be shown in another way is shown as octets. */
  showOctets() {
    this.kind = 'other'
    this.details.open = true
  }

  /** Forgets what it has, which is of another time, and keeps its form and its place. */
  empty() {
    this.#count = 0
    this.#last = undefined
    this.#isTold = true
    this.lanes.empty()
  }

  get isEmpty() {
    return this.#last === undefined
  }

  /** A number of the channel that is not in its items, such as how loud it is. */
  plot(time, name, value) {
    this.#plot(time, name, value)
  }

  #plot(time, name, value) {
    if (this.lanes.traces.size === 0) {
      this.details.open = false
      this.details.before(this.lanes.element)
    }
    if (this.lanes.traces.size < TRACES_MAX || this.lanes.traces.has(name)) this.lanes.push(time, name, value)
  }

  /** Items a second over the last few seconds before a time. */
  #rateAt(position) {
    const kept = Math.min(this.#count, this.#times.length)
    if (kept < 2) return NaN
    const newest = this.#times[(this.#count - 1) % this.#times.length]
    let first = newest
    let count = 0
    for (let back = 2; back <= kept; back++) {
      const time = this.#times[(this.#count - back) % this.#times.length]
      if (time < newest - 10_000) break
      first = time
      count++
    }
    // A channel that has gone quiet slows down.
    const length = Math.max(newest - first, position - first - (newest - first) / Math.max(1, count))
    return length > 0 ? (count * 1000) / length : NaN
  }

  /** Brings its words up to date. */
  tell(position, length) {
    const item = this.#last
    if (!item) return
    const rate = this.#rateAt(position)
    const isQuiet = position - item.timestamp > length
    this.element.classList.toggle('is-quiet', isQuiet)
    say(this.rate, isQuiet || Number.isNaN(rate) ? '' : `${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)}/s`)
    const age = Math.max(0, position - item.timestamp)
    say(this.summary, `Last item, ${octets(item.size)}, ${age < 1000 ? 'now' : `${span(age)} ago`}`)
    if (this.#isTold) return
    this.#isTold = true
    this.lanes.tell()
    if (!this.details.open) return
    if (this.kind === 'json') this.#tree.show(item.value)
    else say(this.#dump, /^text\//.test(this.type) ? item.text().slice(0, 4000) : hexOf(item.data))
  }

  draw(position, length) {
    return this.lanes.traces.size > 0 && this.lanes.draw(position, length)
  }
}

// ---- Sound

// Decoded so long before it is due, and handed to the device so long before.
const DECODE_AHEAD = 3000
const SCHEDULE_AHEAD = 250
// The timers of a page that is not seen ring once a second.
const SCHEDULE_AHEAD_UNSEEN = 2500
// Pieces that follow one another closer than this are one sound: they are joined without a click.
const JOIN = 0.03

/** Plays the items of sound channels when they are due, by the device's own clock of sound. */
class Sound {
  #context
  #decoder
  /** Pieces that are to come. */
  #pieces = []
  #playing = new Set()
  /** When the last piece of a channel ends. */
  #ends = new Map()
  /** Channels whose last piece the browser can't decode. */
  unheard = new Set()
  isOn = false
  played = 0
  /** How far the last piece began from when it was due, in milliseconds. */
  lateness = NaN

  constructor(loud) {
    this.loud = loud
  }

  async toggle() {
    this.#context ??= new AudioContext()
    this.isOn = !this.isOn
    if (this.isOn) await this.#context.resume()
    else this.stop()
  }

  add(item, channel) {
    this.#pieces.push({ item, channel, state: 'new', buffer: undefined })
  }

  /** Silence at once; what was to come comes again by `add`, or when it plays on. */
  stop(isForgotten = false) {
    for (const source of this.#playing) source.stop()
    this.#playing.clear()
    this.#ends.clear()
    for (const piece of this.#pieces) if (piece.state === 'given') piece.state = piece.buffer ? 'decoded' : 'new'
    if (isForgotten) this.#pieces = []
  }

  /** What there is to do now. */
  work(player) {
    if (this.#pieces.length === 0) return
    const isMoving = player.state === 'playing' && player.rate === 1
    const ahead = document.hidden ? SCHEDULE_AHEAD_UNSEEN : SCHEDULE_AHEAD
    this.#pieces = this.#pieces.filter((piece) => {
      const dueIn = player.timeUntil(piece.item.timestamp)
      const length = (piece.buffer?.duration ?? 1) * 1000
      if (dueIn < -length - 1000 && !player.isPaused) return false
      if (piece.state === 'new' && dueIn < DECODE_AHEAD) void this.#decode(piece)
      if (this.isOn && isMoving && piece.state === 'decoded' && dueIn < ahead) this.#give(piece, dueIn)
      return piece.state !== 'broken'
    })
  }

  async #decode(piece) {
    piece.state = 'decoding'
    try {
      // A context of its own, since one that sounds may not be made before the reader asks for sound.
      this.#decoder ??= new OfflineAudioContext(1, 1, 48_000)
      piece.buffer = await this.#decoder.decodeAudioData(piece.item.data.slice().buffer)
      piece.state = 'decoded'
      this.unheard.delete(piece.channel)
      this.#hear(piece)
    } catch {
      piece.state = 'broken'
      this.unheard.add(piece.channel)
    }
  }

  /** How loud it is, ten times a second. */
  #hear({ item, channel, buffer }) {
    const samples = buffer.getChannelData(0)
    const part = Math.max(1, Math.floor(buffer.sampleRate / 10))
    for (let at = 0; at < samples.length; at += part) {
      let sum = 0
      const end = Math.min(at + part, samples.length)
      for (let index = at; index < end; index++) sum += samples[index] ** 2
      const loudness = Math.max(-90, 10 * Math.log10(sum / (end - at) + 1e-12))
      this.loud(channel, item.timestamp + (at / buffer.sampleRate) * 1000, Math.round(loudness * 10) / 10)
    }
  }

  #give(piece, dueIn) {
    const { buffer, channel } = piece
    const now = this.#context.currentTime
    let at = now + dueIn / 1000 - (this.#context.outputLatency || 0)
    const end = this.#ends.get(channel)
    if (end !== undefined && Math.abs(end - at) < JOIN) at = end
    const late = Math.max(0, now - at)
    piece.state = 'given'
    if (late >= buffer.duration) return
    const source = this.#context.createBufferSource()
    source.buffer = buffer
    source.connect(this.#context.destination)
    source.addEventListener('ended', () => this.#playing.delete(source))
    source.start(at + late, late)
    this.#playing.add(source)
    this.#ends.set(channel, at + buffer.duration)
    this.played++
    this.lateness = (at - now) * 1000 - dueIn
  }
}

// ---- The time line

// The sizes of frames that were not fetched are asked for one by one, of about so many, evenly over all that there are: each is
// a request, and a cache on the way may fetch the whole frame for it.
const SIZES_MAX = 48
const FRAMES_SHOWN_MIN = 60
// What a frame without items has.
const FRAME_OCTETS_MIN = 30

/** The retained frames: where they are, how large, and what is missing between them. */
class TimeLine {
  /** Oldest first: { id, startAt, endAt, size }. */
  frames = []
  #known = new Map()
  #drawn = ''
  #hover
  /** The pointer's event that said so. */
  #hoverEvent

  constructor(element, hint, seek) {
    this.element = element
    this.hint = hint
    this.surface = new Surface(element.querySelector('canvas'), () => (this.#drawn = ''))
    let pressed = false
    const seekTo = (event) => seek(this.#timeAt(event))
    element.addEventListener('pointerdown', (event) => {
      pressed = true
      element.setPointerCapture(event.pointerId)
      seekTo(event)
    })
    element.addEventListener('pointermove', (event) => {
      this.#hover = this.#timeAt(event)
      this.#tellHover((this.#hoverEvent = event))
    })
    element.addEventListener('pointerup', (event) => {
      if (pressed && Math.abs(this.#timeAt(event) - this.soughtAt) > 1) seekTo(event)
      pressed = false
    })
    element.addEventListener('pointerleave', () => {
      this.#hover = undefined
      hint.classList.remove('is-shown')
      this.#drawn = ''
    })
  }

  changed() {
    this.#drawn = ''
  }

  measured(frame, size) {
    frame.size = size
    this.changed()
    if (this.#hover !== undefined) this.#tellHover(this.#hoverEvent)
  }

  get first() {
    return this.frames[0]
  }

  get last() {
    return this.frames[this.frames.length - 1]
  }

  /** Takes the index, newest first: it knows what there is. */
  set(entries) {
    this.frames = entries.map((entry) => this.#remember(entry)).reverse()
    const kept = new Set(this.frames.map(({ id }) => id))
    for (const id of this.#known.keys()) if (!kept.has(id)) this.#known.delete(id)
    this.#drawn = ''
  }

  /** A frame that was fetched. */
  add({ id, startAt, endAt, size }) {
    const entry = this.#remember({ id, startAt, endAt })
    entry.size = size
    if (!this.last || startAt > this.last.startAt) this.frames.push(entry)
    this.#drawn = ''
  }

  #remember(entry) {
    const known = this.#known.get(entry.id) ?? { ...entry, size: undefined }
    this.#known.set(entry.id, known)
    return known
  }

  /** The frame whose size is to be asked for next: the one that is pointed at, or the newest with no known one near. */
  get unmeasured() {
    const pointed = this.#hover === undefined ? undefined : this.frameAt(this.#hover)
    if (pointed && pointed.size === undefined) return pointed
    const apart = Math.ceil(this.frames.length / SIZES_MAX)
    let unknown = 0
    for (let index = this.frames.length - 1; index >= 0; index--) {
      unknown = this.frames[index].size === undefined ? unknown + 1 : 0
      if (unknown === apart) return this.frames[index]
    }
    return undefined
  }

  /** The size of each frame, or that of the nearest one whose size is known. */
  #sizes() {
    const sizes = this.frames.map(({ size }) => size)
    let before = -Infinity
    sizes.forEach((size, index) => {
      if (size !== undefined) {
        for (let gap = Math.max(0, Math.ceil((before + index) / 2)); gap < index; gap++) sizes[gap] = size
        before = index
      } else if (before >= 0) sizes[index] = sizes[before]
    })
    return sizes
  }

  #range(now) {
    const { first, last } = this
    if (!first) return [now - 60_000, now]
    // A few frames are shown small, with room for what is to come.
    return [Math.min(first.startAt, now - FRAMES_SHOWN_MIN * (last.endAt - last.startAt)), Math.max(now, last.endAt)]
  }

  #timeAt(event) {
    const { left, width } = this.element.getBoundingClientRect()
    const [from, to] = this.range ?? [0, 1]
    return from + Math.max(0, Math.min(1, (event.clientX - left) / width)) * (to - from)
  }

  frameAt(time) {
    return this.frames.find(({ startAt, endAt }) => startAt <= time && time < endAt)
  }

  #tellHover(event) {
    const frame = this.frameAt(this.#hover)
    const size = frame ? (frame.size === undefined ? 'frame' : octets(frame.size)) : this.#hover > this.last?.endAt ? 'not sealed yet' : 'no frame'
    say(this.hint, `${clockFormat.format(this.#hover)}  ${size}`)
    this.hint.classList.add('is-shown')
    const { left, width } = this.element.getBoundingClientRect()
    const half = this.hint.offsetWidth / 2
    const x = Math.max(0, Math.min(width - 2 * half, event.clientX - left - half))
    this.hint.style.translate = `${x}px 0`
    this.#drawn = ''
  }

  /** The time a number of frames before or after one. */
  step(time, count) {
    if (this.frames.length === 0) return time
    let at = this.frames.findIndex(({ endAt }) => endAt > time)
    if (at < 0) at = this.frames.length
    return this.frames[Math.max(0, Math.min(this.frames.length - 1, at + count))].startAt
  }

  draw(position, now, isLive) {
    this.range = this.#range(now)
    const [from, to] = this.range
    const { surface } = this
    if (surface.width === 0) return
    const x = (time) => ((time - from) / (to - from)) * surface.width
    const key = `${Math.round(x(position) * 2)} ${Math.round((now - from) / ((to - from) / surface.width / 2))} ${isLive}`
    if (key === this.#drawn) return
    this.#drawn = key
    const context = surface.begin()
    const base = surface.height - 1.1 * theme.rem
    // The retained time as a rail; where frames are missing it is not there.
    context.fillStyle = theme.rule
    const sizes = this.#sizes()
    const largest = sizes.reduce((most, size) => Math.max(most, (size ?? 0) - FRAME_OCTETS_MIN), 1)
    let column = -1
    let highest = 0
    for (const [index, { startAt, endAt, size }] of this.frames.entries()) {
      const left = x(startAt)
      const width = Math.max(0.75, x(endAt) - left - (surface.width / this.frames.length > 3 ? 1 : 0))
      const share = Math.sqrt(Math.max(0, (sizes[index] ?? 0) - FRAME_OCTETS_MIN) / largest)
      const height = 2 + share * (base - 4)
      // Where a pixel has many frames, the largest is seen.
      if (Math.floor(left) === column && height <= highest) continue
      column = Math.floor(left)
      highest = height
      context.fillStyle = startAt <= position ? theme['bar-played'] : theme.bar
      // What is about so high is paler.
      context.globalAlpha = size === undefined ? 0.55 : 1
      context.fillRect(left, base - height, width, height)
    }
    context.globalAlpha = 1
    context.fillStyle = theme.grid
    context.fillRect(0, base + 1, surface.width, 1)
    this.#drawGaps(context, x, base)
    this.#drawTimes(context, x, from, to, surface)
    // The place that plays.
    context.fillStyle = theme.signal
    const at = Math.max(1, Math.min(surface.width - 1, x(position)))
    context.fillRect(at - 1, 0, 2, base + 2)
    context.beginPath()
    context.arc(at, 3, 3.5, 0, 7)
    context.fill()
    if (this.#hover !== undefined) {
      context.fillStyle = theme.soft
      context.fillRect(x(this.#hover), 0, 1, base)
    }
  }

  #drawGaps(context, x, base) {
    context.fillStyle = theme.faint
    for (let index = 1; index < this.frames.length; index++) {
      const [from, to] = [this.frames[index - 1].endAt, this.frames[index].startAt]
      if (to <= from) continue
      const [left, right] = [x(from), x(to)]
      for (let dot = left + 2; dot < right - 1; dot += 5) context.fillRect(dot, base - 1.5, 2, 1.5)
    }
  }

  #drawTimes(context, x, from, to, surface) {
    const room = 5.5 * theme.rem
    const steps = [1e3, 5e3, 15e3, 30e3, 60e3, 300e3, 900e3, 3600e3, 3 * 3600e3, 12 * 3600e3, 86400e3]
    const step = steps.find((size) => (size / (to - from)) * surface.width >= room) ?? 86400e3
    const zone = new Date(from).getTimezoneOffset() * 60_000
    context.fillStyle = theme.soft
    context.font = theme.font
    context.textBaseline = 'bottom'
    for (let time = Math.ceil((from - zone) / step) * step + zone; time <= to; time += step) {
      const at = x(time)
      if (at < 2 || at > surface.width - room * 0.8) continue
      context.fillText(clockFormat.format(time), at + 4, surface.height)
      context.fillRect(at, surface.height - 0.9 * theme.rem, 1, 0.9 * theme.rem)
    }
  }

  /** Says where it is to who can't see it. */
  tell(position, isLive) {
    const set = (name, value) => {
      if (this.element.getAttribute(name) !== String(value)) this.element.setAttribute(name, String(value))
    }
    if (!this.range || Number.isNaN(position)) return
    set('aria-valuemin', Math.round(this.range[0] / 1000))
    set('aria-valuemax', Math.round(this.range[1] / 1000))
    set('aria-valuenow', Math.round(position / 1000))
    set('aria-valuetext', isLive ? `live, ${clockFormat.format(position)}` : clockFormat.format(position))
  }
}

// ---- The page

const WORDS_INTERVAL = 200
const INDEX_INTERVAL_MIN = 2000
const CARD_WIDTH_REM = 25
const ICONS = { Pause: 'M5 4h3.4v12H5zM11.6 4H15v12h-3.4z', Play: 'M6 3.6v12.8L16.4 10z' }

const byName = (one, other) => (one.id < other.id ? -1 : 1)

class Page {
  server = connect(location.origin)
  cards = new Map()
  length = 30_000
  /** How often it drew, and how long it took: what the benchmarks read. */
  drawn = { frames: 0, plots: 0, milliseconds: 0 }
  #columns = []
  #trouble
  #told = 0
  #indexAt = 0
  #isMeasuring = false
  #items = []
  /** Cards that have no place yet. */
  #new = []
  #hasFrames = false
  #isLeft = false
  #recoveredAt = -Infinity

  constructor() {
    theme.read()
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw())
    this.line = new TimeLine(byId('timeline'), byId('hint'), (time) => this.seek(time))
    this.sound = new Sound((channel, time, loudness) => this.cards.get(channel)?.plot(time, 'loudness_dB', loudness))
    this.visible = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const card = this.cards.get(target.dataset.channel)
        if (!card) continue
        card.isVisible = isIntersecting
        card.lanes.changed()
      }
    }, { root: byId('channels'), rootMargin: '100px' })
    this.#listen()
    say(byId('command'), [
      'curl --cacert certs/cert.pem -H "Authorization: Bearer $(cat data/secret)" \\',
      "     -H 'Content-Type: application/json' -d '{\"celsius\": 21.5}' \\",
      `     ${location.origin}/channel/room1`,
    ].join('\n'))
    this.#layOut()
    this.play('live')
    requestAnimationFrame(() => this.#frame())
  }

  /** Begins to play, at the live edge or at a time. */
  play(from) {
    this.player?.close()
    this.#leave()
    const player = (this.player = new Player(this.server, { from, preroll: this.length }))
    player.on('seek', () => this.#leave())
    player.on('item', (item, channel) => this.#take(item, channel))
    player.on('frame', (frame) => {
      this.line.add(frame)
      this.#hasFrames = true
      this.#arrive()
      for (const channel of frame.channels) {
        if (!/^audio\//.test(channel.type)) continue
        byId('sound').hidden = false
        for (const item of channel.items) this.sound.add(item, channel.id)
      }
    })
    player.on('state', () => {
      if (player.state !== 'playing') this.sound.stop()
      this.#told = 0
    })
    player.on('trouble', ({ error, retryIn }) => (this.#trouble = { error, until: performance.now() + retryIn }))
    player.on('recovered', () => {
      this.#trouble = undefined
      this.#recoveredAt = performance.now()
    })
    player.on('error', (error) => (this.#trouble = { error, until: NaN }))
  }

  seek(time) {
    this.line.soughtAt = time
    this.player.seek(time)
  }

  toggle() {
    if (this.player.isPaused) this.player.play()
    else this.player.pause()
  }

  #listen() {
    byId('play').addEventListener('click', () => this.toggle())
    byId('live').addEventListener('click', () => this.player.live())
    byId('filter').addEventListener('input', () => this.#layOut())
    byId('window').addEventListener('change', (event) => {
      this.length = Number(event.target.value)
      const { isLive, isPaused, position } = this.player
      this.play(isLive || Number.isNaN(position) ? 'live' : position)
      if (isPaused) this.player.pause()
    })
    byId('sound').addEventListener('click', async ({ currentTarget }) => {
      await this.sound.toggle()
      currentTarget.classList.toggle('is-on', this.sound.isOn)
      say(currentTarget, this.sound.isOn ? 'Mute' : 'Unmute')
    })
    byId('copy').addEventListener('click', async ({ currentTarget }) => {
      await navigator.clipboard.writeText(byId('command').textContent)
      say(currentTarget, 'Copied')
    })
    new ResizeObserver(() => this.#layOut()).observe(byId('channels'))
    addEventListener('keydown', (event) => this.#press(event))
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, pre')) return
    const { position } = this.player
    const isOnLine = event.target === this.line.element
    const actions = {
      ArrowLeft: () => this.seek(this.line.step(position, -1)),
      ArrowRight: () => this.seek(this.line.step(position, 1)),
    }
    if (isOnLine) {
      Object.assign(actions, {
        ArrowDown: actions.ArrowLeft, ArrowUp: actions.ArrowRight,
        PageDown: () => this.seek(this.line.step(position, -10)),
        PageUp: () => this.seek(this.line.step(position, 10)),
        Home: () => this.seek(this.line.first?.startAt ?? position),
        End: () => this.player.live(),
      })
    }
    // A button that has the focus takes the space bar itself.
    if (!event.target.closest('button, summary')) actions[' '] = () => this.toggle()
    const action = actions[event.key]
    if (!action) return
    event.preventDefault()
    action()
  }

  /** Another time is played from now on. What is shown stays until something of it is here, so that nothing flickers. */
  #leave() {
    this.#isLeft = true
    this.sound.stop(true)
  }

  #arrive() {
    if (!this.#isLeft) return
    this.#isLeft = false
    for (const card of this.cards.values()) card.empty()
    this.#items = []
  }

  #take(item, channel) {
    let card = this.cards.get(channel.id)
    if (!card || card.type !== channel.type) {
      card?.element.remove()
      card = new Card(channel.id, channel.type)
      card.element.dataset.channel = channel.id
      this.cards.set(channel.id, card)
      this.visible.observe(card.element)
      this.#new.push(card)
    }
    if (card.kind === 'sound' && this.sound.unheard.has(channel.id)) card.showOctets()
    card.take(item)
    this.#items.push(item.timestamp)
    // A page that is not seen draws nothing, but is heard.
    if (document.hidden) this.sound.work(this.player)
  }

  // Columns: each card stays in the one it was put into, so that nothing jumps where one of them grows.

  #layOut() {
    const main = byId('channels')
    const room = main.clientWidth - 2 * theme.rem
    const count = Math.max(1, Math.floor((room + theme.rem) / ((CARD_WIDTH_REM + 1) * theme.rem)))
    if (this.#columns.length !== count) {
      this.#columns = Array.from({ length: count }, () => make('div', 'column'))
      main.querySelector('.columns')?.remove()
      main.append(make('div', 'columns', ...this.#columns))
    }
    for (const column of this.#columns) column.replaceChildren()
    for (const card of [...this.cards.values()].sort(byName)) this.#place(card)
  }

  #place(card) {
    const wanted = byId('filter').value.trim().toLowerCase()
    if (!card.id.toLowerCase().includes(wanted)) return card.element.remove()
    let shortest = this.#columns[0]
    for (const column of this.#columns) if (column.offsetHeight < shortest.offsetHeight) shortest = column
    shortest.append(card.element)
    card.lanes.changed()
  }

  #redraw() {
    theme.read()
    this.line.changed()
    for (const card of this.cards.values()) card.lanes.changed()
  }

  // What happens every sixtieth of a second

  #frame() {
    requestAnimationFrame(() => this.#frame())
    const begun = performance.now()
    const { player } = this
    player.update()
    const { position } = player
    const now = this.server.clock.now()
    // What comes at once, as at the beginning, stands by name; what comes later does not move it.
    if (this.#new.length > 0) for (const card of this.#new.splice(0).sort(byName)) this.#place(card)
    if (!Number.isNaN(position)) {
      if (!this.#isLeft) this.#draw(position)
      this.line.draw(position, now, player.isLive)
      this.sound.work(player)
    }
    if (begun - this.#told >= WORDS_INTERVAL) {
      this.#told = begun
      this.#tell(position, now)
      void this.#lookAround(begun)
    }
    this.drawn.frames++
    this.drawn.milliseconds += performance.now() - begun
  }

  /** Plots of one width move in the same turn, and the turns between have nothing for the browser to put together. */
  #draw(position) {
    for (const card of this.cards.values()) if (card.isVisible && card.draw(position, this.length)) this.drawn.plots++
  }

  #tellCards(position) {
    for (const card of this.cards.values()) {
      // A channel that has nothing at this time is not shown, and keeps its place.
      if (card.element.hidden !== card.isEmpty) card.element.hidden = card.isEmpty
      if (card.isVisible) card.tell(position, this.length)
    }
  }

  /** Words, five times a second. */
  #tell(position, now) {
    const { player, server } = this
    if (!this.#isLeft) this.#tellCards(position)
    const isKnown = !Number.isNaN(position)
    say(byId('clock'), isKnown ? `${clockFormat.format(position)}.${Math.floor((position % 1000) / 100)}` : '--:--:--')
    say(byId('date'), isKnown ? dateFormat.format(position) : '\u00a0')
    say(byId('delay'), isKnown ? span(now - position) : '–')
    const { clock } = server
    const offset = Math.round(clock.offset)
    say(byId('offset'), clock.isKnown ? `${offset < 0 ? '−' : '+'}${span(offset)} ±${Math.max(1, Math.ceil(clock.roundTrip / 2))}` : '–')
    while (this.#items.length > 0 && this.#items[0] < position - 5000) this.#items.shift()
    say(byId('rate'), `${short(this.#items.length / 5)}/s`)
    say(byId('frames'), String(this.line.frames.length))
    this.line.tell(position, player.isLive)
    this.#tellState(position, now)
    byId('live').setAttribute('aria-pressed', String(player.isLive))
    const action = player.isPaused ? 'Play' : 'Pause'
    if (byId('play').getAttribute('aria-label') !== action) {
      byId('play').setAttribute('aria-label', action)
      byId('play-icon').setAttribute('d', ICONS[action])
    }
    this.#tellEmptiness()
  }

  #tellState(position, now) {
    const { player } = this
    const [state, text, detail = ''] = this.#stateNow(position, now)
    document.body.dataset.state = state
    say(byId('state-text'), detail ? `${text}, ${detail}` : text)
    // Read out where it becomes another, and not with each second of it.
    say(byId('said'), text)
    document.title = `${player.isLive ? '' : `${text}, `}SyncStreamer`
  }

  #stateNow(position, now) {
    const { player } = this
    if (this.#trouble) {
      const seconds = Math.ceil((this.#trouble.until - performance.now()) / 1000)
      if (player.state === 'failed') return ['trouble', `The server refuses: ${this.#trouble.error.message}`]
      return ['trouble', 'No answer from the server', seconds > 0 ? `next try in ${seconds} s` : 'trying']
    }
    if (player.state === 'loading') return ['loading', this.#hasFrames ? 'Loading' : 'Waiting for the first frame']
    if (player.isPaused) return ['paused', 'Paused']
    if (player.state === 'stalled') return ['loading', 'Waiting for the next frame']
    if (!player.isLive) return ['behind', 'Behind live', span(now - position - player.delay)]
    return ['live', performance.now() - this.#recoveredAt < 5000 ? 'Connected again, live' : 'Live']
  }

  #tellEmptiness() {
    const { player } = this
    const isShown = [...this.cards.values()].some((card) => !card.isEmpty)
    const isEmpty = !isShown && (player.state !== 'loading' || !this.#hasFrames) && !this.#trouble
    byId('empty').hidden = !isEmpty
    if (!isEmpty) return
    say(byId('empty-title'), player.isLive ? 'Nothing has come in' : 'Nothing came in at this time')
    say(byId('empty-text'), player.isLive
      ? 'Post an item from a terminal. It shows up here when its frame is sealed.'
      : 'Choose another place on the time line, go back to live, or post an item from a terminal.')
  }

  // The index, which also knows what was removed, and the sizes of frames that were not fetched

  async #lookAround(time) {
    const { last } = this.line
    const interval = Math.max(INDEX_INTERVAL_MIN, last ? last.endAt - last.startAt : 0) * (this.player.isLive ? 30 : 1)
    if (time - this.#indexAt >= interval || (this.#indexAt === 0 && !last)) {
      this.#indexAt = time
      // The player says it where the server is away.
      await this.server.index().then((entries) => this.line.set(entries), () => {})
    }
    if (this.#isMeasuring || this.#trouble) return
    this.#isMeasuring = true
    for (let count = 0, frame; count < 40 && (frame = this.line.unmeasured); count++) {
      this.line.measured(frame, await this.#sizeOf(frame.id).catch(() => 0))
    }
    this.#isMeasuring = false
  }

  /** A frame's size from its first octet: what it is compressed to is another size. */
  async #sizeOf(id) {
    const response = await fetch(`/${id}`, { headers: { Range: 'bytes=0-0' } })
    await response.arrayBuffer()
    return Number(response.headers.get('Content-Range')?.split('/')[1] ?? 0)
  }
}

globalThis.viewer = new Page()
