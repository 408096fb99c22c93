// Tabs of one page.
import * as Radix from '@radix-ui/react-tabs'
import type { ReactNode } from 'react'

import { hostParts } from './hostParts'

export interface Tab<Id extends string> {
  id: Id
  label: string
  content: ReactNode
}

// All four or none: they talk to each other.
const hosted =
  hostParts.Tabs && hostParts.TabsList && hostParts.TabsTrigger && hostParts.TabsContent
    ? {
        Root: hostParts.Tabs,
        List: hostParts.TabsList,
        Trigger: hostParts.TabsTrigger,
        Content: hostParts.TabsContent,
      }
    : null
const Own = { Root: Radix.Root, List: Radix.List, Trigger: Radix.Trigger, Content: Radix.Content }

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
  const Parts = hosted ?? Own
  return (
    <Parts.Root
      value={value}
      onValueChange={(it: string) => onChange(it as Id)}
      className="stack-4"
    >
      <div className="tabs">
        <Parts.List aria-label={label} className={hosted ? undefined : 'tabs-own'}>
          {tabs.map((it) => (
            <Parts.Trigger key={it.id} value={it.id} className={hosted ? undefined : 'tab'}>
              {it.label}
            </Parts.Trigger>
          ))}
        </Parts.List>
      </div>
      {tabs.map((it) => (
        <Parts.Content key={it.id} value={it.id} className="tab-content">
          {it.content}
        </Parts.Content>
      ))}
    </Parts.Root>
  )
}
