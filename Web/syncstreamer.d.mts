/**
 * The types of syncstreamer.mjs, and what each parameter means. Times are in milliseconds: UNIX time by the server's clock
 * where nothing else is said.
 */

/** What is wrong with a frame, and at which octet. */
export class FrameError extends Error {
  readonly reason: string
  readonly offset: number
}

/** An answer of the server that is not the one asked for. */
export class ServerError extends Error {
  /** The HTTP status. */
  readonly status: number
  /** The members of the problem (RFC 9457); none where the answer was no problem. */
  readonly problem: Record<string, any>
  /** How long the server asks to be left alone. */
  readonly retryAfter: number | undefined
}

/** No answer, or not a whole one: the network, or a server that is away. `cause` says more. */
export class ConnectionError extends Error {}

/** An item of a channel. Its octets stay in the frame's memory until they are asked for. */
export class Item {
  /** When it happened; rounded where it is past 2^53. */
  readonly timestamp: number
  /** How many octets it has. */
  readonly size: number
  /** Its octets: a view of the frame's memory, not a copy. */
  readonly data: Uint8Array
  /** Its octets as UTF-8; what is none becomes U+FFFD. */
  text(): string
  /** Its octets as JSON. Throws a SyntaxError where they are none. */
  json(): any
}

/** A channel's part of a frame. */
export class Channel {
  /** Never empty; no other channel of the frame has it. */
  readonly id: string
  /** What its items are, such as `application/json`. */
  readonly type: string
  /** In the order in which the server took them. */
  readonly items: Item[]
}

/** Everything that arrived in one window of time. */
export class Frame {
  /** Its id at the server: its start, exactly. */
  readonly id: string
  readonly startAt: number
  /** Not before the start. */
  readonly endAt: number
  /** How many octets it has. */
  readonly size: number
  /** In the order in which they first appeared. */
  readonly channels: Channel[]
  /** The channel with this id, where there is one. */
  channel(id: string): Channel | undefined
}

/** The order of a channel's names in a frame; `idFirst` is that of servers with `--compat-go`. */
export type NameOrder = 'typeFirst' | 'idFirst'

/** Decodes a whole frame, after checking all of it; it copies no item. Throws a FrameError. */
export function decode(octets: ArrayBuffer | Uint8Array, options?: { order?: NameOrder }): Frame

/** What comes from outside, replaceable so that tests rest on no real time and no network. */
export interface Environment {
  /** A clock that never goes back and is never set, in milliseconds. */
  now(): number
  /** The device's clock: UNIX time in milliseconds. */
  wallNow(): number
  setTimeout(callback: () => void, milliseconds: number): any
  clearTimeout(timer: any): void
  /** 0 up to 1. */
  random(): number
  fetch: typeof fetch
  /** Tells `online`. */
  events: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> | undefined
}

/** What may be aborted. */
export interface Abortable {
  signal?: AbortSignal
}

/**
 * The server's time, without trusting the device's: of several round trips the shortest tells most. It runs by the
 * device's monotonic clock, so setting the device's clock changes nothing.
 */
export class ServerClock {
  /** Whether the server was asked; until then its clock is taken to be the device's. */
  readonly isKnown: boolean
  /** The round trip of the best sample; the error is at most half of it. */
  readonly roundTrip: number | undefined
  /** How far the server's clock is ahead of the device's. */
  readonly offset: number
  /** The server's time now. */
  now(): number
  /** Asks the server a few times, and keeps what is better than what was known. */
  estimate(options?: Abortable): Promise<void>
  /** Estimates after a minute, less and less often up to every ten, and after a sleep, until `stop` was called as often. Resolves when the first try has ended. */
  start(): Promise<void>
  stop(): void
}

/** A frame as the index lists it. */
export interface Entry {
  id: string
  startAt: number
  endAt: number
}

/** A time that can't be had. */
export interface Gap {
  from: number
  to: number
  /** By retention; at the server; since there is no frame; to catch up. */
  reason: 'removed' | 'damaged' | 'missing' | 'empty' | 'skipped'
}

/** Something failed, and will be tried again. */
export interface Trouble {
  error: unknown
  retryIn: number
}

export interface FollowOptions extends Abortable {
  /**
   * `live` begins with the newest frame, a time with the frame that covers it or the first one after it; a function
   * chooses, knowing the newest frame.
   */
  from?: 'live' | number | ((newest: Entry | undefined) => 'live' | number)
  /** Instead of `from`: goes on after the frame with this id. */
  after?: string
  /** How many seconds the server is asked to wait for the next frame, up to 60; 25. */
  wait?: number
  /** Frames are left out, since they can't be had any more. */
  onGap?(gap: Gap): void
  onTrouble?(trouble: Trouble): void
  /** What was in trouble works again. */
  onRecovered?(): void
}

export interface PostOptions extends Abortable {
  /** Instead of the connection's. */
  secret?: string
  /** The channel's type; a Blob brings its own. */
  type?: string
  /** When the item happened; the server's time where there is none. */
  timestamp?: number
  /** How long ago it happened, for a device without a clock. */
  age?: number
  /** Under which a retry stores nothing twice; made up where there is none. */
  idempotencyKey?: string
  /** How often to try again what failed for a reason that passes; 6. */
  retries?: number
}

/** What an upload was answered. */
export interface Receipt {
  accepted: number
  /** The id of the last accepted item's frame. */
  frame?: string
  receivedAt?: number
  rejectedCount?: number
  /** The first 100 items that were refused, by their number. */
  rejected?: { index: number; type: string; detail: string }[]
}

export interface ConnectOptions {
  /** For posting. */
  secret?: string
  /** Instead of the platform's. */
  fetch?: typeof fetch
  order?: NameOrder
  environment?: Partial<Environment>
}

/** Connects to a server, such as `https://localhost:8080`: nothing is sent before something is asked of it. */
export function connect(url: string | URL, options?: ConnectOptions): Server

/** A server. Made by `connect`. What it is asked throws a ServerError or a ConnectionError where it fails. */
export class Server {
  constructor(url: string | URL, options?: ConnectOptions)
  readonly environment: Environment
  readonly clock: ServerClock
  /** The frames that there are, newest first; those that overlap a range of time, and the newest so many of them. */
  index(options?: Abortable & { from?: number; to?: number; limit?: number }): Promise<Entry[]>
  /** A frame. The last few are kept, decoded: 64, of 64 MiB. */
  frame(id: string, options?: Abortable): Promise<Frame>
  /** The server's clock as it says it: when it had the question and when it gave the answer. */
  time(options?: Abortable): Promise<{ receivedAt: number; sentAt: number }>
  /**
   * Frames as they come, oldest first, each once and none left out: for ever, or until the signal aborts. What fails for
   * a reason that passes is tried again, later and later; other things are thrown.
   */
  follow(options?: FollowOptions): AsyncGenerator<Frame, void, undefined>
  /**
   * Posts one item: octets (ArrayBuffer, any view, Blob) as they are, anything else as JSON. Under an Idempotency-Key, so
   * that trying again stores nothing twice.
   */
  post(channel: string, item: any, options?: PostOptions): Promise<Receipt>
  /**
   * Posts many items in one request: octets as records, anything else as lines of JSON; all of one kind. `timestamps`
   * says of octets when each happened.
   */
  postAll(channel: string, items: Iterable<any>, options?: PostOptions & { timestamps?: number[] }): Promise<Receipt>
}

export interface PlayerOptions {
  /**
   * How far behind the server's clock items are delivered at the live edge. Less than a frame's length and the way to
   * here can't be kept up; `auto` is just as much, as it is measured.
   */
  delay?: 'auto' | number
  /** How much of what came before the place where it begins, or to which it seeks, is delivered at once; 0. */
  preroll?: number
  /** Where it begins; `live`. */
  from?: 'live' | number
  /** Whether it begins paused. */
  paused?: boolean
  /** Which channels; all. */
  wants?(id: string, type: string): boolean
  /** How far ahead frames are fetched, at the least one; 30 s. */
  bufferTime?: number
  /** And at most so many octets of them, at the least one frame; 64 MiB. */
  bufferOctets?: number
  /** What is further behind at the live edge is skipped, and said as a gap; 60 s. */
  lagMax?: number
}

export type PlayerState = 'loading' | 'playing' | 'paused' | 'stalled' | 'failed' | 'closed'

/** What a player tells. */
export interface PlayerEvents {
  /** An item, in its time; `dueIn` is below 0 where it is late. */
  item(item: Item, channel: Channel, dueIn: number): void
  /** A frame was fetched, whose items will follow in their time. */
  frame(frame: Frame): void
  /** Also where only `isLive` or `rate` changed. */
  state(state: PlayerState): void
  /** The position jumped: what was shown is of another time. */
  seek(position: number): void
  gap(gap: Gap): void
  /** What comes next is not here in time. */
  stall(stall: { position: number }): void
  trouble(trouble: Trouble): void
  recovered(): void
  /** It can't go on: `state` is `failed`. */
  error(error: unknown): void
}

/**
 * Delivers the items of all channels in the order of their times, each when it is due: so long after it happened as
 * `delay` says, by the server's clock, so that all who watch see the same at the same moment.
 *
 * An item that comes late is delivered at once. At the live edge the position goes on whatever happens; elsewhere it waits
 * for frames that are not here yet, and jumps over times that have none.
 */
export class Player {
  constructor(server: Server, options?: PlayerOptions)
  readonly state: PlayerState
  /** Whether it is at the live edge: `delay` behind the server's clock. */
  readonly isLive: boolean
  readonly isPaused: boolean
  /** The time that is being played; NaN before it is known. */
  readonly position: number
  /** How far it is behind the server's clock. */
  readonly lag: number
  /** How fast it plays: 1, but while it catches up. */
  readonly rate: number
  /** The end of what is fetched; undefined where nothing is. */
  readonly bufferedTo: number | undefined
  /** How far behind it is at the live edge; NaN before that is known. */
  get delay(): number
  set delay(delay: number | 'auto')
  /** Calls `listener` for an event from now on; what is returned ends that. */
  on<Name extends keyof PlayerEvents>(name: Name, listener: PlayerEvents[Name]): () => void
  /** How long until an item of this time is due; below 0 where it was. */
  timeUntil(timestamp: number): number
  /** Goes on from where it was paused. */
  play(): void
  /** Stands still, which leaves the live edge. */
  pause(): void
  /** Goes to a time, and plays on from there unless it is paused; to the live edge where that is not past. */
  seek(time: number): void
  /** Goes to the live edge, and plays. */
  live(): void
  /** Plays faster, until it is at the live edge. */
  catchUp(rate?: number): void
  /** Delivers what is due. It does so by itself; a page may call it before it draws. */
  update(): void
  /** Ends it for good. */
  close(): void
}
