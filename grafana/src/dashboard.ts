import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
  TimePickerBuilder,
  type Dashboard as SdkDashboard,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { annotations } from './annotations.ts';
import { allDashboards, TAG, titles, toDashboard, type Uid } from './links.ts';
import type { Panel } from './panels/panel.ts';
import { dataSources } from './variables.ts';

/** Grafana's folders, in the order in which one reads them. */
export const folders = [
  'Overview',
  'Services',
  'Data',
  'Business',
  'Security',
  'Experience',
  'Delivery',
  'Infrastructure',
  'Load',
] as const;

export type Folder = (typeof folders)[number];

/** A dashboard as its author thinks of it; what all of them share is added by `build`. */
export interface Dashboard {
  folder: Folder;
  uid: Uid;
  /** What it answers. */
  question: string;
  /** The dashboards that one would open next, from here. */
  next: Uid[];
  variables: Builder<VariableModel>[];
  /** From "is it all right?" to "why not?". Panels fill lines of 24 columns from the left. */
  rows: { title: string; panels: Panel[] }[];
}

/** The dashboard in Grafana's JSON model. */
export function build(dashboard: Dashboard): SdkDashboard {
  const builder = new DashboardBuilder(titles[dashboard.uid])
    .uid(dashboard.uid)
    .description(dashboard.question)
    .tags([TAG, dashboard.folder.toLowerCase()])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timepicker(new TimePickerBuilder().refreshIntervals(['10s', '30s', '1m', '5m', '15m']))
    .variables([...dataSources, ...dashboard.variables])
    .annotations(annotations)
    .link(allDashboards);
  for (const uid of dashboard.next) builder.link(toDashboard(uid));
  for (const row of dashboard.rows) {
    builder.withRow(new RowBuilder(row.title).id(idFrom(`row ${row.title}`)));
    for (const panel of row.panels) {
      panel.builder.id(idFrom(panel.title));
      builder.withPanel(panel.builder);
    }
  }
  return builder.build();
}

/**
 * A panel's id, made from its title (FNV-1a, folded to 24 bits): alerts and people's bookmarks link to panels by id, so it
 * must not change because another panel was put in before.
 */
export function idFrom(title: string): number {
  let hash = 0x811c9dc5;
  for (const character of title) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return (hash >>> 24) ^ (hash & 0xffffff);
}
