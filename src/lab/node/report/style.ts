/** The page's own style: light and dark, on screens and on paper; one language at a time. */
export const pageStyle = `
:root { color-scheme: light dark; --text: light-dark(#1c1e21, #e8eaed); --quiet: light-dark(#5f6670, #9aa3ad); --line: light-dark(#d9dde2, #3a4048); --page: light-dark(#fff, #16181b); --panel: light-dark(#f6f7f9, #1f2226); --accent: light-dark(#1769aa, #7dbdf0); }
:root[data-theme=light] { color-scheme: light; } :root[data-theme=dark] { color-scheme: dark; }
:root:not([lang^=zh]) [lang=zh], :root[lang^=zh] [lang=en] { display: none; }
body { margin: 1.5rem auto 4rem; max-width: 62rem; padding: 0 1.25rem; background: var(--page); color: var(--text); font: 16px/1.6 system-ui, -apple-system, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
header { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; }
h1 { font-size: 1.7rem; margin: .5rem 0 .25rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin-top: 2.4rem; scroll-margin-top: 1rem; }
p.lead { font-size: 1.08rem; margin: .5rem 0; } .note, figcaption { color: var(--quiet); font-size: .9rem; }
nav { margin: 1rem 0; padding: .6rem 0; border-block: 1px solid var(--line); font-size: .92rem; } nav a { margin-right: 1.1rem; color: var(--accent); text-decoration: none; white-space: nowrap; } nav a:hover { text-decoration: underline; }
figure { margin: 1rem 0; padding: 1rem 1rem .6rem; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
.picture { overflow-x: auto; } .picture > svg { display: block; width: 100%; height: auto; --plot-background: var(--panel); } .picture.whole > svg { width: auto; max-width: none; } .picture.whole { max-height: 46rem; overflow: auto; }
figcaption { display: flex; gap: 1rem; justify-content: space-between; align-items: baseline; margin-top: .5rem; }
button { font: inherit; font-size: .8rem; color: var(--quiet); background: none; border: 1px solid var(--line); border-radius: 5px; padding: .1rem .5rem; cursor: pointer; } button:hover { color: var(--text); border-color: var(--quiet); } .saves, .switches { white-space: nowrap; } .saves button, .switches button { margin-left: .3rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; width: 100%; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; } th { font-weight: 600; } td:first-child { white-space: nowrap; } .right { text-align: right; } td.right { white-space: nowrap; }
.pictures { display: grid; gap: .8rem; justify-content: start; } .pictures div { font-size: .82rem; line-height: 1.35; color: var(--quiet); text-align: center; } .pictures img { display: block; image-rendering: pixelated; margin: 0 auto .25rem; border-radius: 3px; } .pictures.smooth img { image-rendering: auto; } .pictures.smooth div { overflow-wrap: anywhere; } .good { color: #12a577 !important; } .bad { color: #d9542b !important; }
#tip { position: fixed; z-index: 9; pointer-events: none; max-width: 26rem; padding: .25rem .55rem; border-radius: 5px; background: light-dark(#1c1e21, #f0f2f4); color: light-dark(#fff, #16181b); font-size: .85rem; } #tip[hidden] { display: none; }
dt { font-weight: 600; float: left; clear: left; margin-right: .5rem; } dd { margin: 0 0 .35rem; }
.architecture { --ink: var(--text); font: 12px system-ui, sans-serif; } .architecture text { fill: var(--text); } .architecture .q { fill: var(--quiet); font-size: 11px; } .architecture .t { font-size: 16px; font-weight: 600; } .architecture .p { fill: var(--panel); } .architecture .b { fill: var(--page); stroke: var(--quiet); } .architecture .w { stroke: var(--quiet); fill: none; stroke-width: 1.5; }
@media screen and (max-width: 44rem) { .picture:not(.whole) > svg { min-width: 40rem; } td:not(.right):not(:first-child) { min-width: 9rem; } figcaption, header { flex-wrap: wrap; } .pictures { display: flex; flex-wrap: wrap; } .pictures img { max-width: 100%; height: auto; } }
@media print { :root, :root[data-theme] { color-scheme: light; } body { margin: 0; max-width: none; font-size: 11pt; } figure { break-inside: avoid; background: none; border-color: #ccc; } h2 { break-after: avoid; } .picture.whole { max-height: none; overflow: visible; } .picture.whole > svg { max-width: 100%; height: auto; } button, nav, #tip { display: none; } * { print-color-adjust: exact; } }
`;
