// Values over time as lines, with the same as a table.
import { max, ticks } from 'd3-array'
import { area, line } from 'd3-shape'
import { type PointerEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Button } from '../../ui/Button'
import { Card } from '../../ui/Page'
import { useWidth } from '../../ui/useWidth'

export interface Series {
  name: string
  values: readonly (number | null)[]
  /** Of all times together, as it is read. */
  whole?: string
  /** A colour of the page, by the name of its variable. */
  colour?: string
}

const HEIGHT = 220
const LEFT = 52
const RIGHT = 8
const TOP = 10
const BOTTOM = 24
const COLOURS = ['--dp-series-1', '--dp-series-2', '--dp-series-3', '--dp-series-4'] as const
// Told apart without colour too.
const DASHES = [undefined, '6 3', '2 3', '10 3 2 3'] as const

export function LineChart({
  title,
  times,
  series,
  format,
  timeLabel,
  ceiling: fixed,
  note,
}: {
  title: string
  times: readonly number[]
  series: readonly Series[]
  format: (value: number) => string
  timeLabel: (at: number) => string
  /** The highest value there can be. */
  ceiling?: number
  note?: string | undefined
}) {
  const { t } = useTranslation('common')
  const [asTable, setAsTable] = useState(false)
  const [at, setAt] = useState<number | null>(null)
  const [box, width] = useWidth()
  const top = fixed ?? Math.max(max(series.flatMap((it) => it.values.map((one) => one ?? 0))) ?? 0, 1e-9)
  const marks = ticks(0, top, 4)
  const ceiling = Math.max(top, marks.at(-1) ?? top)
  const last = Math.max(times.length - 1, 1)
  const x = (index: number) => LEFT + (index / last) * (width - LEFT - RIGHT)
  const y = (value: number) => HEIGHT - BOTTOM - (value / ceiling) * (HEIGHT - TOP - BOTTOM)
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const along = event.clientX - event.currentTarget.getBoundingClientRect().left
    const index = Math.round(((along - LEFT) / (width - LEFT - RIGHT)) * last)
    setAt(Math.min(Math.max(index, 0), times.length - 1))
  }
  // Three do not fit on a narrow screen.
  const labels = (width < 380 ? [0, last] : [0, Math.floor(last / 2), last]).filter(
    (it, index, all) => it < times.length && all.indexOf(it) === index,
  )
  // For those who cannot see it; the table has the rest.
  const told = series
    .map((it) => `${it.name}: ${it.whole ?? format(max(it.values.map((one) => one ?? 0)) ?? 0)}`)
    .join('; ')
  const hovered = at === null ? undefined : times[at]
  return (
    <Card
      title={title}
      className="chart"
      actions={
        <Button small variant="ghost" aria-pressed={asTable} onClick={() => setAsTable((it) => !it)}>
          {asTable ? t('chart') : t('table')}
          <span className="sr"> {title}</span>
        </Button>
      }
    >
      {asTable ? (
        <DataTable title={title} times={times} series={series} format={format} timeLabel={timeLabel} />
      ) : (
        <div ref={box} className="stack-2">
          <svg
            viewBox={`0 0 ${width} ${HEIGHT}`}
            role="img"
            aria-label={`${title}. ${told}`}
            onPointerMove={point}
            onPointerLeave={() => setAt(null)}
          >
            {marks.map((it) => (
              <g key={it}>
                <line className="grid" x1={LEFT} x2={width - RIGHT} y1={y(it)} y2={y(it)} />
                <text x={LEFT - 6} y={y(it) + 4} textAnchor="end">
                  {format(it)}
                </text>
              </g>
            ))}
            {labels.map((it, index) => (
              <text
                key={it}
                x={x(it)}
                y={HEIGHT - 6}
                textAnchor={index === 0 ? 'start' : index === labels.length - 1 ? 'end' : 'middle'}
              >
                {timeLabel(times[it] ?? 0)}
              </text>
            ))}
            {series.map((it, index) => (
              <Line key={it.name} series={it} index={index} x={x} y={y} />
            ))}
            {at === null ? null : (
              <line className="grid" x1={x(at)} x2={x(at)} y1={TOP} y2={HEIGHT - BOTTOM} />
            )}
          </svg>
          <div className="legend">
            {series.map((it, index) => (
              <span key={it.name}>
                <span
                  className="swatch"
                  aria-hidden="true"
                  style={{ background: colourOf(it, index) }}
                />
                {it.name}
                {valueAt(it, at, format)}
              </span>
            ))}
            <span className="muted">{hovered === undefined ? ' ' : timeLabel(hovered)}</span>
          </div>
        </div>
      )}
      {note ? <p className="small muted">{note}</p> : null}
    </Card>
  )
}

function colourOf(series: Series, index: number): string {
  return `var(${series.colour ?? COLOURS[index % COLOURS.length]})`
}

/** Under the pointer; else of all times. */
function valueAt(series: Series, at: number | null, format: (value: number) => string): string {
  const value = at === null ? null : (series.values[at] ?? null)
  const text = at === null ? series.whole : value === null ? '–' : format(value)
  return text === undefined ? '' : `: ${text}`
}

function Line({
  series,
  index,
  x,
  y,
}: {
  series: Series
  index: number
  x: (index: number) => number
  y: (value: number) => number
}) {
  const colour = colourOf(series, index)
  const path = line<number | null>()
    .defined((it) => it !== null)
    .x((_, at) => x(at))
    .y((it) => y(it ?? 0))
  const below = area<number | null>()
    .x((_, at) => x(at))
    .y0(y(0))
    .y1((it) => y(it ?? 0))
  const values = [...series.values]
  // A value between two gaps is no line; it would not be seen at all.
  const alone = values.flatMap((it, at) =>
    it !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null
      ? [[at, it] as const]
      : [],
  )
  return (
    <>
      {index === 0 && !values.includes(null) ? <path d={below(values) ?? ''} fill={colour} opacity={0.12} /> : null}
      <path
        d={path(values) ?? ''}
        fill="none"
        stroke={colour}
        strokeWidth={2}
        strokeLinejoin="round"
        strokeDasharray={DASHES[index % DASHES.length]}
      />
      {alone.map(([at, value]) => (
        <circle key={at} cx={x(at)} cy={y(value)} r={3} fill={colour} />
      ))}
    </>
  )
}

function DataTable({
  title,
  times,
  series,
  format,
  timeLabel,
}: {
  title: string
  times: readonly number[]
  series: readonly Series[]
  format: (value: number) => string
  timeLabel: (at: number) => string
}) {
  return (
    <div className="chart-table" role="region" aria-label={title} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <td />
            {series.map((it) => (
              <th key={it.name} scope="col" className="end">
                {it.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((at, index) => (
            <tr key={at}>
              <th scope="row">{timeLabel(at)}</th>
              {series.map((it) => {
                const value = it.values[index]
                return (
                  <td key={it.name} className="num end">
                    {value === null || value === undefined ? '–' : format(value)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
