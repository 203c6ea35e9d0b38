/**
 * Stacked bars over time, as boxes of HTML: the first page that one opens shows two such charts, and a chart library for them would be as
 * large as all the rest. A table that is not seen says the same to a screen reader.
 */
import classes from "./bar-chart.module.css";

export interface BarSeries {
  /** The key of its value in a period. */
  readonly name: string;
  readonly label: string;
  /** A colour of styles.css, such as `var(--chart-good)`. */
  readonly color: string;
}

export interface BarPeriod {
  readonly label: string;
  readonly values: Readonly<Record<string, number>>;
}

interface BarChartProps {
  readonly label: string;
  readonly periods: readonly BarPeriod[];
  /** From the bottom up. */
  readonly series: readonly BarSeries[];
  readonly format: (value: number) => string;
}

/** Of the labels below, at most about so many are shown. */
const SHOWN_LABELS = 8;

export function BarChart({ label, periods, series, format }: BarChartProps) {
  const totalOf = ({ values }: BarPeriod): number =>
    series.reduce((sum, { name }) => sum + (values[name] ?? 0), 0);
  const top = roundUp(Math.max(1, ...periods.map(totalOf)));
  const every = Math.ceil(periods.length / SHOWN_LABELS);
  return (
    <figure className={classes.chart}>
      <div aria-hidden className={classes.picture}>
        <div className={classes.axis}>
          <span>{format(top)}</span>
          <span>{format(top / 2)}</span>
          <span>0</span>
        </div>
        <div className={classes.plot}>
          {periods.map((period) => (
            <div key={period.label} className={classes.period} title={titleOf(period, series, format)}>
              {series.toReversed().map(({ name, color }) => (
                <div
                  key={name}
                  style={{ height: `${((period.values[name] ?? 0) / top) * 100}%`, background: color }}
                />
              ))}
            </div>
          ))}
        </div>
        <div className={classes.labels}>
          {periods.map((period, index) => (
            <span key={period.label}>{(periods.length - 1 - index) % every === 0 ? period.label : ""}</span>
          ))}
        </div>
      </div>
      <ul aria-hidden className={classes.legend}>
        {series.map(({ name, label: text, color }) => (
          <li key={name}>
            <span style={{ background: color }} />
            {text}
          </li>
        ))}
      </ul>
      {/* A table itself is as wide as its words, even when it is not seen. */}
      <div className="visually-hidden">
        <table>
          <caption>{label}</caption>
          <thead>
            <tr>
              <th scope="col">Period</th>
              {series.map(({ name, label: text }) => (
                <th key={name} scope="col">
                  {text}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {periods.map((period) => (
              <tr key={period.label}>
                <th scope="row">{period.label}</th>
                {series.map(({ name }) => (
                  <td key={name}>{format(period.values[name] ?? 0)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

/** The next number that is 1, 2, 4 or 6 with zeros: its half is as short. */
function roundUp(value: number): number {
  const size = 10 ** Math.floor(Math.log10(value));
  const first = [1, 2, 4, 6, 10].find((digit) => digit * size >= value) ?? 10;
  return Math.max(2, first * size);
}

function titleOf(period: BarPeriod, series: readonly BarSeries[], format: (value: number) => string): string {
  const lines = series.map(({ name, label }) => `${label}: ${format(period.values[name] ?? 0)}`);
  return [period.label, ...lines].join("\n");
}
