// What became of each thing in a file, or would.
import { useTranslation } from 'react-i18next'

import type { Methods } from '../../api/shapes'
import { Badge } from '../../ui/Badge'
import { type Column, VirtualTable } from '../../ui/VirtualTable'

type Line = Methods['import_content']['result']['lines'][number]

const TONE = { added: 'ok', merged: 'ok', known: 'info', skipped: 'warn' } as const

interface Row extends Line {
  key: string
}

export function ImportReport({ lines }: { lines: readonly Line[] }) {
  const { t } = useTranslation('accounts')
  const rows: Row[] = lines.map((it, index) => ({ ...it, key: String(index) }))
  const columns: Column<Row>[] = [
    {
      id: 'outcome',
      head: t('importOutcome'),
      width: 'minmax(0, 1fr)',
      cell: (it) => <Badge tone={TONE[it.outcome]}>{t(`outcome_${it.outcome}`)}</Badge>,
    },
    {
      id: 'what',
      head: t('importWhat'),
      width: 'minmax(0, 1.5fr)',
      cell: (it) => (
        <div className="stack-1">
          <span className="small muted">{t(`thing_${it.what}`)}</span>
          <span>{it.name ?? '–'}</span>
        </div>
      ),
    },
    { id: 'at', head: t('importAt'), width: 'minmax(0, 1fr)', cell: (it) => it.at },
    { id: 'why', head: t('importWhy'), width: 'minmax(0, 2fr)', cell: (it) => it.message },
  ]
  return (
    <VirtualTable label={t('importTitle')} rows={rows} columns={columns} rowKey={(it) => it.key} />
  )
}
