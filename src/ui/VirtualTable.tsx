// A table of any length: only rows that are seen are in the page. Narrow ones become cards.
import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, type ReactNode, useLayoutEffect, useRef } from 'react'

import { classes } from '../lib/classes'
import { Icon } from './Icon'

export interface Column<Row> {
  id: string
  head: string
  /** Read by screen readers alone. */
  hideHead?: boolean
  /** A track of a CSS grid. */
  width: string
  cell: (row: Row) => ReactNode
  sortable?: boolean
  end?: boolean
}

export interface Sort {
  by: string
  down: boolean
}

/** Below this many rows all are in the page: find-in-page and printing work. */
const ALL_UP_TO = 100

export function VirtualTable<Row>({
  label,
  rows,
  columns,
  rowKey,
  rowHeight = 56,
  sort,
  onSort,
  onEnd,
  total,
}: {
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  rowKey: (row: Row) => string
  rowHeight?: number
  sort?: Sort
  onSort?: (sort: Sort) => void
  /** Called when the last rows come into sight, for more of them. */
  onEnd?: () => void
  /** How many rows there are in all, if not all are here. */
  total?: number
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const all = rows.length <= ALL_UP_TO
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    enabled: !all,
    getItemKey: (index) => {
      const row = rows[index]
      return row === undefined ? index : rowKey(row)
    },
  })
  const items = all ? [] : virtual.getVirtualItems()
  // Rows that come in above must not push away what is being read: the first row in sight stays
  // where it is.
  const held = useRef<{ key: string; within: number } | null>(null)
  useLayoutEffect(() => {
    const it = scroller.current
    if (all || !it || it.scrollTop < rowHeight || held.current === null) return
    const { key, within } = held.current
    const index = rows.findIndex((row) => rowKey(row) === key)
    const start = virtual.measurementsCache[index]?.start
    if (start !== undefined && start + within !== it.scrollTop) it.scrollTop = start + within
    // Only rows that came or went move anything.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [rows])
  const style = { '--columns': columns.map((it) => it.width).join(' ') } as CSSProperties
  const shown = all
    ? rows.map((row, index) => ({ row, index, start: null as number | null }))
    : items.flatMap((it) => {
        const row = rows[it.index]
        return row === undefined ? [] : [{ row, index: it.index, start: it.start }]
      })
  const onScroll = () => {
    const it = scroller.current
    if (!it) return
    const first = items.find((item) => item.end > it.scrollTop)
    const row = first && rows[first.index]
    held.current = row ? { key: rowKey(row), within: it.scrollTop - first.start } : null
    if (onEnd && it.scrollTop + it.clientHeight > it.scrollHeight - 600) onEnd()
  }
  return (
    <div
      ref={scroller}
      className="vtable"
      style={style}
      role="table"
      aria-label={label}
      aria-rowcount={(total ?? rows.length) + 1}
      tabIndex={0}
      onScroll={onScroll}
    >
      <div role="rowgroup" className="vtable-head">
        <div role="row" className="vtable-row" aria-rowindex={1}>
          {columns.map((it) => (
            <Head key={it.id} column={it} sort={sort} onSort={onSort} />
          ))}
        </div>
      </div>
      <div
        role="rowgroup"
        className="vtable-body"
        style={all ? undefined : { height: virtual.getTotalSize() }}
      >
        {shown.map(({ row, index, start }) => (
          <div
            key={rowKey(row)}
            role="row"
            aria-rowindex={index + 2}
            data-index={index}
            ref={all ? undefined : virtual.measureElement}
            className={classes('vtable-row', start !== null && 'vtable-floating')}
            style={start === null ? undefined : { transform: `translateY(${start}px)` }}
          >
            {columns.map((it) => (
              <div
                key={it.id}
                role="cell"
                className={classes('vtable-cell', it.end && 'end')}
                data-label={it.hideHead ? undefined : it.head}
              >
                {it.cell(row)}
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  )
}

function Head<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>
  sort: Sort | undefined
  onSort: ((sort: Sort) => void) | undefined
}) {
  const active = sort?.by === column.id
  const text = <span className={column.hideHead ? 'sr' : undefined}>{column.head}</span>
  return (
    <div
      role="columnheader"
      className={classes('vtable-cell', column.end && 'end')}
      aria-sort={active ? (sort.down ? 'descending' : 'ascending') : undefined}
    >
      {column.sortable && onSort ? (
        <button
          type="button"
          className="sort"
          onClick={() => onSort({ by: column.id, down: active ? !sort.down : false })}
        >
          {text}
          {active ? <Icon name={sort.down ? 'down' : 'up'} size={14} /> : null}
        </button>
      ) : (
        text
      )}
    </div>
  )
}
