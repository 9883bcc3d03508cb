/** Every colour has 4.5:1 on its ground in both schemes. What a colour says, a word or a shape says too. */
export const styles = /* css */ `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --ink: #1b1f24; --faint: #5b6470; --line: #d5dae1;
  --held: #2563eb; --skip: #b45309; --lost: #b91c1c; --unprotected: #7e22ce; --free: #15803d; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #101418; --card: #191f26; --ink: #e6eaef; --faint: #9aa5b1; --line: #303943;
    --held: #60a5fa; --skip: #f59e0b; --lost: #f87171; --unprotected: #c084fc; --free: #4ade80; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 3rem; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
bdi { overflow-wrap: anywhere; }
header { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; }
h1 { font-size: 1.4rem; margin: 1rem 0 .5rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; } h3 { font-size: 1rem; margin: 0; }
p, ul, ol, dl, dd { margin: 0; padding: 0; } ul, ol { list-style: none; }
#connection, .faint { color: var(--faint); font-size: .87rem; }
#problems li { border-left: 4px solid var(--lost); background: var(--card); padding: .5rem .75rem; margin-top: .5rem; }
.cards { display: grid; align-items: start; grid-template-columns: repeat(auto-fill, minmax(min(100%, 23rem), 1fr)); gap: .75rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; min-width: 0; display: flex; flex-direction: column; gap: .5rem; }
.card header { align-items: start; }
.state { font-size: .8rem; font-weight: 600; white-space: nowrap; color: var(--faint); }
.state.held { color: var(--held); } .state.free { color: var(--free); } .state.unknown, .starving { color: var(--lost); }
.card li + li { margin-top: .35rem; }
svg { display: block; width: 100%; height: 30px; background: var(--ground); border-radius: .25rem; }
svg .held { fill: var(--held); } svg .lost { fill: var(--lost); } svg .unprotected { fill: var(--unprotected); }
svg .skip { fill: var(--skip); } svg .conflict { fill: var(--lost); } svg .quarter { fill: var(--line); }
.axis { display: flex; justify-content: space-between; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.2rem, 1fr)); gap: .25rem .75rem; }
.numbers dt { color: var(--faint); font-size: .78rem; } .numbers dd { font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-bottom: .5rem; }
.legend svg { width: 1rem; height: 1.5rem; display: inline-block; vertical-align: middle; margin-right: .3rem; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); }
th, td { text-align: start; vertical-align: top; padding: .5rem .6rem; border-top: 1px solid var(--line); }
th { font-weight: 600; } thead th { color: var(--faint); font-size: .8rem; } td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--faint); border-radius: .35rem; padding: .4rem .8rem; min-height: 2.5rem; }
button { cursor: pointer; } .danger { color: var(--lost); border-color: var(--lost); } .card button { align-self: start; }
:focus-visible { outline: 3px solid var(--held); outline-offset: 2px; }
dialog { width: min(32rem, 92vw); border: 1px solid var(--line); border-radius: .5rem; background: var(--card); color: inherit; }
dialog::backdrop { background: rgb(0 0 0 / .5); } dialog p { margin-top: .75rem; } dialog h2 { margin-top: 0; }
menu { display: flex; flex-wrap: wrap; gap: .75rem; justify-content: end; padding: 0; margin: 1rem 0 0; }
.login form { display: grid; gap: .75rem; max-width: 22rem; } .login p { color: var(--lost); }
@media (max-width: 640px) {
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  tr { display: block; padding: .6rem; border-top: 1px solid var(--line); } th, td { display: block; border: 0; padding: .1rem 0; }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--faint); font-size: .8rem; }
}
`;
