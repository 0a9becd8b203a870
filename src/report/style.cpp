#include "report/style.hpp"

namespace runhook::inline v1 {
namespace detail::report {

// Every text colour has a contrast of at least 4.5 with every background that it can have, in both colour schemes.
const std::string_view report_style = R"css(
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --text: #1c2128; --quiet: #57606a; --edge: #d8dde3; --grid: #e4e8ec;
  --blue: #0b5fad; --green: #1a7037; --amber: #8a5300; --red: #b3261e; --violet: #7a3fb3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1217; --card: #171c23; --text: #e6eaef; --quiet: #9eabb8; --edge: #303843; --grid: #262d36;
    --blue: #6db3f8; --green: #5fcf7d; --amber: #e0ad46; --red: #ff8a80; --violet: #c79bf2;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2rem) 2rem; max-width: 76rem;
  background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1, h2, h3, p, dl, dd, figure { margin: 0; }
h1 { font-size: clamp(1.3rem, 4vw, 1.75rem); line-height: 1.25; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.75rem; }
h3, h4 { font-size: 1rem; margin: 0; }
h3 + .charts { margin: 0.5rem 0 1.25rem; }
.charts + h3 { margin-top: 1.25rem; }
a { color: var(--blue); }
pre { margin: 0.25rem 0 0; font: 0.85rem/1.45 ui-monospace, monospace; white-space: pre-wrap; }
h1, h3, h4, b, code, td, th, dd, li, .message { unicode-bidi: isolate; }
header p, footer p, .note { color: var(--quiet); font-size: 0.9rem; }
h2 + .note { margin: -0.5rem 0 0.75rem; }
figure + .note, .charts + .note, .charts + details { margin-top: 0.5rem; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--edge); padding-top: 0.75rem; }
code, .message { font: 0.9em/1.45 ui-monospace, monospace; }
.message { white-space: pre-wrap; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 0.6rem; padding: 0.9rem 1rem; }

.outcome { --state: var(--quiet); margin-top: 1.25rem; border-left: 0.4rem solid var(--state); }
.completed { --state: var(--green); } .stopped { --state: var(--amber); } .end-of-input { --state: var(--green); }
.failed { --state: var(--red); } .running { --state: var(--blue); }
.outcome h2 { margin: 0; font-size: 0.85rem; font-weight: 600; color: var(--quiet); }
.sentence { font-size: clamp(1.1rem, 3.2vw, 1.35rem); line-height: 1.4; margin-top: 0.15rem; }
.sentence strong { color: var(--state); }
.sentence svg { width: 0.95em; height: 0.95em; vertical-align: -0.1em; margin-right: 0.35em; fill: var(--state); }
.pairs { display: grid; grid-template-columns: fit-content(40%) 1fr; gap: 0.25rem 1rem; margin-top: 0.75rem; }
.pairs dt { color: var(--quiet); }

.figures { display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fill, minmax(min(8.75rem, 100%), 1fr)); }
.figures div { padding: 0.7rem 0.8rem; }
.figures dt { color: var(--quiet); font-size: 0.85rem; }
.figures dd { font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }

.charts { display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); }
.charts > *, .figures > * { min-width: 0; }
@supports (grid-template-rows: subgrid) {
  .charts figure { display: grid; grid-row: span 3; grid-template-rows: subgrid; row-gap: 0; }
}
.charts figcaption { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; align-content: start; align-items: baseline; }
.charts figcaption p { grid-column: 1 / -1; color: var(--quiet); font-size: 0.85rem; }
.charts figcaption .now { grid-column: 2; text-align: right; color: var(--text); font-size: 1.15rem; font-weight: 600; }
.now span { color: var(--quiet); font-size: 0.85rem; font-weight: 400; }
.charts .several h3, .charts .several h4 { grid-column: 1 / -1; }
.charts figcaption .key { grid-column: 1; color: var(--text); }
.key::before {
  content: ""; display: inline-block; width: 1.75rem; margin-right: 0.5rem; vertical-align: 0.25em;
  border-top: 3px solid var(--line, var(--blue));
}
.key.l2::before { border-top-style: dashed; } .key.l3::before { border-top-style: dotted; }
.key.l4::before { border-top-style: double; }
.charts figcaption .bad, td.bad { color: var(--red); }
.plot { display: grid; grid-template: 11rem 1.4rem / auto 1fr; gap: 0 0.5rem; margin: 0.9rem 0.25rem 0.5rem 0; }
.wide .plot { grid-template-rows: 13rem 1.4rem; }
.plot svg { width: 100%; height: 100%; overflow: visible; border-bottom: 1px solid var(--quiet); }
.plot div { position: relative; color: var(--quiet); font-size: 0.8rem; font-variant-numeric: tabular-nums; }
.plot span { position: absolute; white-space: nowrap; }
.plot .y { text-align: right; overflow-wrap: normal; }
.plot .y span { right: 0; transform: translateY(-50%); line-height: 1; }
.plot i { visibility: hidden; font-style: normal; white-space: nowrap; }
.plot .x { grid-column: 2; }
.plot .x span { transform: translateX(-50%); top: 0.25rem; line-height: 1; }
.plot .x .first { transform: none; }
.plot .x .last { transform: translateX(-100%); }
.plot path { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.grid { stroke: var(--grid); stroke-width: 1px; }
.l2 { --line: var(--amber); } .l3 { --line: var(--violet); } .l4 { --line: var(--green); }
.line { stroke: var(--line, var(--blue)); stroke-width: 1.75px; }
.line.l2 { stroke-dasharray: 8 3; } .line.l3 { stroke-dasharray: 2 3; } .line.l4 { stroke-dasharray: 8 3 2 3; }
.m0 { --mark: var(--violet); } .m1 { --mark: var(--red); } .m2 { --mark: var(--amber); } .m3 { --mark: var(--green); }
b[class] { color: var(--mark); }
.plot .mark { stroke: var(--mark); stroke-width: 1.5px; fill: var(--mark); fill-opacity: 0.3; }
.mark.m1 { stroke-dasharray: 6 3; } .mark.m2 { stroke-dasharray: 2 3; } .mark.m3 { stroke-dasharray: 1 6; }
.dot { stroke: var(--line, var(--blue)); stroke-width: 6px; stroke-linecap: round; }
.odd { stroke: var(--red); stroke-width: 1.5px; stroke-dasharray: 2 4; }
.plot .bars { fill: var(--blue); }
.halo { stroke: var(--card); stroke-width: 4px; }
.p50 { --mark: var(--green); } .p90 { --mark: var(--amber); } .p99 { --mark: var(--red); }
.plot .p50, .plot .p90, .plot .p99 { stroke: var(--mark); stroke-width: 2px; }
.plot .p90 { stroke-dasharray: 7 4; } .plot .p99 { stroke-dasharray: 2 4; }
.keys { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; }
.keys dt { color: var(--quiet); font-size: 0.85rem; }
.keys dd { font-weight: 600; font-variant-numeric: tabular-nums; }
.keys [class] { border-left: 3px solid var(--mark); padding-left: 0.5rem; }
.keys .p90, .keys .m1 { border-left-style: dashed; } .keys .p99, .keys .m2 { border-left-style: dotted; }
.keys .m3 { border-left-style: double; }

details { font-size: 0.9rem; }
summary { cursor: pointer; color: var(--blue); padding: 0.3rem 0; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; border-radius: 2px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); font-size: 0.85rem; padding-bottom: 0.35rem; }
th, td { text-align: right; padding: 0.3rem 0 0.3rem 0.9rem; border-bottom: 1px solid var(--edge); vertical-align: top; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--quiet); font-weight: 600; font-size: 0.85rem; vertical-align: bottom; }
tbody th { font-weight: 400; }
tbody tr:last-child > * { border-bottom: 0; }
td, thead th, .names th { white-space: nowrap; }
.names th:first-child { white-space: normal; min-width: 7rem; }
.marks tr > :nth-child(2) { text-align: left; }
.marks td:nth-child(2) { white-space: normal; min-width: 14rem; width: 100%; }
.marks th { white-space: nowrap; }
.scroll { overflow-x: auto; }
.tall { max-height: 25rem; overflow-y: auto; }
.tall thead th { position: sticky; top: -0.9rem; background: var(--card); }
figure + .tall { margin-top: 0.75rem; }
.bar { display: block; height: 0.4rem; margin-top: 0.25rem; border-radius: 0.2rem; background: var(--grid); }
.bar i { display: block; height: 100%; border-radius: inherit; background: var(--blue); min-width: 2px; }
.shares { display: flex; height: 1.25rem; border-radius: 0.3rem; overflow: hidden; background: var(--grid); margin: 0.6rem 0; }
.shares i { display: block; background: var(--blue); }
.shares .hooks { background: var(--violet); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin-bottom: 0.75rem; list-style: none; padding: 0; }
.legend li::before {
  content: ""; display: inline-block; width: 0.75rem; height: 0.75rem; margin-right: 0.4rem; border-radius: 0.15rem;
  background: var(--key); border: 1px solid var(--quiet);
}
.errors, .files { padding-left: 1.1rem; margin: 0.5rem 0 0; }
.files { margin: 0; }
.errors li { margin-top: 0.6rem; }
.where { color: var(--quiet); font-size: 0.9rem; }
.code { font-weight: 600; }
@media (max-width: 40rem) {
  td .where { display: block; }
  .pairs { display: block; }
  .pairs dd { margin-bottom: 0.5rem; }
}
@media (max-width: 26rem) {
  .charts .x span:nth-child(even), .speed .x span:nth-child(even), .edges .x span:nth-child(3) { display: none; }
}
@media (forced-colors: active) {
  .bar i, .shares i, .legend li::before { forced-color-adjust: none; }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --text: #000; --quiet: #444; --edge: #bbb; --grid: #ddd;
    --blue: #0b5fad; --green: #1a7037; --amber: #8a5300; --red: #b3261e; --violet: #7a3fb3;
  }
  body { padding: 0; font-size: 10pt; }
  figure, .outcome, .figures div, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  details { display: none; }
  .tall { max-height: none; overflow: visible; }
  .tall thead th { position: static; }
  .bar, .shares, .outcome { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace detail::report
}  // namespace runhook::inline v1
