// Holds dashboards/*.json against the types that Grafana publishes: every key and enumerated value of dashboards, variables,
// panels, their options and field settings. It writes each dashboard as a literal, because only in a literal does TypeScript see
// a misspelt key. Usage: node check.mjs FOLDER-WITH-NODE_MODULES DASHBOARD.json...
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const [folder, ...files] = process.argv.slice(2);

// Panel types, and where their options are described.
const kinds = { stat: 'Stat', timeseries: 'TimeSeries', bargauge: 'BarGauge', table: 'Table' };
const imports = Object.entries(kinds).map(([kind, name]) =>
  `import type * as ${kind} from '@grafana/schema/dist/esm/raw/composable/${kind}/panelcfg/x/${name}PanelCfg_types.gen';`);

const head = `${imports.join('\n')}
import type { Dashboard, Panel, RowPanel, GraphFieldConfig, TableFieldOptions } from '@grafana/schema';

// Enumerations are written as their values, as in JSON.
type AsJSON<T> = T extends string ? T | \`\${T}\`
  : T extends number ? T | (\`\${T}\` extends \`\${infer N extends number}\` ? N : never)
  : T extends (infer E)[] ? AsJSON<E>[]
  : T extends object ? { [K in keyof T]: AsJSON<T[K]> } : T;
type Exactly<O, F> = Omit<AsJSON<Panel>, 'options' | 'fieldConfig'> & { options?: AsJSON<O>; fieldConfig?: Omit<NonNullable<AsJSON<Panel>['fieldConfig']>, 'defaults'> & {
  defaults: Omit<NonNullable<AsJSON<Panel>['fieldConfig']>['defaults'], 'custom'> & { custom?: AsJSON<F> } } };
type Whole = Omit<AsJSON<Dashboard>, 'panels'> & { uid: string };
type Kinds = {
  stat: Exactly<Partial<stat.Options>, {}>;
  timeseries: Exactly<timeseries.Options, GraphFieldConfig>;
  bargauge: Exactly<Partial<bargauge.Options>, {}>;
  table: Exactly<table.Options, Partial<TableFieldOptions> & { filterable?: boolean }>;
  row: AsJSON<RowPanel>;
};

// What must not pass: if one of these did, nothing below would say anything.
// @ts-expect-error a misspelt key
export const wrongKey: Whole = { uid: 'x', schemaVersion: 39, graphTooltips: 1 };
// @ts-expect-error no such colour mode
export const wrongWord: Kinds['stat'] = { type: 'stat', options: { colorMode: 'loud' } };
// @ts-expect-error a misspelt option
export const wrongOption: Kinds['stat'] = { type: 'stat', options: { colourMode: 'value' } };
// @ts-expect-error no such style
export const wrongStyle: Kinds['timeseries'] = { type: 'timeseries', fieldConfig: { overrides: [], defaults: { custom: { drawStyle: 'dots' } } } };
`;

const text = [head];
let panels = 0;
files.forEach((file, f) => {
  const dashboard = JSON.parse(readFileSync(file));
  text.push(`// ${basename(file)}`);
  for (const panel of dashboard.panels) {
    if (panel.type !== 'row' && !kinds[panel.type]) throw new Error(`${file}: a panel of type ${panel.type}; say in check.mjs where its options are described`);
    text.push(`export const d${f}p${panel.id}: Kinds['${panel.type}'] = ${JSON.stringify(panel)};`);
    panels++;
  }
  delete dashboard.panels;
  text.push(`export const d${f}: Whole = ${JSON.stringify(dashboard)};`);
});
writeFileSync(join(folder, 'check.ts'), text.join('\n'));
writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
  compilerOptions: { strict: true, noEmit: true, skipLibCheck: true, target: 'es2022', module: 'esnext', moduleResolution: 'bundler', types: [] }, files: ['check.ts'],
}));
console.log(`${files.length} dashboards, ${panels} panels`);
