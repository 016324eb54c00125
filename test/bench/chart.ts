// Draws what was measured, as SVG: a bar to the median, a line to the 95th percentile. Called by test/bench/main.ts.

/** Bars that share a scale. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly { readonly name: string; readonly p50: number; readonly p95: number }[];
}

const WIDTH = 840, NAMES = 270, FIGURES = 110, ROW = 22, TITLE = 36;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function drawPanel({ title, bars }: Panel, top: number): string {
  const most = Math.max(...bars.map(({ p95 }) => p95));
  const scale = (value: number) => (value / most * (WIDTH - NAMES - FIGURES)).toFixed(1);
  const rows = bars.map(({ name, p50, p95 }, i) => {
    const y = top + TITLE + i * ROW;
    const [middle, end] = [y + 7, NAMES + Number(scale(p95))];
    return `<text x="${NAMES - 8}" y="${y + 11}" text-anchor="end">${escape(name)}</text>
<rect x="${NAMES}" y="${y}" width="${scale(p50)}" height="14" fill="#4878a8"/>
<path d="M${NAMES} ${middle}H${end}M${end} ${y + 3}v8" stroke="#c05030"/>
<text x="${end + 8}" y="${y + 11}">${p50.toFixed(1)} / ${p95.toFixed(1)}</text>`;
  });
  return `<text x="8" y="${top + 20}" font-weight="bold">${escape(title)}</text>
${rows.join("\n")}
`;
}

/** Draws panels one below the other. */
export function drawChart(panels: readonly Panel[]): string {
  let top = 0;
  let body = "";
  for (const panel of panels) {
    body += drawPanel(panel, top);
    top += TITLE + panel.bars.length * ROW + 8;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${top}" fill="white"/>
${body}</svg>
`;
}
