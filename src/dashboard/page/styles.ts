/** Every colour of text has 4.5:1 on its ground in both schemes, every mark 3:1. What a colour says, a word or a place says too. */
export const styles = /* css */ `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --ink: #1b1f24; --faint: #5b6470; --line: #d5dae1; --lane: #eef1f5;
  --held: #1d5fd6; --skip: #b45309; --lost: #b91c1c; --unprotected: #7e22ce; --free: #15803d; --heat: 29 95 214;
  --c0: #2f6fde; --c1: #0d8573; --c2: #8b5cf6; --c3: #a43fc4; --c4: #c2417c; --c5: #4d7c0f; --c6: #0e7fa8; --c7: #7d6258; --c8: #6b6f2a; --c9: #64748b; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #101418; --card: #191f26; --ink: #e6eaef; --faint: #9aa5b1; --line: #303943; --lane: #1d242c;
    --held: #60a5fa; --skip: #f59e0b; --lost: #f87171; --unprotected: #c084fc; --free: #4ade80; --heat: 96 165 250;
    --c0: #5b9bf8; --c1: #2dbfa6; --c2: #a78bfa; --c3: #d68bea; --c4: #f07fb0; --c5: #93c34a; --c6: #45b8dc; --c7: #bfa79d; --c8: #b4b95a; --c9: #94a3b8; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; max-width: 90rem; padding: 0 1rem 3rem; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
bdi { overflow-wrap: anywhere; }
a { color: var(--held); }
header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem; }
body > header { border-bottom: 1px solid var(--line); margin-bottom: .25rem; } #place { font-weight: 600; } #connection { margin-inline-start: auto; }
h1 { font-size: 1.4rem; margin: 1rem 0 .5rem; } h2 { font-size: 1.1rem; margin: 1.25rem 0 .5rem; } h3 { font-size: 1rem; margin: 0; } #job h3 { margin: 1rem 0 .25rem; }
p, ul, ol, dl, dd { margin: 0; padding: 0; } ul, .line { list-style: none; }
#connection, .faint { color: var(--faint); font-size: .87rem; }
#problems li, .starving-jobs li { border-inline-start: 4px solid var(--lost); background: var(--card); padding: .5rem .75rem; margin-top: .5rem; }
.cards { display: grid; align-items: start; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: .75rem; margin-top: .5rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .75rem; min-width: 0; display: flex; flex-direction: column; gap: .35rem; font-size: .93rem; }
.card header { flex-wrap: nowrap; }
.state { font-size: .8rem; font-weight: 600; white-space: nowrap; color: var(--faint); }
.state.held { color: var(--held); } .state.unknown, .starving { color: var(--lost); }
.card li + li { margin-top: .35rem; } .line { color: var(--faint); } .line a { color: var(--held); }
.range { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .35rem; align-items: center; background: var(--ground); padding: .5rem 0; margin-top: .75rem; }
.range button { min-width: 2.75rem; padding: .25rem .6rem; } .range button[aria-pressed=true] { background: var(--held); color: var(--ground); border-color: var(--held); }
.range #shown { margin-inline-start: .5rem; }
#frame { position: relative; }
.lanes { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; }
.lane { display: grid; grid-template-columns: minmax(6rem, 13rem) minmax(0, 1fr); gap: .75rem; align-items: center; padding: 1px 0; }
.lane-name { display: flex; justify-content: space-between; align-items: baseline; gap: .5rem; font-size: .87rem; line-height: 1.2; min-width: 0; }
.lane svg { display: block; width: 100%; height: 30px; background: var(--lane); border-radius: .2rem; touch-action: pan-y; cursor: crosshair; }
.lane.axis svg { height: 20px; background: none; overflow: visible; } .axis text { fill: var(--faint); font-size: 11px; } .axis .tick { stroke: var(--faint); }
.lane svg.bars { height: 72px; cursor: auto; } .lane:has(.bars) { margin-top: .5rem; }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); } .c4 { fill: var(--c4); }
.c5 { fill: var(--c5); } .c6 { fill: var(--c6); } .c7 { fill: var(--c7); } .c8 { fill: var(--c8); } .c9 { fill: var(--c9); }
svg .lost, svg .conflict { fill: var(--lost); } svg .unprotected { fill: var(--unprotected); } svg .skip { fill: var(--skip); } svg .ahead { opacity: .4; } svg .edge { fill: var(--faint); }
.swatch { width: .75rem; height: .75rem; margin-inline-end: .35rem; flex-shrink: 0; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin-bottom: .35rem; }
.legend > span { display: inline-flex; align-items: center; } .legend svg:not(.swatch) { width: 1rem; height: 1.4rem; margin-inline-end: .35rem; flex-shrink: 0; }
#chosen { position: absolute; top: 0; bottom: 0; background: rgb(var(--heat) / .18); border-inline: 2px solid var(--held); pointer-events: none; }
#tip { position: fixed; z-index: 3; max-width: min(28rem, 92vw); background: var(--card); border: 1px solid var(--faint); border-radius: .35rem; padding: .35rem .6rem; font-size: .87rem; pointer-events: none; box-shadow: 0 2px 8px rgb(0 0 0 / .25); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
details { margin-top: .5rem; } summary { cursor: pointer; color: var(--faint); font-size: .87rem; min-height: 1.75rem; } .names { font-size: .87rem; }
.columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 1.5rem; }
#advice ol { padding-inline-start: 1.25rem; } #advice li + li { margin-top: .5rem; }
.scroll { overflow-x: auto; } .matrix td { text-align: end; font-variant-numeric: tabular-nums; font-size: .87rem; } .matrix { width: auto; min-width: 50%; } .matrix :is(th, td) { min-width: 5.5rem; max-width: 12rem; } .matrix tbody th { min-width: 8rem; } .matrix bdi { overflow-wrap: break-word; }
.heat1 { background: rgb(var(--heat) / .07); } .heat2 { background: rgb(var(--heat) / .13); } .heat3 { background: rgb(var(--heat) / .19); } .heat4 { background: rgb(var(--heat) / .25); }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.2rem, max-content)); gap: .25rem 1.5rem; margin-bottom: .75rem; }
.numbers dt { color: var(--faint); font-size: .8rem; } .numbers dd { font-variant-numeric: tabular-nums; font-size: 1.1rem; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); }
th, td { text-align: start; vertical-align: top; padding: .4rem .6rem; border-top: 1px solid var(--line); }
th { font-weight: 600; } thead th { color: var(--faint); font-size: .8rem; } td, tbody th { min-width: 6rem; } td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--faint); border-radius: .35rem; padding: .4rem .8rem; min-height: 2.25rem; }
button { cursor: pointer; } .danger { color: var(--lost); border-color: var(--lost); } .card button { align-self: start; }
:focus-visible { outline: 3px solid var(--held); outline-offset: 2px; } h1:focus-visible, h2:focus-visible { outline: none; }
dialog { width: min(32rem, 92vw); border: 1px solid var(--line); border-radius: .5rem; background: var(--card); color: inherit; }
dialog::backdrop { background: rgb(0 0 0 / .5); } dialog p { margin-top: .75rem; } dialog h2 { margin-top: 0; }
menu { display: flex; flex-wrap: wrap; gap: .75rem; justify-content: end; padding: 0; margin: 1rem 0 0; }
.login form { display: grid; gap: .75rem; max-width: 22rem; } .login p { color: var(--lost); }
@media (max-width: 640px) {
  .lane { grid-template-columns: minmax(0, 1fr); gap: .1rem; padding: .2rem 0; } .columns { grid-template-columns: minmax(0, 1fr); }
  table:not(.matrix) thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  table:not(.matrix) tr { display: block; padding: .6rem; border-top: 1px solid var(--line); } table:not(.matrix) :is(th, td) { display: block; border: 0; padding: .1rem 0; }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--faint); font-size: .8rem; }
}
`;
