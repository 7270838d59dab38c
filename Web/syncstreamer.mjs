/**
 * SyncStreamer for browsers and Node (18 or newer): decodes frames, follows a server, plays what it has in time,
 * and posts to it. No dependencies, no build step.
 *
 *     import { connect, Player } from '/syncstreamer.mjs'
 *
 *     const server = connect('https://localhost:8080', { secret })
 *     for await (const frame of server.follow()) console.log(frame.id, frame.channels)
 *     new Player(server).on('item', (item, channel) => console.log(channel.id, item.text()))
 *     await server.post('room1', { celsius: 21.5 })
 *
 * Times are milliseconds: UNIX time by the server's clock where nothing else is said. Whatever takes time takes
 * an AbortSignal. Types, and what each parameter means, are in syncstreamer.d.mts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

// ---- Frames

const HEADER_OCTETS = 30
const RECORD_OCTETS = 16
const ITEM_OCTETS = 16

export class FrameError extends Error {
  constructor(reason, offset) {
    super(`${reason} (at octet ${offset})`)
    this.name = 'FrameError'
    this.reason = reason
    this.offset = offset
  }
}

/** An item of a channel. Its octets stay where they are in the frame until they are asked for. */
export class Item {
  #frame
  #start
  #end

  constructor(frame, timestamp, start, end) {
    this.#frame = frame
    this.#start = start
    this.#end = end
    this.timestamp = timestamp
  }

  get size() {
    return this.#end - this.#start
  }

  get data() {
    return this.#frame.subarray(this.#start, this.#end)
  }

  text() {
    return lenient.decode(this.data)
  }

  json() {
    return JSON.parse(this.text())
  }
}

export class Channel {
  constructor(id, type) {
    this.id = id
    this.type = type
    this.items = []
  }
}

export class Frame {
  constructor(start, end, size, channels) {
    this.id = String(start)
    this.startAt = Number(start)
    this.endAt = Number(end)
    this.size = size
    this.channels = channels
  }

  channel(id) {
    return this.channels.find((channel) => channel.id === id)
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

function refuse(reason, offset) {
  throw new FrameError(reason, offset)
}

/** Decodes a frame, after checking all of it; it copies no item. */
export function decode(octets, { order = 'typeFirst' } = {}) {
  const frame = octets instanceof Uint8Array ? octets : new Uint8Array(octets)
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  // Rounded past 2^53, far more than fits into memory: comparisons still hold.
  const large = (at) => view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)

  if (frame.length < HEADER_OCTETS) refuse('shorter than the 30-octet header', frame.length)
  const version = view.getUint16(0)
  if (version !== 1) refuse(`unsupported version ${version}`, 0)
  const start = view.getBigUint64(14)
  const end = view.getBigUint64(22)
  if (end < start) refuse('end timestamp before start timestamp', 22)
  const metadataSize = view.getUint32(2)
  if (metadataSize > frame.length - HEADER_OCTETS) refuse('metadata section runs past the end of the input', 2)
  const section = HEADER_OCTETS + metadataSize
  const dataSize = large(6)
  if (dataSize > frame.length - section) refuse('data section runs past the end of the input', 6)

  const channels = []
  const records = []
  const offsets = []
  const ids = new Set()
  for (let record = HEADER_OCTETS; record < section;) {
    const [first, second, next] = recordNames(view, record, section, order)
    const offset = large(record)
    if (offset > dataSize) refuse("a channel's offset lies outside the data section", record)
    if (records.length > 0 && offset < offsets[offsets.length - 1]) refuse('channel offsets descend', record)
    const [typeAt, typeEnd, idAt, idEnd] =
      order === 'typeFirst' ? [first, second, second, next] : [second, next, first, second]
    const type = name(frame, typeAt, typeEnd, 'a channel type')
    if (idAt === idEnd) refuse('a channel id is empty', idAt)
    const id = name(frame, idAt, idEnd, 'a channel id')
    if (ids.has(id)) refuse('a channel id occurs twice', idAt)
    ids.add(id)
    channels.push(new Channel(id, type))
    records.push(record)
    offsets.push(offset)
    record = next
  }
  if (records.length > 0 && offsets[0] !== 0) refuse("the first channel's offset is not zero", records[0])
  if (records.length === 0 && dataSize > 0) refuse('data section without a channel', 6)
  if (section + dataSize < frame.length) refuse('octets after the data section', section + dataSize)

  let position = section
  channels.forEach((channel, index) => {
    const limit = index + 1 < channels.length ? section + offsets[index + 1] : frame.length
    while (position < limit) {
      const left = frame.length - position - ITEM_OCTETS
      if (left < 0) refuse("an item runs past the end of its channel's data", position)
      const size = large(position + 8)
      if (size > left) refuse("an item runs past the end of its channel's data", position + 8)
      const data = position + ITEM_OCTETS
      channel.items.push(new Item(frame, large(position), data, data + size))
      position = data + size
    }
    // The item fits the data section, so it is the next channel's offset that is wrong.
    if (position > limit) refuse("a channel's offset falls inside an item", records[index + 1])
  })
  return new Frame(start, end, frame.length, channels)
}

/** Where a record's two names begin, and where the record ends. */
function recordNames(view, record, section, order) {
  const names = record + RECORD_OCTETS
  if (section < names) refuse('metadata section ends inside a record', section)
  const first = view.getUint32(record + 8)
  const second = view.getUint32(record + 12)
  if (first + second > section - names) {
    // What would fit the input was cut by the section's size; sizes that fit neither are at fault themselves.
    if (first + second <= view.byteLength - names) refuse('metadata section ends inside a record', section)
    const firstIsAtFault = first > section - names
    const field = firstIsAtFault === (order === 'typeFirst') ? 'type' : 'id'
    refuse(`a channel ${field} runs past the end of the metadata section`, record + (firstIsAtFault ? 8 : 12))
  }
  return [names, names + first, names + first + second]
}

function name(frame, start, end, what) {
  try {
    return strict.decode(frame.subarray(start, end))
  } catch {
    refuse(`${what} is not valid UTF-8`, start)
  }
}

// ---- Errors

export class ServerError extends Error {
  constructor(status, problem, retryAfter) {
    super([problem.title ?? `status ${status}`, problem.detail].filter(Boolean).join(': '))
    this.name = 'ServerError'
    this.status = status
    this.problem = problem
    this.retryAfter = retryAfter
  }
}

export class ConnectionError extends Error {
  constructor(message, cause) {
    super(message)
    this.name = 'ConnectionError'
    this.cause = cause
  }
}

// Statuses that pass by themselves (RFC 9110 section 15, RFC 6585, RFC 8470, RFC 4918).
const PASSING = new Set([408, 421, 425, 429, 500, 502, 503, 504, 507])

function passes(error) {
  return error instanceof ServerError ? PASSING.has(error.status) : !(error instanceof TypeError)
}

function hasStatus(error, ...statuses) {
  return error instanceof ServerError && statuses.includes(error.status)
}

// ---- The environment

function thisEnvironment() {
  return {
    now: () => performance.now(),
    wallNow: () => Date.now(),
    setTimeout: (...call) => setTimeout(...call),
    clearTimeout: (timer) => clearTimeout(timer),
    random: () => Math.random(),
    fetch: (...call) => fetch(...call),
    events: typeof globalThis.addEventListener === 'function' ? globalThis : undefined,
  }
}

const BACKOFF_FIRST = 500
const BACKOFF_MAX = 30_000

/** Waits, which end early where the device comes online, and how long to leave a server alone that fails. */
class Rest {
  #environment
  #next = BACKOFF_FIRST
  wake = () => {}

  constructor(environment) {
    this.#environment = environment
  }

  /** Throws the signal's reason where it is aborted. */
  async for(milliseconds, signal) {
    const { setTimeout, clearTimeout, events } = this.#environment
    signal?.throwIfAborted()
    await new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        events?.removeEventListener('online', end)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, milliseconds)
      events?.addEventListener('online', end)
      signal?.addEventListener('abort', end)
      this.wake = end
    })
    signal?.throwIfAborted()
  }

  /** Twice as long with every failure, half of it left to chance; and as long as the server asks for. */
  after(error) {
    const delay = this.#next * (0.5 + this.#environment.random() / 2)
    this.#next = Math.min(this.#next * 2, BACKOFF_MAX)
    return Math.max(delay, error.retryAfter ?? 0)
  }

  reset() {
    this.#next = BACKOFF_FIRST
  }
}

/** Aborts a request with its caller's signal, and where nothing came of it for too long. */
class Watch {
  #controller = new AbortController()
  #environment
  #caller
  #milliseconds
  #timer
  #isTooLate = false
  #abort = () => this.#controller.abort()

  constructor(environment, milliseconds, caller) {
    caller?.throwIfAborted()
    this.#environment = environment
    this.#caller = caller
    this.#milliseconds = milliseconds
    caller?.addEventListener('abort', this.#abort)
    this.touch()
  }

  get signal() {
    return this.#controller.signal
  }

  /** Something came: the time begins anew. */
  touch() {
    this.#environment.clearTimeout(this.#timer)
    this.#timer = this.#environment.setTimeout(() => {
      this.#isTooLate = true
      this.#abort()
    }, this.#milliseconds)
  }

  /** Nobody reads for now, which is no fault of the other side; until the next touch. */
  hold() {
    this.#environment.clearTimeout(this.#timer)
  }

  end(isUnread = false) {
    this.#environment.clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#abort)
    if (isUnread) this.#abort()
  }

  /** What to throw for what was caught. */
  explain(error) {
    if (this.#caller?.aborted) return this.#caller.reason
    if (this.#isTooLate) return new ConnectionError(`nothing came for ${this.#milliseconds} ms`, error)
    if (error instanceof ServerError || error instanceof ConnectionError) return error
    return new ConnectionError(error?.message ?? String(error), error)
  }
}

// ---- The server's clock

const CLOCK_SAMPLES = 5
// Doubled up to ten times that.
const CLOCK_INTERVAL = 60_000
// How far two quartz clocks part where one is bad.
const CLOCK_DRIFT = 50e-6
// The device was asleep or its clock was set where its two clocks part by so much.
const CLOCK_JUMP = 1000

/**
 * The server's time, without trusting the device's: several round trips, of which the shortest tells most, since
 * the server read its clock somewhere within (RFC 5905 section 10 does the same).
 */
export class ServerClock {
  #best
  #ask
  #environment
  #rest
  #users = 0
  #stopping = new AbortController()
  #tried = Promise.resolve()
  #parting

  constructor(ask, environment) {
    this.#ask = ask
    this.#environment = environment
    this.#rest = new Rest(environment)
    this.#parting = environment.wallNow() - environment.now()
  }

  get isKnown() {
    return this.#best !== undefined
  }

  get roundTrip() {
    return this.#best?.roundTrip
  }

  get offset() {
    return this.now() - this.#environment.wallNow()
  }

  now() {
    const { now, wallNow } = this.#environment
    const parting = wallNow() - now()
    if (Math.abs(parting - this.#parting) > CLOCK_JUMP) {
      this.#parting = parting
      this.#best &&= { ...this.#best, roundTrip: Infinity }
      this.#rest.wake()
    }
    return now() + (this.#best?.offset ?? parting)
  }

  /** Asks the server a few times, and keeps what is better than what was known. */
  async estimate({ signal } = {}) {
    const { now } = this.#environment
    for (let count = 0; count < CLOCK_SAMPLES; count++) {
      const asked = now()
      const { receivedAt, sentAt } = await this.#ask(signal)
      const answered = now()
      const roundTrip = Math.max(0, answered - asked - (sentAt - receivedAt))
      const offset = (receivedAt + sentAt) / 2 - (asked + answered) / 2
      if (!isFinite(offset)) throw new ConnectionError('that is no time')
      const age = this.#best ? answered - this.#best.at : 0
      if (!this.#best || roundTrip / 2 <= this.#best.roundTrip / 2 + age * CLOCK_DRIFT) {
        this.#best = { offset, roundTrip, at: answered }
      }
    }
  }

  /** Estimates now and then, until `stop` was called as often. Resolves once the first try has ended. */
  start() {
    if (this.#users++ === 0) {
      this.#stopping = new AbortController()
      this.#tried = new Promise((resolve) => void this.#keepEstimating(this.#stopping.signal, resolve))
    }
    return this.#tried
  }

  stop() {
    if (this.#users > 0 && --this.#users === 0) this.#stopping.abort()
  }

  async #keepEstimating(signal, tell) {
    let interval = CLOCK_INTERVAL
    while (!signal.aborted) {
      let rest = interval
      await this.estimate({ signal }).then(() => this.#rest.reset(), (error) => (rest = this.#rest.after(error)))
      if (rest === interval) interval = Math.min(2 * interval, 10 * CLOCK_INTERVAL)
      tell()
      await this.#rest.for(rest, signal).catch(() => {}) // It was stopped.
    }
  }
}

// ---- Requests

const REQUEST_TIMEOUT = 30_000
const CACHE_FRAMES = 64
const CACHE_OCTETS = 64 * 2 ** 20
const POST_RETRIES = 6

export function connect(url, options) {
  return new Server(url, options)
}

export class Server {
  #base
  #secret
  #order
  /** Newest last. */
  #cache = new Map()
  #cachedOctets = 0

  constructor(url, { secret, fetch, order = 'typeFirst', environment } = {}) {
    this.#base = String(url).replace(/\/+$/, '')
    this.#secret = secret
    this.#order = order
    this.environment = { ...thisEnvironment(), ...(fetch ? { fetch } : {}), ...environment }
    this.clock = new ServerClock((signal) => this.time({ signal }), this.environment)
  }

  /** Sends a request; who takes its response reads it under the watch, and ends that. */
  async open(path, { timeout = REQUEST_TIMEOUT, signal, ...init } = {}) {
    const watch = new Watch(this.environment, timeout, signal)
    try {
      const response = await this.environment.fetch(this.#base + path, { ...init, signal: watch.signal })
      watch.touch()
      if (!response.ok) throw await serverError(response, watch, this.environment)
      return { response, watch }
    } catch (error) {
      watch.end()
      throw watch.explain(error)
    }
  }

  /** Sends a request, and gives what `read` makes of its response. */
  async ask(path, read, options) {
    const { response, watch } = await this.open(path, options)
    try {
      return await read(response, watch)
    } catch (error) {
      throw watch.explain(error)
    } finally {
      watch.end()
    }
  }

  async index({ from, to, limit, signal } = {}) {
    const [first, last] = [from, to].map((time) => time && Math.max(0, Math.floor(time)))
    const entries = await this.ask(withQuery('/frame', { from: first, to: last, limit }), readJSON, { signal })
    return entries.map(entryOf)
  }

  async frame(id, { signal } = {}) {
    signal?.throwIfAborted()
    const cached = this.#cache.get(id)
    if (cached) {
      this.#cache.delete(id)
      this.#cache.set(id, cached)
      return cached
    }
    const frame = decode(await this.ask(`/${id}`, readOctets, { signal }), { order: this.#order })
    frame.id = id
    this.#keep(frame)
    return frame
  }

  #keep(frame) {
    if (this.#cache.has(frame.id)) return
    this.#cache.set(frame.id, frame)
    this.#cachedOctets += frame.size
    for (const [id, oldest] of this.#cache) {
      if (this.#cache.size <= CACHE_FRAMES && this.#cachedOctets <= CACHE_OCTETS) break
      this.#cache.delete(id)
      this.#cachedOctets -= oldest.size
    }
  }

  time({ signal } = {}) {
    return this.ask('/time', readJSON, { signal, cache: 'no-store' })
  }

  follow(options = {}) {
    return new Follower(this, options).frames()
  }

  async post(channel, item, options = {}) {
    const octets = await octetsOf(item)
    return octets
      ? this.#upload(channel, octets, 'application/octet-stream', { type: item.type || undefined, ...options })
      : this.#upload(channel, json(item), 'application/json', options)
  }

  async postAll(channel, items, options = {}) {
    const list = [...items]
    const octets = await Promise.all(list.map(octetsOf))
    if (list.length > 0 && octets.every(Boolean)) {
      const body = records(octets, options.timestamps ?? [])
      return this.#upload(channel, body, 'application/vnd.syncstreamer.items', {
        type: list[0].type || undefined, ...options,
      })
    }
    if (octets.some(Boolean)) throw new TypeError('a batch is either all octets or all JSON')
    return this.#upload(channel, list.map((item) => json(item) + '\n').join(''), 'application/x-ndjson', options)
  }

  async #upload(channel, body, kind, options) {
    const { type, timestamp, age, retries = POST_RETRIES, signal } = options
    const secret = options.secret ?? this.#secret
    const path = withQuery(`/channel/${encodeURIComponent(channel)}`, { type, timestamp, age })
    const headers = {
      'Content-Type': kind,
      'Idempotency-Key': options.idempotencyKey ?? unguessable(this.environment),
    }
    if (secret !== undefined) headers.Authorization = `Bearer ${secret}`
    const rest = new Rest(this.environment)
    for (let left = retries; ; left--) {
      try {
        return await this.ask(path, readJSON, { method: 'POST', headers, body, signal })
      } catch (error) {
        if (signal?.aborted || left <= 0 || !passes(error)) throw error
        await rest.for(rest.after(error), signal)
      }
    }
  }
}

function withQuery(path, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined))
  return String(query) === '' ? path : `${path}?${query}`
}

/** The members of an entry, also as `--compat-go` names them. */
function entryOf(entry) {
  return entry.id ? entry : { id: entry.Id, startAt: entry.StartAt, endAt: entry.EndAt }
}

function json(item) {
  const text = JSON.stringify(item)
  if (text === undefined) throw new TypeError('an item must be octets, or a value that JSON has')
  return text
}

/** The octets of an item that is some; undefined for others. */
async function octetsOf(item) {
  if (item instanceof ArrayBuffer) return new Uint8Array(item)
  if (ArrayBuffer.isView(item)) return new Uint8Array(item.buffer, item.byteOffset, item.byteLength)
  if (typeof Blob === 'function' && item instanceof Blob) return new Uint8Array(await item.arrayBuffer())
  return undefined
}

/** Items as a frame has them; a time of 0 leaves it to the server. */
function records(items, timestamps) {
  const body = new Uint8Array(items.reduce((sum, item) => sum + ITEM_OCTETS + item.length, 0))
  const view = new DataView(body.buffer)
  let position = 0
  items.forEach((item, index) => {
    view.setBigUint64(position, BigInt(timestamps[index] ?? 0))
    view.setBigUint64(position + 8, BigInt(item.length))
    body.set(item, position + ITEM_OCTETS)
    position += ITEM_OCTETS + item.length
  })
  return body
}

function unguessable({ random }) {
  // Pages without TLS, and Node 18, have no randomUUID.
  return globalThis.crypto?.randomUUID?.() ?? ['key', random(), random(), random()].join('-')
}

async function readOctets(response, watch) {
  if (!response.body) return new Uint8Array(0)
  const reader = response.body.getReader()
  const pieces = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    watch.touch()
    pieces.push(value)
    size += value.length
  }
  if (pieces.length === 1) return pieces[0]
  const octets = new Uint8Array(size)
  let position = 0
  for (const piece of pieces) {
    octets.set(piece, position)
    position += piece.length
  }
  return octets
}

async function readJSON(response, watch) {
  return response.status === 204 ? undefined : JSON.parse(lenient.decode(await readOctets(response, watch)))
}

async function serverError(response, watch, { wallNow }) {
  let problem = {}
  try {
    problem = await readJSON(response, watch)
  } catch {
    // Not every server on the way says what is wrong: the status has to do.
  }
  // Seconds, or a date (RFC 9110 section 10.2.3).
  const field = response.headers.get('Retry-After') ?? ''
  const wait = /^\d+$/.test(field) ? Number(field) * 1000 : Date.parse(field) - wallNow()
  return new ServerError(response.status, Object(problem), wait > 0 ? wait : undefined)
}

// ---- Following

const WAIT_SECONDS = 25
// A comment comes every 15 s over an event stream.
const EVENTS_TIMEOUT = 45_000
// A frame that is listed and can't be had: past so many tries it is left out, and said.
const FRAME_TRIES = 5
const POLL_MIN = 250
const POLL_MAX = 5000

/** One run along a server's frames. */
class Follower {
  #server
  #options
  #signal
  #rest
  #isTroubled = false
  #stopping = new AbortController()
  /** The last frame that was given, or before which nothing is wanted. */
  #last = { id: '0', endAt: 0 }

  constructor(server, options) {
    this.#server = server
    this.#options = options
    this.#signal = this.#stopping.signal
    this.#rest = new Rest(server.environment)
  }

  async *frames() {
    const { signal } = this.#options
    const stop = () => this.#stopping.abort(signal?.reason)
    signal?.addEventListener('abort', stop)
    if (signal?.aborted) stop()
    const entries = this.#entries()
    try {
      for (let next = entries.next(); ;) {
        const entry = (await next).value
        // Asked for while this one is fetched: where frames are short, the way is long.
        next = entries.next()
        next.catch(() => {}) // It is thrown where it is awaited.
        const frame = await this.#fetch(entry)
        if (frame) yield frame
      }
    } finally {
      signal?.removeEventListener('abort', stop)
      stop()
    }
  }

  /** A listed frame; undefined, and a gap, where it can't be had. */
  async #fetch(entry) {
    for (let tries = 1; ; tries++) {
      try {
        const frame = await this.#server.frame(entry.id, { signal: this.#signal })
        this.#succeeded()
        return frame
      } catch (error) {
        const { startAt: from, endAt: to } = entry
        const isDamaged = error instanceof FrameError
        const isLost = isDamaged || hasStatus(error, 404)
        if (hasStatus(error, 410) || (isLost && tries >= FRAME_TRIES)) {
          const reason = hasStatus(error, 410) ? 'removed' : isDamaged ? 'damaged' : 'missing'
          this.#options.onGap?.({ from, to, reason })
          this.#succeeded()
          return undefined
        }
        await this.#failed(error, isLost || passes(error))
      }
    }
  }

  /** What the server lists, in order, each once; in the best way that the server has. */
  async *#entries() {
    let listed = await this.#persist(() => this.#begin())
    const ways = [() => this.#byWaiting(), () => this.#byEvents(), () => this.#byIndex()]
    for (let way = 0; ;) {
      for (const entry of listed) yield (this.#last = entry)
      listed = []
      try {
        for await (const entry of ways[way]()) {
          this.#succeeded()
          if (isAfter(entry.id, this.#last.id)) yield (this.#last = entry)
        }
        way = Math.min(way + 1, ways.length - 1)
      } catch (error) {
        if (hasStatus(error, 410)) {
          listed = await this.#persist(() => this.#list())
          if (listed.length > 0) continue
        }
        await this.#failed(error, hasStatus(error, 410) || passes(error))
        way = 0 // It may be another server that comes back.
      }
    }
  }

  async #begin() {
    const { after } = this.#options
    if (after !== undefined) {
      this.#last = { id: after, endAt: Number(after) }
      return []
    }
    const signal = this.#signal
    const [newest] = await this.#server.index({ limit: 1, signal })
    const choice = this.#options.from ?? 'live'
    const from = typeof choice === 'function' ? choice(newest) : choice
    if (!newest) return []
    if (from === 'live') return [newest]
    const listed = (await this.#server.index({ from, signal })).reverse()
    if (listed.length === 0) this.#last = newest
    return listed
  }

  /** The frames after the last one; what is missing between is a gap. */
  async #list() {
    const last = this.#last
    const isFirst = last.id === '0'
    const from = isFirst ? undefined : Number(last.id)
    const listed = (await this.#server.index({ from, signal: this.#signal })).reverse()
    const newer = listed.filter((entry) => isAfter(entry.id, last.id))
    const isHole = !isFirst && newer.length > 0 && newer[0].startAt > last.endAt
    if (isHole && !listed.some((entry) => entry.id === last.id)) {
      this.#options.onGap?.({ from: last.endAt, to: newer[0].startAt, reason: 'removed' })
    }
    return newer
  }

  /** A request a frame, which the server answers when it has it; ends where the server has no such thing. */
  async *#byWaiting() {
    const { wait = WAIT_SECONDS } = this.#options
    const { now } = this.#server.environment
    for (;;) {
      const asked = now()
      let entry
      try {
        const path = `/frame/after/${this.#last.id}?wait=${wait}`
        const timeout = wait * 1000 + REQUEST_TIMEOUT
        entry = await this.#server.ask(path, readJSON, { timeout, signal: this.#signal })
      } catch (error) {
        if (hasStatus(error, 404, 405, 501)) return
        throw error
      }
      if (entry) yield entryOf(entry)
      else this.#succeeded()
      // Something on the way may not let it wait.
      if (!entry && now() - asked < wait * 500) await this.#rest.for(POLL_MIN * 4, this.#signal)
    }
  }

  /** An event a frame; ends where the server sends none. */
  async *#byEvents() {
    const headers = { Accept: 'text/event-stream', 'Last-Event-ID': this.#last.id }
    const settings = { headers, timeout: EVENTS_TIMEOUT, signal: this.#signal, cache: 'no-store' }
    const { response, watch } = await this.#server.open('/frame', settings)
    try {
      if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) return
      for await (const { event, data } of readEvents(response, watch)) {
        watch.hold()
        if (event === 'frame') yield entryOf(JSON.parse(data))
        watch.touch()
      }
      throw new ConnectionError('the event stream ended')
    } catch (error) {
      throw watch.explain(error)
    } finally {
      watch.end(true)
    }
  }

  /** Asks for the index again and again, which every server has. */
  async *#byIndex() {
    for (;;) {
      let latest = this.#last
      for (const entry of await this.#list()) yield (latest = entry)
      this.#succeeded()
      // A quarter of a frame, so that a frame is seen at most that late.
      const rest = (latest.endAt - Number(latest.id)) / 4 || POLL_MAX
      await this.#rest.for(Math.max(POLL_MIN, Math.min(rest, POLL_MAX)), this.#signal)
    }
  }

  async #persist(attempt) {
    for (;;) {
      try {
        const result = await attempt()
        this.#succeeded()
        return result
      } catch (error) {
        await this.#failed(error)
      }
    }
  }

  #succeeded() {
    this.#rest.reset()
    if (!this.#isTroubled) return
    this.#isTroubled = false
    this.#options.onRecovered?.()
  }

  /** Says so and rests, or throws what doesn't pass. */
  async #failed(error, isPassing = passes(error)) {
    this.#signal?.throwIfAborted()
    if (!isPassing) throw error
    const retryIn = this.#rest.after(error)
    this.#isTroubled = true
    this.#options.onTrouble?.({ error, retryIn })
    await this.#rest.for(retryIn, this.#signal)
  }
}

/** Ids are numbers in decimal that a script's numbers may not hold. */
function isAfter(id, other) {
  return BigInt(id) > BigInt(other)
}

/** The events of an event stream (the HTML standard, "Interpreting an event stream"). */
async function* readEvents(response, watch) {
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let event = ''
  let data = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    watch.touch()
    text += decoder.decode(value, { stream: true })
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    text = lines.pop()
    for (const line of lines) {
      const [, field, content] = /^([^:]*):? ?(.*)$/s.exec(line)
      if (line === '') {
        if (data.length > 0) yield { event, data: data.join('\n') }
        event = ''
        data = []
      } else if (field === 'event') event = content
      else if (field === 'data') data.push(content)
    }
  }
}

// ---- The player

// What the way of a frame may take longer than the last ones before the player has to wait for it.
const DELAY_MARGIN = 500
// A server waits for late items for up to ten frames' time.
const LENGTHS_LATE_MAX = 11
const TICK_MAX = 250

export class Player {
  #server
  #environment
  #options
  #listeners = new Map()
  /** Frames of which not all was delivered, oldest first. */
  #runs = []
  /** The end of the newest frame that is here. */
  #bufferedTo
  /** A position that was, when that was by the monotonic clock, and how fast it goes on from there. */
  #anchor = { position: NaN, at: 0, rate: 1 }
  #isLive = true
  #toldLive = true
  #isPaused = false
  #state = 'loading'
  #delay
  #isDelayAuto
  #acceptedAt = NaN
  /** Which beginning it is: what belongs to an earlier one is void. */
  #turn = 0
  #loading = new AbortController()
  #hasRoom = () => {}
  #timer

  constructor(server, options = {}) {
    this.#server = server
    this.#environment = server.environment
    this.#options = {
      preroll: 0, bufferTime: 30_000, bufferOctets: CACHE_OCTETS, lagMax: 60_000, wants: () => true, ...options,
    }
    this.#isDelayAuto = (options.delay ?? 'auto') === 'auto'
    this.#delay = typeof options.delay === 'number' ? options.delay : NaN
    this.#isPaused = options.paused ?? false
    // The first positions are worth little before the server's clock is known; one that can't tell it is no reason
    // not to begin.
    void server.clock.start().then(() => {
      if (this.#turn > 0) return
      const { from = 'live' } = options
      if (from === 'live') this.#restart('live')
      else this.seek(from)
    })
  }

  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  get state() {
    return this.#state
  }

  get isLive() {
    return this.#isLive
  }

  get isPaused() {
    return this.#isPaused
  }

  get position() {
    const { position, at, rate } = this.#anchor
    if (this.#isPaused) return position
    if (this.#isLive) return this.#server.clock.now() - this.#delay
    const limit = this.#bufferedTo ?? position
    return Math.max(position, Math.min(position + (this.#environment.now() - at) * rate, limit))
  }

  get lag() {
    return this.#server.clock.now() - this.position
  }

  get delay() {
    return this.#delay
  }

  set delay(delay) {
    this.#isDelayAuto = delay === 'auto'
    if (typeof delay === 'number') this.#delay = delay
    else this.#delay = NaN
    if (this.#isLive) this.live()
  }

  get rate() {
    return this.#isLive ? 1 : this.#anchor.rate
  }

  get bufferedTo() {
    return this.#bufferedTo
  }

  timeUntil(timestamp) {
    return (timestamp - this.position) / this.rate
  }

  play() {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (Number.isNaN(this.#anchor.position)) return this.live()
    this.#anchor = { ...this.#anchor, at: this.#environment.now(), rate: 1 }
    this.update()
  }

  pause() {
    if (this.#isPaused) return
    this.#anchor = { position: this.position, at: this.#environment.now(), rate: 1 }
    this.#isPaused = true
    if (!Number.isNaN(this.#anchor.position)) this.#isLive = false
    this.update()
  }

  seek(time) {
    const edge = this.#server.clock.now() - (this.#delay || 0)
    if (time >= edge && !this.#isPaused) return this.live()
    time = Math.min(time, edge)
    this.#isLive = false
    this.#anchor = { position: time, at: this.#environment.now(), rate: 1 }
    this.#restart(time)
  }

  live() {
    this.#isPaused = false
    this.#isLive = true
    this.#restart('live')
  }

  catchUp(rate = 2) {
    if (this.#isLive) return
    this.#anchor = { position: this.position, at: this.#environment.now(), rate }
    this.#isPaused = false
    this.update(true)
  }

  close() {
    if (this.#state === 'closed') return
    this.#drop()
    this.#server.clock.stop()
    this.#environment.clearTimeout(this.#timer)
    this.#enter('closed')
    this.#listeners.clear()
  }

  #drop() {
    this.#turn++
    this.#loading.abort()
    this.#hasRoom()
    this.#runs = []
    this.#bufferedTo = undefined
  }

  /** Begins anew at a time, or at the live edge. */
  #restart(from) {
    if (this.#state === 'closed') return
    this.#drop()
    this.#loading = new AbortController()
    this.#enter('loading', true)
    if (from !== 'live') this.#emit('seek', from)
    void this.#load(this.#turn, this.#loading.signal, (newest) => {
      if (from !== 'live') return Math.max(0, from - this.#options.preroll)
      if (Number.isNaN(this.#delay)) {
        if (!newest) return 'live'
        this.#guessDelay(newest)
      }
      const position = this.#server.clock.now() - this.#delay
      this.#emit('seek', position)
      return Math.max(0, position - this.#options.preroll)
    })
  }

  async #load(turn, signal, from) {
    try {
      const following = this.#server.follow({
        from, signal,
        onGap: (gap) => this.#emit('gap', gap),
        onTrouble: (trouble) => this.#emit('trouble', trouble),
        onRecovered: () => this.#emit('recovered'),
      })
      for await (const frame of following) {
        if (turn !== this.#turn) return
        this.#accept(frame)
        while (turn === this.#turn && this.#isFull) {
          await new Promise((resolve) => (this.#hasRoom = () => resolve()))
        }
        if (turn !== this.#turn) return
      }
    } catch (error) {
      if (turn !== this.#turn || signal.aborted) return
      this.#enter('failed')
      this.#emit('error', error)
    }
  }

  get #isFull() {
    if (this.#bufferedTo === undefined || this.#runs.length === 0) return false
    const octets = this.#runs.reduce((sum, run) => sum + run.frame.size, 0)
    const ahead = this.#bufferedTo - this.position
    return ahead > this.#options.bufferTime || octets > this.#options.bufferOctets
  }

  #accept(frame) {
    const { lagMax, preroll, wants } = this.#options
    const now = this.#server.clock.now()
    this.#adjustDelay(frame, now)
    let position = this.position
    if (this.#isLive && !this.#isPaused && frame.endAt < position - Math.max(lagMax, preroll)) {
      this.#emit('gap', { from: frame.startAt, to: position, reason: 'skipped' })
      return this.#restart('live')
    }
    const before = this.#bufferedTo
    if (before !== undefined && frame.startAt > before) {
      this.#emit('gap', { from: before, to: frame.startAt, reason: 'empty' })
    }
    if (!this.#isLive) {
      // What has no frame is jumped over: at the beginning, and where all before it was played.
      const isEmptyHere = before === undefined ? frame.startAt > position : position >= before
      if (isEmptyHere) position = Math.max(position, frame.startAt)
      this.#anchor = { ...this.#anchor, position, at: this.#environment.now() }
    }
    this.#bufferedTo = Math.max(before ?? 0, frame.endAt)
    this.#runs.push(new Run(frame, wants, before === undefined ? position - preroll : -Infinity))
    this.#emit('frame', frame)
    this.update()
  }

  /** At the least a frame's length, and as much more as the newest frame is old: servers wait for late items. */
  #guessDelay({ startAt, endAt }) {
    const length = endAt - startAt
    const age = this.#server.clock.now() - endAt
    this.#delay = Math.max(length, age < LENGTHS_LATE_MAX * length ? age : 0) + DELAY_MARGIN
  }

  /** A frame must be here when its first item is due. Frames that come one by one tell when that is, others are old. */
  #adjustDelay(frame, now) {
    if (Number.isNaN(this.#delay)) this.#guessDelay(frame)
    const pace = (now - this.#acceptedAt) / (frame.endAt - frame.startAt)
    this.#acceptedAt = now
    const isPaced = frame.startAt === this.#bufferedTo && pace > 0.5 && pace < 2
    const needed = now - frame.startAt
    const isToGrow = this.#isLive && this.#isDelayAuto && isPaced && needed > this.#delay
    if (isToGrow) this.#delay = needed + DELAY_MARGIN / 2
  }

  /** Delivers what is due; `isChanged` has listeners told the state in any case. */
  update(isChanged = false) {
    if (this.#state === 'closed' || this.#state === 'failed') return
    const turn = this.#turn
    this.#jump()
    const position = this.position
    for (let run = this.#nextRun(); run && run.timestamp <= position; run = this.#nextRun()) {
      const { item, channel } = run.take()
      this.#emit('item', item, channel, (item.timestamp - position) / this.rate)
      if (turn !== this.#turn) return
    }
    this.#runs = this.#runs.filter((run) => !run.isPast(position))
    if (!this.#isPaused && !this.#isLive && position >= this.#server.clock.now() - this.#delay) {
      this.#isLive = true
      isChanged = true
    }
    this.#enter(this.#stateNow(position), isChanged)
    if (turn !== this.#turn) return
    if (!this.#isFull) this.#hasRoom()
    this.#arm(position)
  }

  /** Where the place that was reached has no frame, and a later one is here, it goes on there. */
  #jump() {
    if (this.#isLive || this.#runs.length === 0) return
    const position = this.position
    const [first] = this.#runs.filter((run) => run.frame.endAt > position)
    if (!first || first.frame.startAt <= position || this.#isPaused) return
    this.#anchor = { ...this.#anchor, position: first.frame.startAt, at: this.#environment.now() }
  }

  /** The one whose next item comes first. */
  #nextRun() {
    let next
    for (const run of this.#runs) if (run.timestamp < (next?.timestamp ?? Infinity)) next = run
    return next
  }

  #stateNow(position) {
    if (this.#isPaused) return 'paused'
    if (this.#bufferedTo === undefined) return 'loading'
    return position >= this.#bufferedTo ? 'stalled' : 'playing'
  }

  #enter(state, isChanged = false) {
    const before = this.#state
    const wasLive = this.#toldLive
    this.#state = state
    this.#toldLive = this.#isLive
    if (state === 'stalled' && before !== 'stalled') this.#emit('stall', { position: this.position })
    if (state !== before || wasLive !== this.#isLive || isChanged) this.#emit('state', state)
  }

  #arm(position) {
    const { setTimeout, clearTimeout } = this.#environment
    clearTimeout(this.#timer)
    if (this.#isPaused || this.#bufferedTo === undefined) return
    const edge = this.#bufferedTo > position ? this.#bufferedTo : Infinity
    const wait = Math.min(this.#nextRun()?.timestamp ?? Infinity, edge) - position
    // A timer may ring a little before its time; it is set again then.
    this.#timer = setTimeout(() => this.update(), Math.max(1, Math.min(wait / this.rate, TICK_MAX)))
  }

  #emit(name, ...content) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(...content)
      } catch (error) {
        // A listener's fault is its own: it is reported, and the player goes on.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

/** The items of a frame in the order of their times. */
class Run {
  #entries = []
  #next = 0

  constructor(frame, wants, from) {
    this.frame = frame
    for (const channel of frame.channels) {
      if (!wants(channel.id, channel.type)) continue
      for (const item of channel.items) if (item.timestamp >= from) this.#entries.push({ item, channel })
    }
    // Stable: what happened at the same time stays in the frame's order.
    this.#entries.sort((one, other) => one.item.timestamp - other.item.timestamp)
  }

  /** The time of the next item; infinite where there is none. */
  get timestamp() {
    return this.#entries[this.#next]?.item.timestamp ?? Infinity
  }

  take() {
    return this.#entries[this.#next++]
  }

  isPast(position) {
    return this.#next >= this.#entries.length && this.frame.endAt <= position
  }
}
