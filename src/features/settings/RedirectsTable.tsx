// Model asked for to model sent.
import { useTranslation } from 'react-i18next'

import type { ConfigShown } from '../../api/shapes'
import { problem } from '../../lib/problem'
import { TextField } from '../../ui/Field'
import { RowsEditor } from './RowsEditor'

interface Row {
  from: string
  to: string
}

export function RedirectsTable({ shown }: { shown: ConfigShown }) {
  const { t } = useTranslation('settings')
  return (
    <RowsEditor<Row>
      shown={shown}
      path="model_redirects"
      title={t('redirects')}
      about={t('redirectsAbout')}
      addLabel={t('redirectAdd')}
      empty={{ from: '', to: '' }}
      read={(config) => Object.entries(config.model_redirects).map(([from, to]) => ({ from, to }))}
      write={(rows) => Object.fromEntries(rows.map((it) => [it.from.trim(), it.to.trim()]))}
      columns={[t('redirectFrom'), t('redirectTo')]}
      check={(row, rows) =>
        row.from.trim() === '' || row.to.trim() === ''
          ? problem('common:required')
          : rows.filter((it) => it.from.trim() === row.from.trim()).length > 1
            ? problem('settings:twice')
            : null
      }
      nameOf={(row) => row.from}
      cells={(row, set) => [
        <TextField
          key="from"
          label={t('redirectFrom')}
          hideLabel
          placeholder="*haiku*"
          autoComplete="off"
          value={row.from}
          onChange={(event) => set({ ...row, from: event.target.value })}
        />,
        <TextField
          key="to"
          label={t('redirectTo')}
          hideLabel
          autoComplete="off"
          value={row.to}
          onChange={(event) => set({ ...row, to: event.target.value })}
        />,
      ]}
    />
  )
}
