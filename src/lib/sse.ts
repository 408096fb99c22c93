// Server-sent events from text cut anywhere.

export interface SseEvent {
  event: string | null
  data: string
}

/** Keeps what is not yet a whole event; `push` answers those that are. */
export class SseReader {
  #rest = ''

  push(text: string): SseEvent[] {
    this.#rest += text
    const events: SseEvent[] = []
    for (;;) {
      const end = /\r\n\r\n|\n\n|\r\r/.exec(this.#rest)
      if (!end) return events
      const block = this.#rest.slice(0, end.index)
      this.#rest = this.#rest.slice(end.index + end[0].length)
      const event = parse(block)
      if (event) events.push(event)
    }
  }

  /** What came after the last blank line, if it is an event at all. */
  end(): SseEvent[] {
    const event = parse(this.#rest)
    this.#rest = ''
    return event ? [event] : []
  }
}

function parse(block: string): SseEvent | null {
  let event: string | null = null
  const data: string[] = []
  for (const line of block.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
  }
  return data.length === 0 ? null : { event, data: data.join('\n') }
}
