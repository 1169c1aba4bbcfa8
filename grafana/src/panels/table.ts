import {
  TableCellDisplayMode,
  TableCellHeight,
  TableSortByFieldStateBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { DashboardLink, DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import { BAD } from '../colours.ts';
import {
  logsPanel,
  metricsPanel,
  type Panel,
  type PanelBuilder as AnyPanelBuilder,
  type PanelText,
  type Query,
} from './panel.ts';

/** A column of numbers: one query, whose result has one value for each row. */
export interface Column {
  title: string;
  expr: string;
  unit: string;
  decimals?: number;
  /** The cell turns red from here on. */
  limit?: number;
  /** The cell turns red below this. */
  floor?: number;
}

interface Table extends PanelText {
  /** The label columns: label name to heading. They are what makes a row, and every query must have exactly these. */
  rows: Record<string, string>;
  columns: Column[];
  /** Where a click on a label leads, by heading. */
  rowLinks?: Record<string, Builder<DashboardLink>[]>;
  /** Heading of the column that is sorted by, highest first. */
  sortBy: string;
}

/** The newest values side by side: one row for each combination of labels, one column for each query. */
export function table({ columns, ...options }: Table): Panel {
  // Grafana names value columns after the queries; a single one of Prometheus is called just "Value".
  const only = columns.length === 1 ? 'Value' : undefined;
  return metricsPanel(rowsOf({ columns, ...options }, only), options, targetsOf(columns));
}

/** The same, counted from logs. */
export function logTable({ columns, ...options }: Table): Panel {
  return logsPanel(rowsOf({ columns, ...options }), options, targetsOf(columns));
}

function targetsOf(columns: Column[]): Query[] {
  return columns.map(({ expr }) => ({ expr, instant: true, table: true }));
}

function rowsOf({ rows, rowLinks, columns, sortBy }: Table, only?: string): AnyPanelBuilder {
  const queryColumns = columns.map((column, index) => ({
    ...column,
    field: only ?? `Value #${String.fromCharCode(65 + index)}`,
  }));
  const headings = {
    ...rows,
    ...Object.fromEntries(queryColumns.map(({ field, title }) => [field, title])),
  };
  const builder = new PanelBuilder()
    .cellHeight(TableCellHeight.Sm)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(true)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(Object.keys(headings).map((field, at) => [field, at])),
        renameByName: headings,
      },
    });
  for (const column of columns) builder.overrideByName(column.title, look(column));
  for (const [heading, links] of Object.entries(rowLinks ?? {})) {
    builder.overrideByName(heading, [{ id: 'links', value: links.map((link) => link.build()) }]);
  }
  return builder;
}

/** Of a column of numbers, in pixels: what is left is for the names. */
const NUMBER_WIDTH = 105;

function look({ unit, decimals, limit, floor }: Column): DynamicConfigValue[] {
  const properties: DynamicConfigValue[] = [
    { id: 'unit', value: unit },
    { id: 'custom.width', value: NUMBER_WIDTH },
  ];
  if (decimals !== undefined) properties.push({ id: 'decimals', value: decimals });
  if (limit !== undefined) properties.push(...colouredFrom(limit, 'transparent', BAD));
  if (floor !== undefined) properties.push(...colouredFrom(floor, BAD, 'transparent'));
  return properties;
}

function colouredFrom(limit: number, below: string, above: string): DynamicConfigValue[] {
  return [
    {
      id: 'thresholds',
      value: {
        mode: 'absolute',
        steps: [
          { value: null, color: below },
          { value: limit, color: above },
        ],
      },
    },
    { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorBackground } },
  ];
}
