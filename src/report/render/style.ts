import { declarations, POLICY_COLOURS } from '../palette.js';

/** The style sheet of a report. Colours are custom properties, which the charts use too, so that one rule makes it dark. */
export const STYLE = `
:root{color-scheme:light dark;${declarations('light')}}
@media (prefers-color-scheme:dark){:root{${declarations('dark')}}}
@media print{:root{${declarations('light')}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
a{color:var(--link);text-underline-offset:.18em;text-decoration-thickness:1px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-99in;top:0;background:var(--paper);padding:.5rem 1rem}
.skip:focus{left:0;z-index:1}
.page{max-width:48rem;margin:0 auto;padding:0 1rem 4rem}
header{padding:2.5rem 0 1.25rem}
.product{margin:0;color:var(--muted);font-size:.8125rem;letter-spacing:.08em;text-transform:uppercase}
h1{margin:.25rem 0 0;font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.015em;text-wrap:balance}
h2{margin:0 0 1rem;font-size:1.25rem;line-height:1.3;font-weight:650;letter-spacing:-.01em}
h3{margin:0;font-size:.9375rem;font-weight:600}
p{margin:0 0 .9rem;max-width:68ch}
section{padding:2rem 0 .5rem;border-top:1px solid var(--rule)}
nav ul{columns:2 9rem;column-gap:1.25rem;margin:0;padding:0 0 1.5rem;list-style:none;font-size:.875rem}
nav li{break-inside:avoid;line-height:1.35}
nav a{display:inline-block;padding:.3rem 0;text-decoration:none}
nav a:hover{text-decoration:underline}
.answers{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr));margin-bottom:1.5rem}
.answer{margin:0;padding:1.1rem 1.2rem 1rem;background:var(--panel);border-radius:8px;border-left:4px solid var(--muted)}
.answer.whole{grid-column:1/-1}
.answer.reliable{border-left-color:var(--good)}
.answer.caution{border-left-color:var(--caution)}
.answer.unreliable{border-left-color:var(--bad)}
.answer h3{display:flex;align-items:center;gap:.5rem;color:var(--ink)}
.number{margin:.1rem 0 0;font-size:2.1rem;line-height:1.2;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.detail{margin:0 0 .7rem;color:var(--muted);font-size:.875rem;font-variant-numeric:tabular-nums}
.verdict{display:inline-flex;align-items:center;gap:.4rem;margin:0 0 .6rem;font-size:.875rem;font-weight:600}
.reliable .verdict{color:var(--good)}
.caution .verdict{color:var(--caution)}
.unreliable .verdict{color:var(--bad)}
.verdict svg{width:1em;height:1em;flex:none}
.answer p:last-of-type{margin-bottom:.4rem;font-size:.9375rem}
.swatch{display:inline-block;width:.7rem;height:.7rem;border-radius:2px;flex:none;background:var(--colour)}
figure{margin:0 0 2rem}
figcaption{margin:0 0 .9rem;max-width:68ch;color:var(--muted);font-size:.9rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:0 0 .8rem;padding:0;list-style:none;font-size:.875rem}
.legend li{display:inline-flex;align-items:center;gap:.4rem}
.panels{display:grid;gap:1.25rem 1.5rem;grid-template-columns:minmax(0,1fr)}
.panel h3{margin-bottom:.25rem}
.panel svg{display:block;width:100%;height:auto}
.wide{display:none}
details{margin:.5rem 0 0;font-size:.875rem}
summary{cursor:pointer;color:var(--link);padding:.25rem 0;width:fit-content}
details ul{margin:.3rem 0 .5rem;padding-left:1.2rem}
details li{margin:.15rem 0}
.downloads{margin:.4rem 0 0;color:var(--muted);font-size:.8125rem}
.scroll{overflow-x:auto;margin:.4rem 0 0;max-width:100%;background:linear-gradient(90deg,transparent,var(--paper) 70%) 100% 0/3rem 100% no-repeat local,linear-gradient(90deg,transparent,var(--rule)) 100% 0/.75rem 100% no-repeat scroll}
table{border-collapse:collapse;font-size:.875rem;line-height:1.4;font-variant-numeric:tabular-nums}
caption{padding:0 0 .6rem;text-align:left;color:var(--muted);font-size:.9rem}
.caption{display:block;max-width:min(68ch,100vw - 2rem)}
th,td{padding:.35rem .75rem .35rem 0;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--rule);overflow-wrap:normal}
thead th{color:var(--muted);font-weight:500;white-space:nowrap}
tbody th{font-weight:500}
.n{text-align:right;white-space:nowrap}
td.hash{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.75rem}
.block{margin:0 0 2rem}
dl{display:grid;grid-template-columns:minmax(7rem,auto) minmax(0,1fr);gap:.25rem 1rem;margin:.5rem 0;font-size:.875rem}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
.sample{margin:0 0 1.1rem;padding:0 0 .6rem;border-bottom:1px solid var(--rule)}
.sample summary{font-size:.9375rem;font-weight:600;max-width:100%;width:auto}
.prompt{margin:.4rem 0 .8rem;white-space:pre-wrap}
.columns{display:grid;gap:1rem;grid-template-columns:minmax(0,1fr)}
.column h4{display:flex;align-items:center;gap:.45rem;margin:0 0 .35rem;font-size:.875rem;font-weight:600}
.column ol{margin:0;padding:0;list-style:none}
.column li{margin:0 0 .5rem;padding:.5rem .65rem;background:var(--panel);border-radius:6px;white-space:pre-wrap}
.note{display:block;color:var(--muted);font-size:.75rem}
footer{padding:1.5rem 0 0;border-top:1px solid var(--rule);color:var(--muted);font-size:.8125rem}
@media (min-width:40rem){
.two{grid-template-columns:repeat(2,minmax(0,1fr))}
.columns{grid-template-columns:repeat(auto-fit,minmax(13rem,1fr))}
.wide{display:block}
.wide+.small{display:none}
}
@media (min-width:72rem){
.page{display:grid;grid-template-columns:11rem minmax(0,48rem);gap:0 4rem;max-width:64rem}
header,main,footer{grid-column:2}
nav{grid-column:1;grid-row:1/4;align-self:start;position:sticky;top:0;max-height:100vh;overflow:auto;padding-top:2.6rem}
nav ul{columns:auto}
section:first-of-type{border-top:0;padding-top:.5rem}
}
${POLICY_COLOURS.map((_, i) => `.p${i}{--colour:var(--policy-${i})}`).join('\n')}
`;
