// Tabs of one page.
import * as Radix from '@radix-ui/react-tabs'
import type { ReactNode } from 'react'

export interface Tab<Id extends string> {
  id: Id
  label: string
  content: ReactNode
}

export function Tabs<Id extends string>({
  label,
  tabs,
  value,
  onChange,
}: {
  label: string
  tabs: readonly Tab<Id>[]
  value: Id
  onChange: (id: Id) => void
}) {
  return (
    <Radix.Root value={value} onValueChange={(it) => onChange(it as Id)} className="stack-4">
      <Radix.List aria-label={label} className="tabs">
        {tabs.map((it) => (
          <Radix.Trigger key={it.id} value={it.id} className="tab">
            {it.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((it) => (
        <Radix.Content key={it.id} value={it.id} className="tab-content">
          {it.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}
