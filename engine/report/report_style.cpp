#include "engine/report/report_style.h"

namespace cudenza {

// Plots also take their colours from these variables (report_html.cpp).
const std::string_view kReportStyle = R"css(
:root {
  color-scheme: light dark;
  --paper: #fff; --card: #f6f8fa; --ink: #1f2328; --soft: #59636e; --line: #d8dee4;
  --blue: #0072b2; --vermilion: #d55e00; --on-fill: #fff; --wash: #0072b21c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0e1318; --card: #171d24; --ink: #e6edf3; --soft: #9ba7b4; --line: #303943;
    --blue: #56b4e9; --vermilion: #ff9248; --on-fill: #0b0f14; --wash: #56b4e926;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0 auto; max-width: 70rem; padding: clamp(1rem, 4vw, 3rem);
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1 { font-size: clamp(1.5rem, 5vw, 2.25rem); line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: .25rem 0 .5rem; }
section > h3 { margin-top: 1.5rem; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: var(--blue); text-underline-offset: .15em; }
small, .soft, caption, figcaption { color: var(--soft); font-size: .875rem; }
.kicker { color: var(--soft); margin: 0; }

.hero { display: flex; flex-wrap: wrap; gap: .25rem 2rem; align-items: center; margin: 1.5rem 0;
  padding: 1.25rem clamp(1rem, 3vw, 2rem); background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
.hero > strong { font-size: clamp(3rem, 13vw, 4.75rem); line-height: 1.1; letter-spacing: -.03em; white-space: nowrap; }
.hero > div { flex: 1 1 17rem; }
.hero p { margin: .2rem 0; }
.bar { position: relative; height: .5rem; margin: .9rem 0 .5rem; border-radius: .25rem; background: var(--line); }
.bar i, .bar b { position: absolute; top: 0; height: 100%; }
.bar i { background: var(--blue); opacity: .45; border-radius: .25rem; }
.bar b { width: .25rem; margin-left: -.125rem; top: -.25rem; height: 1rem; background: var(--blue); border-radius: .125rem; }
dl.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.tiles div { padding: .6rem .9rem; border: 1px solid var(--line); border-radius: .6rem; }
.tiles dt { color: var(--soft); font-size: .875rem; }
.tiles dd { margin: 0; font-size: 1.2rem; font-weight: 600; }
nav { margin: 1.25rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }

.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.25rem 2rem;
  align-items: start; }
.side > div { min-width: 0; }
figure { margin: 0 0 .5rem; }
figure.plot svg { display: block; width: 100%; height: auto; }
figure.plot text, figure.plot tspan { font-family: inherit; }
figure.plot { max-width: 38rem; margin: 0 auto 1rem; }
figure.plot figcaption { color: var(--ink); font-size: 1rem; font-weight: 600; margin: .25rem 0 .5rem; }

.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; overflow-wrap: normal; }
caption { text-align: left; padding-bottom: .35rem; }
th, td { padding: .3rem .5rem; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-weight: 600; font-size: .875rem; white-space: nowrap; }
tbody th { font-weight: 400; min-width: 5rem; overflow-wrap: anywhere; }
.matrix tbody th { white-space: nowrap; }
.n { text-align: right; white-space: nowrap; }
td small { margin-left: .5em; white-space: nowrap; }
tr.group th { color: var(--soft); font-size: .875rem; padding-top: .75rem; }
tr.kept > * { font-weight: 700; background: var(--wash); }
tr.total > * { font-weight: 600; }
table.facts th { color: var(--soft); white-space: nowrap; padding-right: 1.25rem; width: 1%; }
table.facts td { overflow-wrap: anywhere; }
table.matrix { width: auto; }
.matrix th, .matrix td { padding: .25rem .4rem; }
.matrix thead th.n { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: .4rem .25rem; }

.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 10.25rem), 1fr)); gap: 1rem;
  padding: 0; margin: 0; list-style: none; }
.mistakes figure { height: 100%; margin: 0; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
.mistakes img { display: block; width: 100%; height: auto; }
.mistakes figcaption { padding: .55rem .7rem .7rem; line-height: 1.4; color: var(--ink); }
.mistakes figcaption span { display: block; }
.mistakes .soft { font-size: .8rem; }

code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; }
pre code { font-size: inherit; }
pre { margin: .5rem 0; padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre-wrap; }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--blue); }
.note { padding: .6rem 1rem; background: var(--card); border-left: .25rem solid var(--vermilion); }
footer { margin-top: 3rem; color: var(--soft); font-size: .875rem; }

@media (max-width: 30rem) {
  td small { display: block; margin: 0; font-size: .92em; }
  table, thead th, tr.group th { font-size: min(.875rem, 3.4vw); }
  th, td { padding: .3rem .25rem; }
  .matrix th, .matrix td { padding: .25rem .15rem; }
  .matrix tbody th { padding-right: .4rem; }
  .mistakes { grid-template-columns: 1fr 1fr; gap: .75rem; }
  dl.tiles { grid-template-columns: 1fr 1fr; gap: .5rem; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --blue: #0072b2; --vermilion: #d55e00;
    --on-fill: #fff; --wash: #0072b21c; }
  @page { margin: 15mm; }
  html { font-size: 11px; }
  body { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, summary { display: none; }
  h2, h3 { break-after: avoid; }
  h2 { margin-top: 2rem; }
  td small { display: inline; }
  figure, tr, .hero, .note { break-inside: avoid; }
  .side { grid-template-columns: 1fr 1fr; }
  .side > div:only-child { grid-column: 1 / -1; }
  .mistakes { grid-template-columns: repeat(4, 1fr); }
  .scroll { overflow: visible; }
  a { color: inherit; text-decoration: none; }
}
)css";

}  // namespace cudenza
